"""Names as people have them: very long, from right to left, with emoji."""

from dataclasses import replace

import pytest
from PySide6.QtGui import QTextLayout
from PySide6.QtWidgets import QLabel
from ui_states import ACTIVE, FOX, LOBBY, ME, in_call

from wzp_core.session.state import ContactKeyChanged, Volume
from wzp_desktop.presenters.names import in_sentence
from wzp_desktop.presenters.trust import trust_screen
from wzp_desktop.presenters.volume import volume_line

ARABIC, HEBREW, EMOJI = "محمد عبد الرحمن", "אברהם בן־דוד", "🦊 Foxy 🇦🇶"


@pytest.fixture
def desk(rested_desk):
    return rested_desk


def ink_begins_at(label: QLabel) -> float:
    """Where its text begins, as a part of the label's width."""
    picture = label.grab().toImage()
    ground = picture.pixel(0, 0)
    columns = range(picture.width())
    first = next(x for x in columns if any(picture.pixel(x, y) != ground for y in range(picture.height())))
    return first / picture.width()


@pytest.mark.parametrize("name", [ARABIC, HEBREW, "Lunar Otter"])
def test_a_name_stands_at_the_left_like_all_others_in_whichever_script(desk, name: str) -> None:
    desk.window.resize(1000, 700)
    desk.show(replace(LOBBY, me=replace(ME, alias=name)))
    (label,) = [each for each in desk.window.findChildren(QLabel) if each.isVisible() and each.text() == name]
    assert ink_begins_at(label) < 0.1


@pytest.mark.parametrize("name", [ARABIC, HEBREW])
def test_a_name_from_right_to_left_does_not_turn_our_sentence_round(name: str) -> None:
    assert _is_right_to_left(f"{name} is calling"), "without care it would"
    for sentence in (
        trust_screen(
            ContactKeyChanged(alias=name, old=FOX.fingerprint, new=ME.fingerprint, verified_before=False)
        ).title,
        f"{in_sentence(name)} is calling",
    ):
        assert not _is_right_to_left(sentence)
    assert name in volume_line("a", name, Volume(muted=True)).silence


def _is_right_to_left(text: str) -> bool:
    """As Qt sees it, which lays a paragraph out by its first strong letter outside of isolates."""
    layout = QTextLayout(text)
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(10_000)
    layout.endLayout()
    first, last = line.cursorToX(0), line.cursorToX(len(text))
    return float(first[0] if isinstance(first, tuple) else first) > float(last[0] if isinstance(last, tuple) else last)


def test_names_of_one_direction_are_left_as_they_are() -> None:
    assert in_sentence("Lunar Otter") == "Lunar Otter"
    assert in_sentence(EMOJI) == EMOJI


def test_an_emoji_in_a_name_is_kept(desk) -> None:
    desk.show(in_call(replace(ACTIVE, peer=replace(FOX, alias=EMOJI))))
    assert EMOJI in desk.words()
