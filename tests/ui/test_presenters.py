"""Screen data out of states: names, pictures, times, colours, relays, lists."""

from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ui_states import ACTIVE, CHOOSING, HAWK, INCOMING, LOBBY, LOBBY_FAILED, ME, NOW, READING, ROOM, WORDS, fp, in_call

from wzp_core.errors import ErrorCode
from wzp_core.session.state import Badge, CallStage, Person, RelayPhase, SasStage, SasView
from wzp_core.settings.schema import RelayEntry, RelaySettings, Settings
from wzp_desktop.models.people import person_face
from wzp_desktop.presenters.announcement import announcement
from wzp_desktop.presenters.fingerprints import dial_hint, typed_fingerprint
from wzp_desktop.presenters.identicon import identicon
from wzp_desktop.presenters.incoming import incoming_screen
from wzp_desktop.presenters.lobby import lobby_screen, people_rows
from wzp_desktop.presenters.moments import duration_text, moment_text
from wzp_desktop.presenters.names import shown_name
from wzp_desktop.presenters.palette import DARK, LIGHT, Palette, contrast
from wzp_desktop.presenters.relays import relay_panel, typed_address, with_relay, without_relay
from wzp_desktop.presenters.room import RosterGroup, RosterMember, room_screen
from wzp_desktop.presenters.settings import backup_hint, is_backup, numbered
from wzp_desktop.presenters.verification import SasMode, heard_right, sas_panel
from wzp_desktop.presenters.words import ERROR

UTC = UTC
TEXT_PAIRS = [
    ("text", "window"), ("text", "surface"), ("text", "raised"), ("text", "accent_soft"),
    ("muted", "window"), ("muted", "surface"), ("muted", "raised"), ("muted", "accent_soft"),
    ("on_accent", "accent_fill"), ("on_accent", "accent_strong"),
    ("on_danger", "danger_fill"), ("on_danger", "danger_strong"),
    ("accent", "surface"), ("accent", "accent_soft"),
    ("good", "surface"), ("good", "good_soft"),
    ("warning", "surface"), ("warning", "warning_soft"),
    ("danger", "surface"), ("danger", "danger_soft"), ("danger", "window"),
]  # fmt: skip
SHAPE_PAIRS = [("outline", "surface"), ("outline", "window"), ("accent", "window"), ("accent", "raised"),
               ("accent_fill", "surface"), ("danger_fill", "surface")]  # fmt: skip


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), TEXT_PAIRS)
def test_text_stands_out_from_its_ground(palette: Palette, front: str, ground: str) -> None:
    assert contrast(getattr(palette, front), getattr(palette, ground)) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), SHAPE_PAIRS)
def test_borders_and_focus_stand_out_from_their_ground(palette: Palette, front: str, ground: str) -> None:
    assert contrast(getattr(palette, front), getattr(palette, ground)) >= 3.0


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_name_cannot_hide_or_turn_its_letters() -> None:
    assert shown_name("a\u202eb\u200b\nc", fp(1)) == "ab c"
    assert shown_name("\u200b\u202e", fp(1)) == fp(1)[:16]
    assert len(shown_name("x" * 500, fp(1))) == 48


def test_the_identicon_follows_its_specification() -> None:
    picture = identicon("0000:ff00:0000:0000:0000:0000:0000:0000")
    assert picture.background == (147, 31, 31)  # hue 0, 65 %, 35 %
    assert picture.foreground == (60, 221, 60)  # hue 120, 70 %, 55 %
    assert picture.cells[0] == (True, False, False, False, True)
    assert not any(any(row) for row in picture.cells[1:])


