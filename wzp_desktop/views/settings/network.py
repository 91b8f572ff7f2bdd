"""Which way calls take, who may be asked for our address, and a check of the network."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtWidgets import QWidget

from wzp_core.engine.commands import RunNetcheck
from wzp_core.settings.schema import NetworkSettings
from wzp_desktop.presenters.network import NetworkScreen, servers_hint, typed_servers
from wzp_desktop.presenters.settings import SettingsScreen
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.presenters.words import CALL_PATH, CALL_PATH_MEANING
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.choice import Choice, Switch
from wzp_desktop.views.frames import Banner, beside, rule
from wzp_desktop.views.look import set_tone
from wzp_desktop.views.settings.section import Section
from wzp_desktop.views.text import field, label, say


class NetworkSection(Section):
    def __init__(self) -> None:
        super().__init__("Network", "nearby", "n")
        self._path, self._path_meaning = Choice("Way of calls"), label(role="muted")
        self._stun = Switch("Ask public servers for my address")
        self._servers = field("Servers to ask", placeholder="stun.example.org:3478", longest=1024)
        self._problem = label(role="problem")
        self._mapping = Switch("Ask my router for an open port")
        self._check, self._progress = Button("Check network", "refresh"), label(role="muted")
        self._verdict = Banner("info", Tone.NEUTRAL)
        self._findings, self._relays_title, self._relays = label(), label(role="strong"), label()
        self._lay_out()
        self._path.chosen.connect(self._on_path)
        self._stun.clicked.connect(lambda on: self._change(lambda network: replace(network, use_stun=on)))
        self._mapping.clicked.connect(lambda on: self._change(lambda network: replace(network, port_mapping=on)))
        self._servers.textChanged.connect(self._mark)
        self._servers.editingFinished.connect(self._on_servers)
        self._mark()
        self._check.clicked.connect(lambda: self.send(RunNetcheck()))

    def apply(self, screen: SettingsScreen) -> None:
        network = screen.settings.network
        self._path.set_options(tuple(CALL_PATH.items()), network.path)
        say(self._path_meaning, CALL_PATH_MEANING[network.path])
        self._stun.setChecked(network.use_stun)
        self._servers.setEnabled(network.use_stun)
        if not self._servers.hasFocus():
            self._servers.setText(network.stun_servers)
            self._servers.setCursorPosition(0)
        self._mapping.setChecked(network.port_mapping)
        self._show_check(screen.network)

    def _show_check(self, found: NetworkScreen) -> None:
        self._check.set_caption(found.button)
        self._check.setEnabled(not found.running)
        say(self._progress, found.progress)
        self._verdict.tell(found.verdict)
        say(self._findings, "\n".join(found.findings))
        say(self._relays_title, "Relays" if found.relays else "")
        say(self._relays, "\n".join(found.relays))

    def _lay_out(self) -> None:
        parts: tuple[QWidget, ...] = (
            label("Way of calls", "strong"),
            self._path,
            self._path_meaning,
            self._stun,
            label(
                "They learn your address, not whom you call. Without them fewer calls become direct. (STUN servers)",
                "muted",
            ),
            self._servers,
            self._problem,
            self._mapping,
            label("Many home routers open one on request (UPnP, NAT-PMP, PCP); it closes when the app ends.", "muted"),
            rule(),
            label("This network", "strong"),
        )
        for part in parts:
            self.column.addWidget(part)
        self.column.addLayout(beside(self._check, QWidget(), stretch=1))
        for part in (self._progress, self._verdict, self._findings, self._relays_title, self._relays):
            self.column.addWidget(part)

    def _on_path(self, path: str) -> None:
        say(self._path_meaning, CALL_PATH_MEANING[path])
        self._change(lambda network: replace(network, path=path))

    def _mark(self) -> None:
        hint = servers_hint(self._servers.text())
        say(self._problem, hint)
        set_tone(self._servers, "wrong", bool(hint))
        self._servers.setAccessibleDescription(hint)

    def _on_servers(self) -> None:
        if (servers := typed_servers(self._servers.text())) is not None:
            self._change(lambda network: replace(network, stun_servers=servers))

    def _change(self, change: Callable[[NetworkSettings], NetworkSettings]) -> None:
        self.edit(lambda settings: replace(settings, network=change(settings.network)))
