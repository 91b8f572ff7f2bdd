"""The voice room."""

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wzp_core.engine.commands import LeaveRoom
from wzp_core.session.state import Levels
from wzp_desktop.models.roster import roster_model
from wzp_desktop.models.rows import ROW_ROLE
from wzp_desktop.presenters.room import RoomScreen, RosterMember
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.views.call_controls import CallControls
from wzp_desktop.views.flow import FlowCard
from wzp_desktop.views.frames import Badge, Banner, Card, ScrollPage, StatusDot, beside
from wzp_desktop.views.head import is_low
from wzp_desktop.views.look import Look, spaced
from wzp_desktop.views.row_list import RowList
from wzp_desktop.views.text import label, say, say_name
from wzp_desktop.views.timer_label import TimerLabel
from wzp_desktop.views.volume import VolumePanel


class RoomPage(QWidget):
    """Who is here, by relay, and how protected the room is."""

    command = Signal(object)
    quality_wanted = Signal(str)
    talk_held = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Voice room")
        self._look = Look()
        self._name, self._stage, self._dot = label(role="title"), label(role="muted"), StatusDot()
        self._timer, self._badge, self._meaning = TimerLabel(), Badge(), label(role="muted")
        self._silence = Banner("speaker-off", Tone.WARNING)
        self._roster = roster_model(self)
        self._list = RowList("People in the room", self._roster, least=4, most=12)
        self._volume = VolumePanel()
        self._chosen = ""  # whose volume is shown
        self._screen: RoomScreen | None = None
        self._count = label(role="count", wrap=False)
        self._flow = FlowCard()
        self._controls = CallControls("Leave", "leave", LeaveRoom())
        self._lay_out()
        self._list.selectionModel().currentChanged.connect(self._on_chosen)
        self._volume.command.connect(self.command)
        self._controls.command.connect(self.command)
        self._controls.talk_held.connect(self.talk_held)
        self._flow.quality_wanted.connect(self.quality_wanted)

    def apply(self, screen: RoomScreen, levels: Levels) -> None:
        say_name(self._name, screen.name)
        say(self._stage, screen.stage)
        self._dot.set_tone(screen.tone)
        self._timer.run_since(screen.running_since)
        self._badge.show_badge(screen.badge.text, screen.badge.tone, screen.badge.icon)
        say(self._meaning, screen.badge.meaning)
        self._silence.tell(screen.banner)
        self._list.set_empty_text(screen.nobody)
        self._fill(screen)
        self._count.setText(screen.count)
        self._flow.apply(
            path=screen.path,
            quality=screen.quality,
            chosen=screen.chosen_quality,
            sending=screen.talk.sending,
            levels=levels,
        )
        self._controls.apply(screen.talk)

    def _fill(self, screen: RoomScreen) -> None:
        """Where the chosen one has left nobody is chosen, though Qt would choose the next one."""
        chosen, self._screen = self._chosen, None
        self._roster.replace(screen.rows)
        if chosen and not any(isinstance(row, RosterMember) and row.key == chosen for row in screen.rows):
            chosen = ""
            self._list.setCurrentIndex(QModelIndex())
        self._chosen, self._screen = chosen, screen
        self._show_volume(screen)

    def _on_chosen(self, index: QModelIndex) -> None:
        row = index.data(ROW_ROLE)
        if self._screen is not None:
            self._chosen = row.key if isinstance(row, RosterMember) else ""
            self._show_volume(self._screen)

    def _show_volume(self, screen: RoomScreen) -> None:
        members = (row for row in screen.rows if isinstance(row, RosterMember))
        line = next((member.volume for member in members if member.key == self._chosen), None)
        self._volume.apply(line, screen.hint)

    def set_look(self, look: Look) -> None:
        self._look = look
        self._controls.set_low(is_low(self, look))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._controls.set_low(is_low(self, self._look))

    def take_focus(self) -> None:
        self.setFocus()

    def _lay_out(self) -> None:
        page = ScrollPage(640, gap=14)
        self._flow.unfolded.connect(page.reveal)
        self._list.clicked.connect(lambda _: page.reveal(self._volume))  # the arrow keys keep their row in view
        top = Card()
        top.column.addLayout(beside(self._name, self._timer, stretch=0))
        top.column.addLayout(beside(self._dot, self._stage, self._badge, stretch=1))
        top.column.addWidget(self._meaning)
        people = Card()
        people.column.addLayout(beside(label("In this room", "heading", wrap=False), self._count, QWidget(), stretch=2))
        people.column.addWidget(self._list, 1)
        people.column.addWidget(self._volume)
        page.column.addWidget(top)
        page.column.addWidget(self._silence)
        page.column.addWidget(people, 1)
        page.column.addWidget(self._flow)
        column = QVBoxLayout(self)
        spaced(column)
        column.addWidget(page, 1)
        column.addWidget(self._controls)
