"""Calling by fingerprint."""

from PySide6.QtCore import Signal

from wzp_core.engine.commands import PlaceCall
from wzp_desktop.presenters.fingerprints import dial_hint, typed_fingerprint
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.frames import Card, beside
from wzp_desktop.views.look import set_tone
from wzp_desktop.views.text import field, label, say


class DialCard(Card):
    command = Signal(object)

    def __init__(self) -> None:
        super().__init__("Call by fingerprint")
        self._mine, self._can_call = "", False
        self.input = field("Fingerprint to call", placeholder="Paste a fingerprint", longest=200)
        self._call = Button("Call", "phone", "primary", alt="c")
        self._hint = label(role="problem")
        self._hint.hide()
        self.column.addLayout(beside(self.input, self._call, stretch=0))
        self.column.addWidget(self._hint)
        self.input.textChanged.connect(self._check)
        self.input.returnPressed.connect(self._dial)
        self._call.clicked.connect(self._dial)
        self._check()

    def apply(self, mine: str, *, can_call: bool) -> None:
        if (mine, can_call) != (self._mine, self._can_call):
            self._mine, self._can_call = mine, can_call
            self._check()

    def _check(self) -> None:
        hint = dial_hint(self.input.text(), self._mine)
        say(self._hint, hint)
        set_tone(self.input, "wrong", bool(hint))
        self.input.setAccessibleDescription(hint)
        self._call.setEnabled(self._can_call and not hint and bool(self.input.text().strip()))

    def _dial(self) -> None:
        fingerprint = typed_fingerprint(self.input.text())
        if fingerprint is not None and self._call.isEnabled():
            self.input.clear()
            self.command.emit(PlaceCall(fingerprint))
