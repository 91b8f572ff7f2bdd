"""Qt without a screen, the sample states, and a window whose commands are kept."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).parent))  # test folders are no packages

pytest.importorskip("PySide6")

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from wzp_core.engine.commands import Command
from wzp_core.protocol.ids import CallId, Fingerprint
from wzp_core.session.state import AppState, CallStage, CallView, Me, Person
from wzp_desktop.views.main_window import MainWindow

_NOBODY = Fingerprint(":".join(["0000"] * 8))


@dataclass
class Desk:
    """A window, what it was shown and what it asked for."""

    window: MainWindow
    commands: list[Command] = field(default_factory=list)
    scale_percent: int = 100  # of what was shown last

    def show(self, state: AppState, *, theme: str = "light", scale_percent: int = 100) -> None:
        self.scale_percent = scale_percent
        appearance = replace(state.settings.appearance, theme=theme, scale_percent=scale_percent)
        self.window.apply(replace(state, settings=replace(state.settings, appearance=appearance)))
        settle()

    def take(self) -> list[Command]:
        taken, self.commands[:] = list(self.commands), []
        return taken

    def control(self, name: str, kind: type[QWidget] = QWidget) -> QWidget:
        """The one visible control with that accessible name."""
        found = [each for each in self.window.findChildren(kind) if each.accessibleName() == name and each.isVisible()]
        assert len(found) == 1, f"{len(found)} visible controls are called {name!r}"
        return found[0]

    def words(self) -> str:
        """Everything that is written on the screen."""
        shown = [each for each in self.window.findChildren(QWidget) if each.isVisible()]
        texts = [getattr(each, "text", str)() for each in shown]
        without = str.maketrans({"\u200b": "", "\xa0": " ", "&": ""})  # breaks, and the marks of underlined letters
        return "\n".join(text.translate(without) for text in texts if text)


def settle() -> None:
    """Lets layouts and queued signals come to rest."""
    for _ in range(4):
        QCoreApplication.processEvents()


@pytest.fixture
def desk(qapp: QApplication) -> Iterator[Desk]:
    yield from open_desk()


@pytest.fixture(scope="module")
def common_desk(qapp: QApplication) -> Iterator[Desk]:
    """One window for all tests of a module that leave nothing behind in it."""
    yield from open_desk()


@pytest.fixture
def rested_desk(common_desk: Desk) -> Desk:
    """The shared window at its beginning: no dialog, no call, nothing asked for."""
    for dialog in common_desk.window.findChildren(QDialog):
        dialog.hide()
    common_desk.window.show()
    common_desk.window.activateWindow()
    ended = CallView(call_id=CallId("over"), peer=Person(fingerprint=_NOBODY), outgoing=True, stage=CallStage.ENDED)
    common_desk.show(AppState(me=Me(fingerprint=_NOBODY, alias=""), call=ended))  # so that no call goes on
    common_desk.show(AppState())
    common_desk.take()
    return common_desk


def open_desk() -> Iterator[Desk]:
    window = MainWindow()
    made = Desk(window)
    window.command.connect(made.commands.append)
    window.show()
    window.activateWindow()
    settle()
    assert window.isActiveWindow()
    yield made
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setStyleSheet("")  # the next window is built much faster without one
