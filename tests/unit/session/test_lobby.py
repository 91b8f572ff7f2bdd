"""Who is online, as the user knows them."""

from wzp_core.ports import Contact
from wzp_core.protocol.ids import fingerprint_text
from wzp_core.protocol.signal.presence import PresenceUser
from wzp_core.session.lobby import changed_key, person, present, shown_alias

ME, A, B = (fingerprint_text(bytes([n]) * 16) for n in (1, 2, 3))


def test_everyone_but_me_is_present_once() -> None:
    users = [PresenceUser(fingerprint=f, alias=n) for f, n in ((ME, "me"), (A, "a"), (A, "a2"), (B, None))]
    assert [(p.fingerprint, p.alias) for p in present(users, ME, {})] == [(A, "a2"), (B, "")]


def test_nonsense_fingerprints_are_left_out() -> None:
    assert present([PresenceUser(fingerprint="zz", alias="x")], ME, {}) == ()


def test_an_alias_is_one_line_of_printable_text() -> None:
    assert shown_alias("a\nb\x00\u202ec" + "x" * 100) == "abc" + "x" * 61
    assert shown_alias(None) == ""


def test_a_known_name_with_another_key_is_asked_about() -> None:
    contacts = {A: Contact(fingerprint=A, alias="Ann", verified=True)}
    question = changed_key(person(B, "ann", contacts), contacts)
    assert question is not None
    assert (question.old, question.new, question.verified_before) == (A, B, True)


def test_a_contact_under_its_own_key_is_never_asked_about() -> None:
    contacts = {A: Contact(fingerprint=A, alias="Ann"), B: Contact(fingerprint=B, alias="Ann")}
    assert changed_key(person(B, "Ann", contacts), contacts) is None
    assert changed_key(person(ME, "", contacts), contacts) is None


def test_somebody_on_a_linked_relay_is_shown_with_its_name() -> None:
    there, here = present([PresenceUser(fingerprint=A, relay_label="Relay\nB"), PresenceUser(fingerprint=B)], ME, {})
    assert (there.relay_label, here.relay_label) == ("RelayB", "")