@given(st.text())
def test_every_text_has_a_mirrored_identicon(text: str) -> None:
    assert all(row == row[::-1] and len(row) == 5 for row in identicon(text).cells)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.9, "0:07"), (754, "12:34"), (3723, "1:02:03"), (-5, "0:00")]
)
def test_durations_read_like_a_clock(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_moments_of_today_need_no_date() -> None:
    assert moment_text(NOW - 60, NOW, UTC) == "07:59"
    assert moment_text(NOW - 86_400, NOW, UTC) == "Yesterday 08:00"
    assert moment_text(NOW - 10 * 86_400, NOW, UTC) == "5 Jan 08:00"


@pytest.mark.parametrize("form", ["{}", "  {}\n", "wzp:{}", "WZP://{}/", "{0}".upper()])
def test_a_fingerprint_may_be_pasted_in_any_form(form: str) -> None:
    wanted = fp(3)
    for written in (
        wanted,
        wanted.upper(),
        wanted.replace(":", ""),
        wanted.replace(":", " "),
        wanted.replace(":", "-"),
    ):
        assert typed_fingerprint(form.format(written)) == wanted


@pytest.mark.parametrize("text", ["", "hello", fp(3)[:-1], fp(3) + "0", fp(3)[:-1] + "g"])
def test_what_is_no_fingerprint_is_not_dialled(text: str) -> None:
    assert typed_fingerprint(text) is None


def test_the_dial_field_says_what_is_wrong() -> None:
    assert dial_hint("", ME.fingerprint) == ""
    assert dial_hint(fp(3), ME.fingerprint) == ""
    assert "32 digits" in dial_hint("abc", ME.fingerprint)
    assert "your own" in dial_hint(ME.fingerprint, ME.fingerprint)


@pytest.mark.parametrize(
    ("typed", "address"),
    [("relay.example.org", "relay.example.org:4433"), (" 192.0.2.1:5000 ", "192.0.2.1:5000"),
     ("[2001:db8::1]:1", "[2001:db8::1]:1"), ("2001:db8::1", "[2001:db8::1]:4433"),
     ("", None), ("a b:1", None), ("host:0", None), ("host:x", None), ("u@h", None)],
)  # fmt: skip
def test_a_relay_address_is_completed_or_refused(typed: str, address: str | None) -> None:
    assert typed_address(typed) == address


def test_people_are_sorted_by_name_and_told_apart_by_fingerprint() -> None:
    twins = (Person(fingerprint=fp(8), alias="fox"), Person(fingerprint=fp(3), alias="Fox"), HAWK)
    rows = people_rows(twins)
    assert [row.name.lower() for row in rows] == ["fox", "fox", "swift hawk"]
    assert rows[0].fingerprint < rows[1].fingerprint
    assert "verified" in rows[2].spoken


def test_somebody_on_another_relay_is_said_to_be_there() -> None:
    (row,) = people_rows((replace(HAWK, relay_label="Relay B"),))
    assert "on Relay B" in row.spoken
    assert person_face(row).subtitle == f"{HAWK.fingerprint}  Relay B"


def test_nobody_can_be_called_without_a_relay() -> None:
    assert lobby_screen(LOBBY, NOW).can_call
    assert not lobby_screen(
        replace(LOBBY, relay=replace(LOBBY.relay, phase=type(LOBBY.relay.phase).FAILED)), NOW
    ).can_call


def test_recent_contacts_are_different_people() -> None:
    recent = lobby_screen(LOBBY, NOW).recent
    assert [contact.name for contact in recent] == ["Swift Hawk", "Silent Fox", "Solar Puma", "Neon Crow"]


def test_a_nearby_relay_is_offered_until_it_is_in_use() -> None:
    assert [choice.label for choice in relay_panel(LOBBY).nearby] == ["Anna's laptop"]
    used = replace(LOBBY, settings=with_relay(LOBBY.settings, "Anna's laptop", "10.0.0.12:4433"))
    assert relay_panel(used).nearby == ()
    assert relay_panel(used).choices[relay_panel(used).selected].address == "10.0.0.12:4433"


def test_adding_a_known_relay_again_changes_only_what_was_given() -> None:
    renamed = with_relay(LOBBY.settings, "Office", "192.0.2.7:4433")
    assert [relay.name for relay in renamed.relay.relays] == ["Home", "Office"]
    with_token = with_relay(renamed, "", "192.0.2.7:4433", "secret")
    entry = with_token.relay.entry("192.0.2.7:4433")
    assert (entry.name, entry.token, with_token.relay.selected) == ("Office", "secret", entry.address)


def test_a_relay_that_is_tried_again_and_again_says_why() -> None:
    trying = replace(LOBBY_FAILED.relay, phase=RelayPhase.RECONNECTING)
    detail = relay_panel(replace(LOBBY_FAILED, relay=trying)).detail
    assert detail.startswith(ERROR[ErrorCode.UNREACHABLE])
    assert detail.endswith("Trying again…")


def test_removing_the_selected_relay_lets_the_program_choose() -> None:
    entry = RelayEntry(name="A", address="a:1")
    settings = Settings(relay=RelaySettings(relays=(entry,), selected="a:1"))
    assert without_relay(settings, "a:1").relay == RelaySettings()
    assert with_relay(settings, "", "a:1") == settings


def test_an_unprotected_offer_is_labelled_as_such() -> None:
    screen = incoming_screen(LOBBY, replace(INCOMING, protected_offer=False))
    assert screen.answer == "Answer unprotected"
    assert "could listen" in screen.warning
    assert incoming_screen(LOBBY, INCOMING).warning == ""


def test_an_unprotected_call_cannot_be_answered_outside_the_window() -> None:
    told = announcement(in_call(replace(INCOMING, protected_offer=False)))
    assert told is not None
    assert not told.answerable
    assert announcement(in_call(ACTIVE)) is None


@pytest.mark.parametrize(
    ("sas", "badge", "mode"),
    [(SasView(stage=SasStage.EXCHANGING), Badge.ENCRYPTED, SasMode.WAIT), (READING.sas, Badge.ENCRYPTED, SasMode.READ),
     (CHOOSING.sas, Badge.ENCRYPTED, SasMode.CHOOSE), (SasView(stage=SasStage.CONFIRMED), Badge.VERIFIED, SasMode.DONE),
     (SasView(stage=SasStage.FAILED), Badge.ENCRYPTED, SasMode.FAILED), (SasView(), Badge.ENCRYPTED, SasMode.NONE),
     (SasView(), Badge.RELAY_ONLY, SasMode.HIDDEN)],
)  # fmt: skip
def test_the_code_panel_follows_the_exchange(sas: SasView, badge: Badge, mode: SasMode) -> None:
    assert sas_panel(replace(ACTIVE, sas=sas, badge=badge)).mode is mode
    assert sas_panel(replace(ACTIVE, sas=sas, badge=badge, stage=CallStage.RINGING)).mode is SasMode.HIDDEN


def test_the_choosing_side_is_never_shown_which_code_is_right() -> None:
    panel = sas_panel(CHOOSING)
    assert panel.code == ""
    assert [choice for choice in panel.choices if heard_right(CHOOSING.sas, choice)] == [CHOOSING.sas.code]


def test_a_room_is_listed_by_relay_with_ours_first() -> None:
    assert ROOM.room is not None
    rows = room_screen(ROOM, ROOM.room).rows
    names = [row.label if isinstance(row, RosterGroup) else row.name for row in rows]
    assert names == ["This relay", "Lunar Otter", "Guest", "Swift Hawk", "Berlin", "Solar Puma"]
    assert [row.name for row in rows if isinstance(row, RosterMember) and row.me] == ["Lunar Otter"]
    assert room_screen(ROOM, ROOM.room).badge.text == "To the relay only"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("", ""),
        ("aban", "1 of 24 words"),
        ("abandn ability", "Not among the backup words: abandn (number 1)"),
        (WORDS.rsplit(" ", 1)[0] + " zoo", "One of the words is wrong, or two have changed places."),
        (WORDS.rsplit(" ", 1)[0] + " zo", "Not among the backup words: zo (number 24)"),
        (WORDS + " zoo", "25 of 24 words"),
        ("0f" * 31, "62 of 64 digits"),
        ("0F" * 32, ""),
        (WORDS, ""),
    ],
)
def test_what_is_wrong_with_backup_words_is_told_while_they_are_typed(typed: str, hint: str) -> None:
    assert backup_hint(typed)[: len(hint) or None] == hint
    assert is_backup(typed) == (typed in (WORDS, "0F" * 32))


def test_backup_words_stand_in_numbered_columns() -> None:
    assert numbered(("a", "b", "c"), columns=2) == " 1 a          3 c\n 2 b"
