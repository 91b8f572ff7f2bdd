"""Commands in, AppState out: the one object that a user interface or a command line talks to."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from wzp_core.engine import commands as ask
from wzp_core.engine.board import Board
from wzp_core.engine.calls import Calls
from wzp_core.engine.candidates import Gatherer
from wzp_core.engine.capture import warm_up
from wzp_core.engine.direct import DirectDoor
from wzp_core.engine.identity import IdentityKeeper
from wzp_core.engine.inbound import Inbound
from wzp_core.engine.knobs import Knobs
from wzp_core.engine.media import echo_microphone
from wzp_core.engine.media_link import RoomDoor
from wzp_core.engine.netcheck import Netcheck
from wzp_core.engine.people import People
from wzp_core.engine.relay_choice import RelayChoice
from wzp_core.engine.room import RoomSession
from wzp_core.engine.scope import TaskScope, task_scope
from wzp_core.engine.signalling import Signalling
from wzp_core.engine.world import World
from wzp_core.errors import ErrorCode, LocalMisuse, Unavailable, WzpError
from wzp_core.logs import event, logger
from wzp_core.ports import Endpoint
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.path import ReflectResponse
from wzp_core.protocol.signal.presence import PresenceChange, PresenceList, PresenceUser
from wzp_core.session.lobby import changed
from wzp_core.session.state import (
    AppState,
    ContactKeyChanged,
    Devices,
    EncryptionLost,
    Levels,
    Notice,
    Person,
    RecordingView,
    RelayKeyChanged,
)
from wzp_core.settings.schema import Settings

log = logger("engine")


class Engine:
    """`async with task_scope()`-shaped inside: when `run` ends, everything it started has ended."""

    def __init__(
        self,
        world: World,
        on_state: Callable[[AppState], None],
        *,
        relay: str = "",
        token: str = "",
        has_dred: bool = False,
    ) -> None:
        """`relay`, with the token it wants, stands above the settings."""
        self._world = world
        recording = RecordingView(folder=world.recordings.folder if world.recordings is not None else "")
        self._board = Board(AppState(has_dred=has_dred, recording=recording), on_state)
        self._relay_choice = RelayChoice(world, self._board, relay, token)
        self._knobs = Knobs(audio=Settings().audio)
        self._people = People(world, self._board, self._knobs.volumes)
        self._keeper = IdentityKeeper(world, self._board)
        self._commands: asyncio.Queue[ask.Command] = asyncio.Queue()
        self._signalling: Signalling | None = None
        self._calls: Calls | None = None
        self._door: RoomDoor | None = None
        self._gatherer: Gatherer | None = None
        self._netcheck: Netcheck | None = None
        self._room: tuple[RoomSession, asyncio.Task[None]] | None = None
        self._mic_test: asyncio.Task[None] | None = None
        self._relay_waits = False  # the user chose another one during a call

    @property
    def state(self) -> AppState:
        return self._board.state

    @property
    def calls(self) -> Calls | None:
        """Reports of calls, for the command line; None before registration begins."""
        return self._calls

    @property
    def room_session(self) -> RoomSession | None:
        return self._room[0] if self._room else None

    def submit(self, command: ask.Command) -> None:
        """On the engine's loop; other threads go through `EngineHost.post`."""
        self._commands.put_nowait(command)

    async def run(self) -> None:
        """Until cancelled."""
        await self._load_settings()
        await self._people.load()
        async with task_scope() as tasks:
            tasks.create_task(self._obey(tasks), name="commands")
            await self._keeper.load()
            async with self._world.open_endpoint() as endpoint:
                self._signalling = Signalling(
                    endpoint,
                    self._world,
                    self._board,
                    identity=lambda: self._keeper.identity,
                    alias=lambda: self._keeper.alias,
                    choice=self._relay_choice,
                    on_signal=self._signal,
                    on_registered=self._registered,
                )
                self._door = RoomDoor(
                    endpoint=endpoint,
                    signalling=self._signalling,
                    identity=lambda: self._keeper.identity,
                    alias=lambda: self._keeper.alias,
                    entropy=self._world.entropy,
                )
                inbound = Inbound(endpoint)
                self._netcheck = Netcheck(endpoint, self._world, self._board)
                self._gatherer = Gatherer(
                    endpoint, self._signalling, self._world, lambda: self._board.state.settings.network
                )
                self._calls = Calls(
                    self._world,
                    self._board,
                    self._people,
                    self._keeper,
                    self._signalling,
                    self._door,
                    DirectDoor(endpoint=endpoint, inbound=inbound, entropy=self._world.entropy),
                    self._gatherer,
                    self._knobs,
                    tasks=tasks,
                    before_media=self._make_room_for_call,
                    after_call=self._after_call,
                )
                async with task_scope() as registration:
                    registration.create_task(self._registered_for_ever(), name="registration")
                    registration.create_task(inbound.run(), name="inbound links")
                    registration.create_task(self._gatherer.run(), name="candidates")
                    registration.create_task(self._watch_network(endpoint), name="network")
                    registration.create_task(self._hold_port(endpoint), name="router's port")
                    registration.create_task(
                        asyncio.to_thread(warm_up, self._knobs.audio, self._world.processing), name="warm-up"
                    )
                    try:
                        await asyncio.Event().wait()
                    finally:
                        await self._calls.close()

    async def _registered_for_ever(self) -> None:
        if self._signalling is None:
            return
        if self._world.discovery is None:
            await self._signalling.run()
        else:
            async with self._world.discovery.browse(lambda nearby: self._board.set(nearby=nearby)):
                await self._signalling.run()

    async def _hold_port(self, endpoint: Endpoint) -> None:
        """As the settings were at the start; a router's port outlives a change of mind until the app ends."""
        mapping, network = self._world.port_mapping, self._board.state.settings.network
        if mapping is not None and network.port_mapping and network.path != "relay":
            async with mapping.hold(lambda: endpoint.local_addresses):
                await asyncio.Event().wait()

    async def _watch_network(self, endpoint: Endpoint) -> None:
        """Tells everybody who has to know that this machine's addresses or routes are others now."""
        if self._world.network is None:
            return
        async with self._world.network.watch(lambda: self._network_changed(endpoint)):
            await asyncio.Event().wait()

    def _network_changed(self, endpoint: Endpoint) -> None:
        event(log, "network:changed")
        endpoint.network_changed()  # QUIC moves its links by itself once something is sent
        if self._world.port_mapping is not None:
            self._world.port_mapping.network_changed()
        if self._signalling is not None:
            self._signalling.suspect()
        if self._gatherer is not None:
            self._gatherer.refresh()
        if self._calls is not None:
            self._calls.network_changed()

    async def _load_settings(self) -> None:
        try:
            settings = await self._world.settings.load()
        except WzpError as error:
            event(log, "settings:refused", level=logging.WARNING, error=error)
            self._board.set(notice=Notice(code=error.code, detail=str(error.facts.get("name", ""))))
            settings = Settings()
        self._knobs.audio = (settings or Settings()).audio
        sends = self._knobs.sends_voice
        self._board.set(settings=settings or Settings(), first_run=settings is None, sending_voice=sends)

    def _registered(self) -> None:
        if self._gatherer is not None:
            self._gatherer.refresh()
        if self._calls is not None:
            self._calls.registered()

    def _signal(self, message: SignalMessage) -> None:
        if isinstance(message, PresenceList):
            self._present(message.users)
        elif isinstance(message, PresenceChange):
            self._present(changed(self._people.users, message))
        elif isinstance(message, ReflectResponse):
            if self._gatherer is not None:
                self._gatherer.reflected(message)
        elif self._calls is not None:
            self._calls.signal(message)

    def _present(self, users: tuple[PresenceUser, ...]) -> None:
        self._people.present(users)
        if self._calls is not None:
            self._calls.present(users)

    # --- commands ----------------------------------------------------------------------------------------------

    async def _obey(self, tasks: TaskScope) -> None:
        while True:
            command = await self._commands.get()
            try:
                await self._act(command, tasks)
            except WzpError as error:
                event(log, "command:failed", level=logging.WARNING, command=type(command).__name__, error=error)
                self._board.set(notice=Notice(code=error.code))

    async def _act(self, command: ask.Command, tasks: TaskScope) -> None:
        match command:
            case ask.PlaceCall() | ask.AnswerCall() | ask.HangUp() | ask.CompareSas():
                if self._calls is not None:
                    await self._calls.act(command)
            case ask.SetMuted():
                self._mute(command)
            case ask.SetVolume():
                self._set_volume(command, tasks)
            case ask.HoldToTalk(held=held):
                self._knobs.hold_to_talk(held, on_change=self._show_sending)
            case ask.JoinRoom(name=name):
                await self._join(name, tasks)
            case ask.LeaveRoom():
                await self._leave()
            case ask.ChangeSettings(settings=settings):
                await self._change_settings(settings)
            case ask.FinishFirstRun(settings=settings):
                self._board.set(first_run=False)
                await self._change_settings(settings)
            case ask.AnswerTrust():
                await self._answer_trust(command)
            case ask.Reconnect():
                self._reconnect()
            case ask.RevealBackup():
                self._board.set(backup_words=self._keeper.words())
            case ask.HideBackup():
                self._board.set(backup_words=None)
            case ask.RestoreIdentity(backup=backup):
                await self._restore(backup)
            case ask.Unlock(passphrase=passphrase):
                await self._keeper.unlock(passphrase)
            case ask.SetPassphrase(passphrase=passphrase):
                await self._keeper.change_passphrase(passphrase)
            case ask.TestMicrophone(on=on):
                await self._test_microphone(on, tasks)
            case ask.RefreshDevices():
                inputs, outputs = await self._world.audio.names()
                self._board.set(devices=Devices(inputs=inputs, outputs=outputs))
            case ask.RunNetcheck():
                if self._netcheck is not None:
                    self._netcheck.start(tasks)
            case ask.ClearHistory():
                await self._people.clear_history()
            case ask.DismissNotice():
                self._board.set(notice=None)

    def _mute(self, command: ask.SetMuted) -> None:
        if command.microphone is not None:
            self._knobs.microphone_muted = command.microphone
            if self._calls is not None:
                self._calls.tell_muted(command.microphone)
        if command.speaker is not None:
            self._knobs.speaker_muted = command.speaker
        self._show_muted()

    def _show_muted(self) -> None:
        self._board.set(mic_muted=self._knobs.microphone_muted, speaker_muted=self._knobs.speaker_muted)
        self._show_sending()

    def _set_volume(self, command: ask.SetVolume, tasks: TaskScope) -> None:
        """Raises LocalMisuse(BAD_VALUE)."""
        self._knobs.volumes.change(command.who, percent=command.percent, muted=command.muted)
        if self._room is not None:
            self._room[0].show()
        if self._calls is not None:
            self._calls.show()
        self._people.keep_volumes(tasks)

    def _show_sending(self) -> None:
        self._board.set(sending_voice=self._knobs.sends_voice)

    async def _change_settings(self, settings: Settings) -> None:
        before = self._board.state.settings
        self._knobs.audio = settings.audio
        self._board.set(settings=settings, sending_voice=self._knobs.sends_voice)
        self._keeper.show()
        await self._world.settings.save(settings)
        if before.relay.selected != settings.relay.selected and self._signalling is not None:
            self._relay_waits = True
            self._after_call()
        elif before.alias != settings.alias or self._token(before) != self._token(settings):
            self._reconnect()

    def _token(self, settings: Settings) -> str:
        """For the relay in use."""
        return settings.relay.entry(self._board.state.relay.address).token

    def _after_call(self) -> None:
        """Another relay than the one that carries a call is for after the call."""
        if self._room is None and not (self._calls is not None and self._calls.is_busy):
            self._knobs.conversation_over()
            self._show_muted()
        if self._relay_waits and self._signalling is not None and not (self._calls is not None and self._calls.is_busy):
            self._relay_waits = False
            self._signalling.choose_again()

    async def _restore(self, backup: str) -> None:
        """Raises LocalMisuse(BUSY) in a call, whose keys and place belong to the identity that began it."""
        if self._calls is not None and self._calls.is_busy:
            raise LocalMisuse(ErrorCode.BUSY)
        await self._keeper.restore(backup)
        await self._leave()
        if self._calls is not None and self._calls.is_busy:  # it rang meanwhile, for who we were
            await self._calls.act(ask.HangUp())
        self._reconnect()

    def _reconnect(self) -> None:
        if self._signalling is not None:
            self._signalling.kick()

    async def _answer_trust(self, command: ask.AnswerTrust) -> None:
        question = self._board.state.trust
        if command.question not in (None, question):
            return  # the user answered what is asked no more
        self._board.set(trust=None)
        match question:
            case RelayKeyChanged() if self._signalling is not None:
                self._signalling.decide(command.accept)
            case ContactKeyChanged(new=who) | EncryptionLost(person=Person(fingerprint=who)) if self._calls is not None:
                await self._calls.answer_trust(who, command.accept)

    # --- rooms and microphone test -----------------------------------------------------------------------------

    async def _join(self, name: str, tasks: TaskScope) -> None:
        if self._door is None or (self._calls is not None and self._calls.is_busy):
            return
        await self._leave()
        await self._stop_microphone_test()
        session = RoomSession(name, world=self._world, board=self._board, door=self._door, knobs=self._knobs)
        self._room = session, tasks.create_task(session.run(), name="room")

    async def _leave(self) -> None:
        if self._room is not None:
            (_, task), self._room = self._room, None
            await _ended(task)
            self._knobs.conversation_over()
            self._show_muted()

    async def _make_room_for_call(self) -> None:
        """Only one conversation at a time has the devices (desktop.md §1)."""
        await self._leave()
        await self._stop_microphone_test()

    async def _test_microphone(self, on: bool, tasks: TaskScope) -> None:
        await self._stop_microphone_test()
        if on and self._room is None and (self._calls is None or not self._calls.is_busy):
            self._mic_test = tasks.create_task(self._echo(), name="microphone test")
            self._board.set(mic_test=True)

    async def _stop_microphone_test(self) -> None:
        if self._mic_test is not None:
            task, self._mic_test = self._mic_test, None
            await _ended(task)
            self._board.set(mic_test=False, levels=Levels())

    async def _echo(self) -> None:
        try:
            await echo_microphone(self._world.audio, self._knobs, lambda levels: self._board.set(levels=levels))
        except Unavailable as error:
            devices = replace(self._board.state.devices, error=error.code)
            self._board.set(mic_test=False, devices=devices, notice=Notice(code=error.code))


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})
