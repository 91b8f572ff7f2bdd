"""Writes the report of a fault to a file: asks the system what it is, and the log what happened."""

import getpass
import os
import platform
import socket
from pathlib import Path

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication

from wzp_core import __version__
from wzp_core.logs import recent_lines
from wzp_core.session.state import AppState
from wzp_desktop.presenters.report import report_text


def write_report(target: Path, state: AppState) -> None:
    """Overwrites `target`, as the file chooser has asked about; OSError where that cannot be done."""
    own = {socket.gethostname(), _user()}
    text = report_text(state, _system(), recent_lines(), home=str(Path.home()), own=own)
    target.write_text(text, encoding="utf-8")


def _system() -> dict[str, str]:
    screens = (
        f"{each.size().width()}x{each.size().height()} at {each.devicePixelRatio():g}"
        for each in QGuiApplication.screens()
    )
    return {
        "version": __version__,
        "system": platform.platform(),
        "python": platform.python_version(),
        "qt": f"{qVersion()}, {QGuiApplication.platformName()}",
        "desktop": os.environ.get("XDG_CURRENT_DESKTOP", "unknown"),
        "screens": ", ".join(screens),
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        return ""
