"""Draws every screen in both themes to PNG files: `python tests/ui/render_screens.py FOLDER [--documentation]`."""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from PySide6.QtCore import QSize  # noqa: E402
from PySide6.QtWidgets import QApplication, QWidget  # noqa: E402
from ui_states import NOW, SETTINGS_STATES, STATES, TRUST_STATES  # noqa: E402

from wzp_core.session.state import AppState  # noqa: E402
from wzp_desktop.views.main_window import MainWindow  # noqa: E402
from wzp_desktop.views.settings.dialog import SettingsDialog  # noqa: E402
from wzp_desktop.views.trust import TrustDialog  # noqa: E402

SIZE = QSize(1060, 800)
DOCUMENTED = {"lobby": "dark", "call_reading": "light", "settings": "light"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documentation", action="store_true", help="only the pictures shown in the documentation")
    parser.add_argument("--scale", type=int, default=100)
    parser.add_argument("--size", type=int, nargs=2, default=(SIZE.width(), SIZE.height()))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    app.setStyle("Fusion")
    time.time = lambda: float(NOW)  # so that times in the pictures never change
    window = MainWindow()
    window.resize(QSize(*options.size))
    window.show()
    for theme in ("light", "dark"):
        for name, state in {**STATES, **SETTINGS_STATES, **TRUST_STATES}.items():
            if not options.documentation or DOCUMENTED.get(name) == theme:
                dressed = with_appearance(state, theme, options.scale)
                draw(app, window, name, dressed, options.folder / f"{name}-{theme}.png")


def with_appearance(state: AppState, theme: str, scale_percent: int) -> AppState:
    appearance = replace(state.settings.appearance, theme=theme, scale_percent=scale_percent)
    return replace(state, settings=replace(state.settings, appearance=appearance))


def draw(app: QApplication, window: MainWindow, name: str, state: AppState, target: Path) -> None:
    window.apply(AppState())
    window.apply(state)
    shown: QWidget = window
    if name in SETTINGS_STATES:
        window.open_settings()
        shown = window.findChild(SettingsDialog)
        if name in ("settings_backup", "settings_network"):
            shown.resize(shown.width(), 1600 if name == "settings_backup" else 3600)
    elif name in TRUST_STATES:
        shown = window.findChild(TrustDialog)
    for _ in range(4):  # wrapping text settles its height in a few rounds
        app.processEvents()
    shown.grab().save(str(target))
    if shown is not window:
        shown.hide()


if __name__ == "__main__":
    main()
