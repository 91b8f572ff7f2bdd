"""Labels and text fields that never take text for markup."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QSizePolicy

from wzp_desktop.presenters.names import breakable, foldable

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter
_LONGEST_WORD, _LONGEST_WORD_OF_NAME = 22, 10


def label(text: str = "", role: str = "body", *, wrap: bool = True) -> QLabel:
    """A label that shows its text literally; aliases come from strangers."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    made.setIndent(0)
    made.setAlignment(_LEFT)  # for names in right-to-left scripts too: they stand where the others stand
    made.setProperty("role", role)
    made.setText(text)
    if wrap:
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return made


def say_name(shown: QLabel, name: str) -> None:
    """Like `say`, for large names that somebody else chose."""
    say(shown, name, _LONGEST_WORD_OF_NAME)


def say(shown: QLabel, text: str, longest_word: int = _LONGEST_WORD) -> None:
    """Sets the text and shows the label only if there is any; words of more letters may be broken."""
    folded = foldable(text, longest_word)
    if shown.text() != folded:
        shown.setText(folded)
        shown.setAccessibleName(text)
    if shown.isHidden() != (not text):
        shown.setVisible(bool(text))


def show_fingerprint(shown: QLabel, fingerprint: str) -> None:
    """Sets a fingerprint that may wrap but is read and copied whole."""
    if shown.accessibleName() != fingerprint:
        shown.setText(breakable(fingerprint))
        shown.setAccessibleName(fingerprint)


def field(name: str, *, placeholder: str = "", longest: int = 64, secret: bool = False) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(placeholder)
    made.setMaxLength(longest)
    if secret:
        made.setEchoMode(QLineEdit.EchoMode.Password)
    return made
