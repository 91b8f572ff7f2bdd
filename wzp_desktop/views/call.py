"""The call screen."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wzp_core.engine.commands import Command, CompareSas, HangUp, PlaceCall
from wzp_core.protocol.ids import Fingerprint
from wzp_core.session.state import Levels, SasView
from wzp_desktop.presenters.call import CallScreen
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.presenters.verification import heard_right
from wzp_desktop.views.button_row import ButtonRow
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.call_controls import CallControls
from wzp_desktop.views.flow import FlowCard
from wzp_desktop.views.frames import Badge, Banner, ScrollPage, centred
from wzp_desktop.views.head import Head, is_low
from wzp_desktop.views.look import Look, spaced
from wzp_desktop.views.text import label, say, say_name, show_fingerprint
from wzp_desktop.views.timer_label import TimerLabel
from wzp_desktop.views.verification import SasCard
from wzp_desktop.views.volume import VolumeControl


class CallPage(QWidget):
    """Who, how protected, how well; and what can be done about it."""

    command = Signal(object)
    quality_wanted = Signal(str)
    talk_held = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Call")
        self._fingerprint_text, self._sas = "", SasView()
        self._look = Look()
        self._fingerprint, self._badge, self._meaning = label(role="mono"), Badge(), label(role="muted")
        self._stage, self._timer = label(role="timer"), TimerLabel()
        self._head = Head(76, (self._fingerprint,), (self._stage, self._timer, self._badge))
        self._silence = Banner("speaker-off", Tone.WARNING)
        self._ending = Banner("info", Tone.NEUTRAL)
        self._sas_card = SasCard()
        self._volume = VolumeControl()
        self._flow = FlowCard(self._volume)
        self._controls = CallControls("Hang up", "hang-up", HangUp())
        self._again, self._close = Button("Call again", "phone", alt="a"), Button("Close", "close", "primary", alt="c")
        self._after = ButtonRow(self._close, self._again)
        self._lay_out()
        self._volume.command.connect(self.command)
        self._controls.command.connect(self.command)
        self._controls.talk_held.connect(self.talk_held)
        self._flow.quality_wanted.connect(self.quality_wanted)
        self._sas_card.compared.connect(lambda matches: self._send(CompareSas(matches)))
        self._sas_card.heard.connect(self._on_heard)
        self._close.clicked.connect(lambda: self._send(HangUp()))
        self._again.clicked.connect(self._call_again)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self._after, self._close.click)

    def apply(self, screen: CallScreen, sas: SasView, levels: Levels) -> None:
        self._fingerprint_text, self._sas = screen.fingerprint, sas
        self._head.identicon.set_fingerprint(screen.fingerprint)
        say_name(self._head.name, screen.name)
        show_fingerprint(self._fingerprint, screen.fingerprint)
        say(self._stage, "" if screen.running_since is not None else screen.stage)
        self._timer.run_since(screen.running_since)
        self._badge.setVisible(screen.badge is not None)
        say(self._meaning, screen.badge.meaning if screen.badge else "")
        if screen.badge:
            self._badge.show_badge(screen.badge.text, screen.badge.tone, screen.badge.icon)
        self._silence.tell(screen.banner)
        self._ending.tell(screen.ended, Tone.DANGER if screen.alarming else Tone.NEUTRAL)
        self._sas_card.apply(screen.sas)
        self._volume.apply(screen.volume)
        self._flow.setVisible(screen.live)
        self._flow.apply(
            path=screen.path,
            quality=screen.quality,
            chosen=screen.chosen_quality,
            sending=screen.talk.sending,
            levels=levels,
        )
        self._controls.apply(screen.talk)
        self._controls.setVisible(not screen.ended)
        if bool(screen.ended) != self._after.isVisibleTo(self):
            self._after.setVisible(bool(screen.ended))
            self.take_focus()  # what had it is gone

    def take_focus(self) -> None:
        (self._close if self._after.isVisibleTo(self) else self).setFocus()

    def set_look(self, look: Look) -> None:
        self._look = look
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        low = is_low(self, self._look)
        self._head.set_low(low)
        self._controls.set_low(low)

    def _lay_out(self) -> None:
        page = ScrollPage(520, gap=9)
        self._flow.unfolded.connect(page.reveal)
        page.column.addStretch(1)
        self._sas_card.asked.connect(lambda: page.reveal(self._sas_card))
        page.column.addWidget(self._head)
        centred(page.column, self._meaning)
        parts: tuple[QWidget, ...] = (self._silence, self._ending, self._after, self._sas_card, self._flow)
        for part in parts:
            page.column.addWidget(part)
        page.column.addStretch(2)
        column = QVBoxLayout(self)
        spaced(column)
        column.addWidget(page, 1)
        column.addWidget(self._controls)

    def _on_heard(self, choice: str) -> None:
        if heard_right(self._sas, choice):
            self._send(CompareSas(matches=True))
        else:
            self._sas_card.doubt()

    def _call_again(self) -> None:
        self._send(HangUp())
        self._send(PlaceCall(Fingerprint(self._fingerprint_text)))

    def _send(self, command: Command) -> None:
        self.command.emit(command)
