"""The relay in use, the choice of another, and relays found nearby."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from wzp_core.engine.commands import ChangeSettings, Reconnect
from wzp_core.settings.schema import Settings
from wzp_desktop.presenters.relays import RelayChoice, RelayPanel, chosen_relay, with_relay
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.choice import Choice
from wzp_desktop.views.frames import Card, IconLabel, StatusDot, beside
from wzp_desktop.views.look import Look, spaced, wear
from wzp_desktop.views.text import label, say


class RelayCard(Card):
    command = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._settings = Settings()
        self._look = Look()
        self._dot, self._title = StatusDot(), label(role="heading")
        self._round_trip, self._detail = label(role="muted", wrap=False), label(role="muted")
        self._retry, self._choice = Button("Try again", "refresh"), Choice("Relay")
        self._offers = list[_Offer]()
        self._nearby = QVBoxLayout()
        spaced(self._nearby, gap=6)
        self.column.addLayout(beside(self._dot, self._title, self._round_trip, stretch=1))
        self.column.addLayout(beside(self._detail, self._retry, stretch=0))
        self.column.addWidget(self._choice)
        self.column.addLayout(self._nearby)
        self._retry.clicked.connect(lambda: self.command.emit(Reconnect()))
        self._choice.chosen.connect(
            lambda address: self.command.emit(ChangeSettings(chosen_relay(self._settings, address)))
        )

    def set_look(self, look: Look) -> None:
        self._look = look

    def apply(self, panel: RelayPanel, settings: Settings) -> None:
        self._settings = settings
        self._dot.set_tone(panel.tone)
        say(self._title, panel.title)
        say(self._round_trip, panel.round_trip)
        say(self._detail, panel.detail)
        self._retry.setVisible(panel.can_retry)
        options = [(choice.address, choice.label) for choice in panel.choices]
        self._choice.set_options(options, panel.choices[panel.selected].address)
        self._show_nearby(panel.nearby)

    def _show_nearby(self, nearby: tuple[RelayChoice, ...]) -> None:
        while len(self._offers) < len(nearby):
            offer = _Offer()
            offer.used.connect(self._use)
            self._nearby.addWidget(offer)
            offer.tab_after(self._offers[-1] if self._offers else self._choice)
            self._offers.append(offer)
            wear(offer, self._look)
        for at, offer in enumerate(self._offers):
            offer.setVisible(at < len(nearby))
            if at < len(nearby):
                offer.apply(nearby[at])

    def _use(self, offered: RelayChoice) -> None:
        self.command.emit(ChangeSettings(with_relay(self._settings, offered.label, offered.address)))


class _Offer(QWidget):
    """A relay on this network, and the button that takes it."""

    used = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._offered = RelayChoice("", "")
        self._name, self.use = label(role="muted"), Button("Use")
        mark = IconLabel(16)
        mark.show_icon("nearby", Tone.ACCENT)
        row = QHBoxLayout(self)
        spaced(row)
        row.addLayout(beside(mark, self._name, self.use, stretch=1))
        self.use.clicked.connect(lambda: self.used.emit(self._offered))

    def tab_after(self, earlier: QWidget) -> None:
        QWidget.setTabOrder(earlier.use if isinstance(earlier, _Offer) else earlier, self.use)

    def apply(self, offered: RelayChoice) -> None:
        self._offered = offered
        say(self._name, f"Nearby: {offered.label}")
        self.use.setAccessibleName(f"Use relay {offered.label}")
        self.use.setToolTip(offered.address)
