"""Every control has a name, can be reached by keyboard, and fits a small screen at the largest scale."""

from collections.abc import Iterator

import pytest
from conftest import settle
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QScrollArea,
    QScrollBar,
    QSlider,
    QWidget,
)  # fmt: skip
from pytestqt.qtbot import QtBot
from ui_states import SETTINGS_STATES, STATES, TRUST_STATES

from wzp_core.session.state import AppState
from wzp_desktop.views.settings.dialog import SettingsDialog
from wzp_desktop.views.trust import TrustDialog

ALL = {**STATES, **SETTINGS_STATES, **TRUST_STATES}
CONTROLS = (QAbstractButton, QComboBox, QLineEdit, QListView, QPlainTextEdit, QProgressBar, QSlider)
SMALL_SCREEN = QSize(800, 600)
EVERY_STATE = pytest.mark.parametrize("name", ALL)


@pytest.fixture
def common(common_desk):
    """The window that the tests of this module share, without what the last one opened."""
    common_desk.window.activateWindow()
    settle()
    yield common_desk
    for dialog in common_desk.window.findChildren(QDialog):
        dialog.hide()
    common_desk.show(AppState(), scale_percent=common_desk.scale_percent)  # another scale restyles everything, slowly


def shown(desk, name: str, **look: object) -> QWidget:
    """The window or dialog that the state brings up."""
    desk.show(ALL[name], **look)
    if name in SETTINGS_STATES:
        desk.window.open_settings()
        return desk.window.findChild(SettingsDialog)
    return desk.window.findChild(TrustDialog) if name in TRUST_STATES else desk.window


def controls(root: QWidget) -> Iterator[QWidget]:
    for each in root.findChildren(QWidget):
        inside = each.parentWidget()
        own = not isinstance(inside, (QComboBox, QAbstractScrollArea)) and not isinstance(each, QScrollBar)
        in_popup = any(isinstance(parent, QMenu) for parent in ancestors(each)) or each.window() is not root.window()
        if isinstance(each, CONTROLS) and own and not in_popup and each.isVisibleTo(root):
            yield each


def ancestors(widget: QWidget) -> Iterator[QWidget]:
    while (parent := widget.parentWidget()) is not None:
        yield parent
        widget = parent


@EVERY_STATE
def test_every_control_has_an_accessible_name(common, name: str) -> None:
    root = shown(common, name)
    nameless = [f"{type(each).__name__} {each.toolTip()!r}" for each in controls(root) if not each.accessibleName()]
    assert nameless == []


@EVERY_STATE
def test_tab_reaches_every_control_that_can_be_used(common, name: str) -> None:
    root = shown(common, name)
    root.activateWindow()
    settle()
    assert root.isActiveWindow()
    wanted = {each for each in controls(root) if each.isEnabled() and not isinstance(each, QProgressBar)}
    reached: set[QWidget] = set()
    for _ in range(2 * len(wanted) + 4):
        root.focusNextPrevChild(True)
        if (focused := QApplication.focusWidget()) is not None:
            reached.add(focused)
    assert [each.accessibleName() for each in wanted - reached] == []


@EVERY_STATE
def test_nothing_is_cut_off_at_200_percent_on_a_small_screen(common, name: str) -> None:
    common.window.resize(SMALL_SCREEN)
    root = shown(common, name, scale_percent=200)
    root.resize(root.size().boundedTo(SMALL_SCREEN))
    common.show(ALL[name], scale_percent=200)
    assert root.width() <= SMALL_SCREEN.width()
    assert root.height() <= SMALL_SCREEN.height()
    assert list(cut_off(root)) == []


def cut_off(root: QWidget) -> Iterator[str]:
    for each in root.findChildren(QWidget):
        if not isinstance(each, (QAbstractButton, QLabel, QLineEdit, QComboBox)) or not each.isVisibleTo(root):
            continue
        if each.window() is not root.window():
            continue
        page = next((parent for parent in ancestors(each) if isinstance(parent, QScrollArea)), None)
        frame = page.widget() if page is not None else root
        place = QRect(each.mapTo(frame, QPoint(0, 0)), each.size())
        words = f"{type(each).__name__} {each.accessibleName() or getattr(each, 'text', str)()!r}"
        if place.left() < 0 or place.right() >= frame.width() or place.bottom() >= frame.height():
            yield f"{words} reaches over the edge: {place} in {frame.size()}"
        if page is not None and frame.width() > page.viewport().width():
            yield f"{words} is on a page wider than its window"
        if each.width() < each.minimumSizeHint().width() or each.height() < least_height(each):
            yield f"{words} is squeezed: {each.size()} of {each.minimumSizeHint()}"


def least_height(widget: QWidget) -> int:
    if widget.hasHeightForWidth():
        return widget.heightForWidth(widget.width())
    return widget.minimumSizeHint().height()


def test_controls_made_late_have_their_place_in_the_order_of_tab(desk) -> None:
    for name, wanted in (
        ("settings", ("Stop test", "Home (relay.example.org:4433)", "Relay name")),
        (
            "settings",
            ("Stop test", "Home (relay.example.org:4433)", "Remove relay Club (192.0.2.7:4433)", "Relay name"),
        ),
        ("lobby", ("Relay", "Use relay Anna's laptop", "Fingerprint to call")),
        ("call_choosing", ("120 884", "493 027", "755 310", "None of these", "Mute")),
    ):
        root = shown(desk, name)
        order = [root]
        while (following := order[-1].nextInFocusChain()) is not root:
            order.append(following)
        named = [each.accessibleName() for each in order if each.isVisible() and each.accessibleName() in wanted]
        assert tuple(dict.fromkeys(named)) == wanted


def test_a_wide_lobby_has_two_columns_and_a_narrow_one_has_one(desk, qtbot: QtBot) -> None:
    desk.window.resize(1060, 800)
    desk.show(STATES["lobby"])
    people, relay = desk.control("People online"), desk.control("Relay")
    assert relay.mapTo(desk.window, QPoint()).x() > people.mapTo(desk.window, QPoint()).x() + 200
    desk.window.resize(600, 800)
    desk.show(STATES["lobby"])
    assert relay.mapTo(desk.window, QPoint()).y() > people.mapTo(desk.window, QPoint()).y()


def test_the_scale_changes_everything_and_back(desk) -> None:
    desk.show(STATES["lobby"])
    join = desk.control("Join")
    small = join.sizeHint()
    desk.show(STATES["lobby"], scale_percent=200)
    assert join.sizeHint().height() >= 1.8 * small.height()
    desk.show(STATES["lobby"])
    assert join.sizeHint() == small


def test_the_system_theme_is_followed_until_one_is_chosen(desk) -> None:
    desk.show(STATES["lobby"], theme="system")
    light = QApplication.palette().window().color()
    desk.window.set_system_dark(True)
    assert QApplication.palette().window().color().lightness() < light.lightness()
    desk.show(STATES["lobby"], theme="light")
    assert QApplication.palette().window().color() == light


def test_focus_is_seen_on_buttons_fields_and_lists(desk, qtbot: QtBot) -> None:
    desk.show(STATES["lobby"])
    desk.window.activateWindow()
    for name in ("Settings", "Search people", "People online", "Join", "Call Swift Hawk", "Relay"):
        control = desk.control(name)
        desk.window.setFocus()
        assert not control.hasFocus()
        before = control.grab().toImage()
        control.setFocus(Qt.FocusReason.TabFocusReason)
        assert control.grab().toImage() != before, name
