"""Comparing the spoken code: one side reads, the other chooses what it hears."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from wzp_desktop.presenters.tone import Tone
from wzp_desktop.presenters.verification import SasMode, SasPanel
from wzp_desktop.views.button_row import ButtonRow
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.frames import Card, IconLabel, beside
from wzp_desktop.views.look import Look, set_tone, spaced, tab_before, wear
from wzp_desktop.views.text import label, say

_COLUMNS = 2
_URGENT = (SasMode.READ, SasMode.CHOOSE, SasMode.FAILED)
_ICON = {SasMode.DONE: "shield-check", SasMode.FAILED: "alert"}


class SasCard(Card):
    """Emits `compared` with what the user says of the codes, `heard` with the chosen code.

    `asked` says that there is something new for the user to look at.
    """

    compared = Signal(bool)
    heard = Signal(str)
    asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._panel = SasPanel(SasMode.HIDDEN)
        self._unfolded = False
        self._doubting = False
        self._look = Look()
        self._icon, self._title, self._text = IconLabel(20), label(role="heading"), label(role="muted")
        self._unfold = Button("Compare codes again", "shield-check", alt="o")
        self._reading = _Reading()
        self._choosing, self._grid, self._codes = QWidget(), QGridLayout(), list[Button]()
        self._doubt = _Doubt()
        self._none = Button("None of these", alt="n")
        self._lay_out()
        self._unfold.clicked.connect(self._open)
        self._reading.compared.connect(self.compared)
        self._none.clicked.connect(self.doubt)
        self._doubt.again.clicked.connect(self._stop_doubting)
        self._doubt.end.clicked.connect(lambda: self.compared.emit(False))

    def set_look(self, look: Look) -> None:
        self._look = look

    def apply(self, panel: SasPanel) -> None:
        if panel == self._panel:
            return
        if (panel.mode, panel.code, panel.choices) != (self._panel.mode, self._panel.code, self._panel.choices):
            self._unfolded = self._doubting = False
            self._doubt.rest()
            is_new = panel.mode in _URGENT and not panel.folded
        else:
            is_new = False
        self._panel = panel
        self._show()
        if is_new:
            self.asked.emit()

    def doubt(self) -> None:
        """The codes seem to differ: ask before the contact is marked and the call ends."""
        self._doubting = True
        self._show()
        self._doubt.end.setFocus()
        self.asked.emit()

    def _lay_out(self) -> None:
        choosing = QVBoxLayout(self._choosing)
        spaced(choosing, gap=8)
        spaced(self._grid, gap=8)
        choosing.addLayout(self._grid)
        choosing.addWidget(self._none)
        self.column.addLayout(beside(self._icon, self._title, stretch=1))
        for part in (self._text, self._unfold, self._reading, self._choosing, self._doubt):
            self.column.addWidget(part)
        self.hide()

    def _show(self) -> None:
        panel, open_now = self._panel, self._unfolded or not self._panel.folded
        self.setVisible(panel.mode is not SasMode.HIDDEN)
        self._icon.setVisible(panel.mode in _ICON)
        self._icon.show_icon(_ICON.get(panel.mode, "shield-check"), panel.tone)
        folded = panel.folded and not open_now
        say(self._title, "You compared codes before" if folded else panel.title)
        say(self._text, "" if folded or self._doubting else panel.text)
        set_tone(self._title, "tone", panel.tone.value if panel.tone is not Tone.NEUTRAL else "")
        self._unfold.setVisible(folded)
        self._reading.setVisible(panel.mode is SasMode.READ and open_now)
        self._reading.show_code(panel.code)
        self._choosing.setVisible(panel.mode is SasMode.CHOOSE and open_now and not self._doubting)
        self._doubt.setVisible(panel.mode is SasMode.CHOOSE and self._doubting)
        self._show_choices(panel.choices)

    def _show_choices(self, choices: tuple[str, ...]) -> None:
        while len(self._codes) < len(choices):
            made = Button("000 000", kind="code")
            made.clicked.connect(lambda _=False, button=made: self.heard.emit(button.text()))
            at = len(self._codes)
            self._grid.addWidget(made, at // _COLUMNS, at % _COLUMNS)
            self._codes.append(made)
            tab_before(self._none, made)
            wear(made, self._look)
        for at, button in enumerate(self._codes):
            button.setVisible(at < len(choices))
            if at < len(choices):
                button.set_caption(choices[at])

    def _open(self) -> None:
        self._unfolded = True
        self._show()
        self.asked.emit()

    def _stop_doubting(self) -> None:
        self._doubting = False
        self._show()


class _Reading(QWidget):
    """The code, large, and what the other side says of it."""

    compared = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._code: QLabel = label(role="code")
        found, differs = Button("They found it", "check", "primary", alt="f"), Button("They did not", "close", alt="n")
        column = QVBoxLayout(self)
        spaced(column, gap=10)
        self._code.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._code)
        column.addWidget(ButtonRow(found, differs))
        found.clicked.connect(lambda: self.compared.emit(True))
        differs.clicked.connect(lambda: self.compared.emit(False))

    def show_code(self, code: str) -> None:
        if self._code.text() != code:
            self._code.setText(code)
            self._code.setAccessibleName(" ".join(code.replace(" ", "")))  # read out digit by digit


class _Doubt(QWidget):
    """Asked after a wrong choice. There is one second try: who may guess on does not listen."""

    def __init__(self) -> None:
        super().__init__()
        self.again = Button("I misheard, once more", alt="m")
        self.end = Button("End call", "hang-up", "danger", alt="e")
        column = QVBoxLayout(self)
        spaced(column, gap=10)
        column.addWidget(
            label("The codes seem to differ: somebody may be listening in. Ending the call also marks this contact.")
        )
        column.addWidget(ButtonRow(self.end, self.again))
        self.again.clicked.connect(lambda: self.again.setEnabled(False))

    def rest(self) -> None:
        self.again.setEnabled(True)
