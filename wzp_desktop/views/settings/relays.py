"""Adding, removing and choosing relays."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from wzp_desktop.presenters.relays import (
    RelayChoice,
    address_hint,
    chosen_relay,
    typed_address,
    with_relay,
    without_relay,
)  # fmt: skip
from wzp_desktop.presenters.settings import SettingsScreen
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.choice import ElidedRadio
from wzp_desktop.views.frames import beside
from wzp_desktop.views.look import Look, set_tone, spaced, tab_before, wear
from wzp_desktop.views.settings.section import Section
from wzp_desktop.views.text import field, label, say

_LONGEST_TOKEN = 8192


class RelaysSection(Section):
    def __init__(self) -> None:
        super().__init__("Relays", "relay", "r")
        self._look = Look()
        self._rows = list[_RelayRow]()
        self._list = QVBoxLayout()
        self._name = field("Relay name", placeholder="Name", longest=64)
        self._address = field("Relay address", placeholder="Address", longest=260)
        self._token = field("Relay token", placeholder="Token, if the relay wants one", longest=_LONGEST_TOKEN)
        self._token.setEchoMode(QLineEdit.EchoMode.Password)
        self._problem = label(role="problem")
        self._add = Button("Add relay", "plus")
        self._announce = QCheckBox("Let this network find my relay")
        self._lay_out()
        self._address.textChanged.connect(self._check)
        self._address.returnPressed.connect(self._add_typed)
        self._token.returnPressed.connect(self._add_typed)
        self._add.clicked.connect(self._add_typed)
        self._announce.clicked.connect(self._on_announce)
        self._check()

    def set_look(self, look: Look) -> None:
        self._look = look

    def apply(self, screen: SettingsScreen) -> None:
        while len(self._rows) < len(screen.relays):
            self._append_row()
        for at, row in enumerate(self._rows):
            row.setVisible(at < len(screen.relays))
            if at < len(screen.relays):
                choice = screen.relays[at]
                row.apply(choice, chosen=choice.address == screen.selected_relay)
        self._announce.setChecked(screen.settings.relay.announce)
        self._check()

    def _lay_out(self) -> None:
        spaced(self._list, gap=4)
        fields = QGridLayout()
        spaced(fields, gap=8)
        fields.addWidget(self._name, 0, 0)
        fields.addWidget(self._address, 0, 1)
        fields.addWidget(self._token, 1, 0, 1, 2)
        self.column.addWidget(
            label(
                "All calls pass through the relay you choose, or are arranged by it.",
                "muted",
            )
        )
        self.column.addLayout(self._list)
        self.column.addLayout(fields)
        self.column.addWidget(self._problem)
        self.column.addLayout(beside(self._add, QWidget(), stretch=1))
        self._announce.setAccessibleName(self._announce.text())
        self.column.addWidget(self._announce)

    def _append_row(self) -> None:
        row = _RelayRow()
        row.chosen.connect(lambda address: self.edit(lambda settings: chosen_relay(settings, address)))
        row.changing.connect(self._fill_in)
        row.removed.connect(lambda address: self.edit(lambda settings: without_relay(settings, address)))
        self._list.addWidget(row)
        tab_before(self._name, *row.controls())
        self._rows.append(row)
        wear(row, self._look)

    def _fill_in(self, choice: RelayChoice) -> None:
        """Name and token are typed anew below the address, which stays."""
        self._address.setText(choice.address)
        self._token.setFocus(Qt.FocusReason.OtherFocusReason)

    def _check(self) -> None:
        hint = address_hint(self._address.text())
        say(self._problem, hint)
        set_tone(self._address, "wrong", bool(hint))
        self._address.setAccessibleDescription(hint)
        known = typed_address(self._address.text()) in {row.address() for row in self._rows if row.isVisibleTo(self)}
        self._add.set_caption("Change relay" if known else "Add relay")
        self._add.setEnabled(typed_address(self._address.text()) is not None)

    def _add_typed(self) -> None:
        address, name = typed_address(self._address.text()), self._name.text().strip()
        if address is not None:
            token = self._token.text().strip()
            for typed in (self._name, self._address, self._token):
                typed.clear()
            self.edit(lambda settings: with_relay(settings, name, address, token))

    def _on_announce(self, announced: bool) -> None:
        self.edit(lambda settings: replace(settings, relay=replace(settings.relay, announce=announced)))


class _RelayRow(QWidget):
    """One relay: chosen or not, and removable unless it is the automatic choice."""

    chosen = Signal(str)
    changing = Signal(object)
    removed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._choice = RelayChoice("", "")
        self._choose = ElidedRadio()
        self._change = Button("", "settings", "plain", "Change relay")
        self._remove = Button("", "trash", "plain", "Remove relay")
        self._choose.setAutoExclusive(False)  # the engine's state decides which one is on
        row = QHBoxLayout(self)
        spaced(row)
        row.addLayout(beside(self._choose, self._change, self._remove, stretch=0))
        self._choose.clicked.connect(self._on_chosen)
        self._change.clicked.connect(lambda: self.changing.emit(self._choice))
        self._remove.clicked.connect(lambda: self.removed.emit(self._choice.address))

    def address(self) -> str:
        return self._choice.address

    def controls(self) -> tuple[QWidget, ...]:
        return (self._choose, self._change, self._remove)

    def apply(self, choice: RelayChoice, *, chosen: bool) -> None:
        self._choice = choice
        self._choose.set_caption(choice.label)
        self._choose.setChecked(chosen)
        for button, verb in ((self._change, "Change"), (self._remove, "Remove")):
            button.setVisible(bool(choice.address))
            button.setAccessibleName(f"{verb} relay {choice.label}")

    def _on_chosen(self) -> None:
        self._choose.setChecked(True)
        self.chosen.emit(self._choice.address)
