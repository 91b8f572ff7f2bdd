"""A low window, such as a laptop's at 200 %: what matters most is seen without scrolling."""

from collections.abc import Iterator

import pytest
from conftest import Desk, open_desk, settle
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QApplication, QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot
from ui_states import ALONE_IN_CALL, STATES

from wzp_desktop.views.call_controls import CallControls
from wzp_desktop.views.first_run import FirstRunPage

LAPTOP_AT_200 = QSize(683, 350)  # 1366 × 768 pixels, without the title bar
SIZES = ((LAPTOP_AT_200, 100), (QSize(1366, 730), 200), (QSize(400, 350), 100))


@pytest.fixture(scope="module", params=SIZES, ids=("laptop", "scaled", "narrow"))
def low(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A window of that size, whose code has not been shown yet."""
    size, scale = request.param
    for desk in open_desk():
        desk.window.resize(size)
        desk.show(STATES["lobby"], scale_percent=scale)
        desk.window.resize(size)
        settle()
        yield desk


def show(desk: Desk, name: str) -> None:
    """As a call comes to it: first without the code."""
    size = desk.window.size()
    desk.show(ALONE_IN_CALL, scale_percent=desk.scale_percent)
    desk.show(STATES[name], scale_percent=desk.scale_percent)
    desk.window.resize(size)
    settle()
    assert desk.window.size() == size, "the window grows with nothing it shows"


def is_seen(desk: Desk, part: QWidget) -> bool:
    """Wholly, in the window and in whatever scrolls around it."""
    frames = [desk.window]
    around = part.parentWidget()
    while around is not None:
        if isinstance(around, QScrollArea):
            frames.append(around.viewport())
        around = around.parentWidget()
    area = QRect(part.mapToGlobal(QPoint(0, 0)), part.size())
    return part.isVisible() and all(
        QRect(frame.mapToGlobal(QPoint(0, 0)), frame.size()).contains(area) for frame in frames
    )


def scrolled_to(part: QWidget) -> None:
    around = part.parentWidget()
    while not isinstance(around, QScrollArea):
        around = around.parentWidget()
    around.ensureWidgetVisible(part)
    settle()


def code_label(desk: Desk) -> QLabel:
    return next(each for each in desk.window.findChildren(QLabel) if each.text() == "493 027")


@pytest.mark.parametrize("name", ["call_reading", "call_long_name"])
def test_the_code_to_compare_is_seen_as_soon_as_there_is_one(low: Desk, name: str) -> None:
    show(low, name)
    codes = [code_label(low)] if name == "call_reading" else [
        low.control(code) for code in ("120 884", "493 027", "755 310", "062 941")
    ]  # fmt: skip
    assert [code for code in codes if not is_seen(low, code)] == []
    assert is_seen(low, low.control("Hang up"))


def test_banners_above_the_page_do_not_push_the_code_out_of_view(low: Desk) -> None:
    show(low, "call_recorded")
    if low.window.width() < 600:  # where two banners of three lines leave too little room, it can be scrolled to
        scrolled_to(code_label(low))
    assert is_seen(low, code_label(low))


def test_that_the_code_was_wrong_is_seen_at_once(low: Desk) -> None:
    show(low, "call_code_wrong")
    warning = next(each for each in low.window.findChildren(QLabel) if each.text().startswith("Somebody may be"))
    assert is_seen(low, warning)


def test_the_page_stays_where_the_user_has_scrolled_it(low: Desk, qtbot: QtBot) -> None:
    show(low, "call_reading")
    page = next(each for each in low.window.findChildren(QAbstractScrollArea) if each.isAncestorOf(code_label(low)))
    bar = page.verticalScrollBar()
    bar.triggerAction(bar.SliderAction.SliderToMinimum)
    low.show(STATES["call_recorded"], scale_percent=low.scale_percent)
    settle()
    assert bar.value() == 0


def test_tab_still_reaches_what_is_out_of_view(low: Desk) -> None:
    show(low, "call_reading")
    low.window.activateWindow()
    found = low.control("They found it")
    low.control("Hang up").setFocus(Qt.FocusReason.TabFocusReason)
    for _ in range(20):
        low.window.focusNextPrevChild(True)
        settle()
        focused = QApplication.focusWidget()
        assert focused is not None
        assert is_seen(low, focused), focused.accessibleName()
        if focused is found:
            return
    raise AssertionError("Tab never came to the answer")


@pytest.mark.parametrize("button", ["Answer", "Answer privately", "Decline"])
def test_all_answers_to_a_call_are_seen(low: Desk, button: str) -> None:
    show(low, "incoming")
    if low.window.width() < 600:  # where they are below each other, the keyboard scrolls to them
        low.window.activateWindow()
        low.control(button).setFocus(Qt.FocusReason.TabFocusReason)
        settle()
    assert is_seen(low, low.control(button))


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_way_on_is_seen_in_every_step_of_the_first_start(low: Desk, step: int) -> None:
    show(low, "first_run")
    while low.window.findChild(FirstRunPage)._step > 0:
        low.control("Back").click()
    for _ in range(step):
        low.control("Next").click()
    settle()
    assert is_seen(low, low.control("Start" if step == 2 else "Next"))


@pytest.mark.parametrize("name", ["call_hold_to_talk", "call_talking", "room_hold_to_talk", "room_talking_muted"])
def test_no_caption_of_the_bar_is_cut(low: Desk, name: str) -> None:
    show(low, name)
    if low.window.width() < 600:
        return  # below each other
    bar = low.window.findChildren(CallControls)
    buttons = [each for part in bar for each in part.findChildren(QAbstractButton) if each.isVisible()]
    assert len(buttons) == 4
    assert [each.text() for each in buttons if each.width() < each.sizeHint().width()] == []


def test_the_bar_of_a_call_takes_one_line(low: Desk) -> None:
    show(low, "call_hold_to_talk")
    talk, end = low.control("Hold Space to talk"), low.control("Hang up")
    same_line = talk.mapTo(low.window, QPoint()).y() < end.mapTo(low.window, QPoint(0, end.height())).y()
    overlap = end.mapTo(low.window, QPoint()).y() < talk.mapTo(low.window, QPoint(0, talk.height())).y()
    assert (same_line and overlap) == (low.window.width() >= 600)
