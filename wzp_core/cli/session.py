"""Runs an engine for one command: submits, waits for states, prints what happens."""

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from wzp_core.cli.events import changes
from wzp_core.cli.output import Exit, Output
from wzp_core.compose import make_world
from wzp_core.engine.commands import AnswerTrust, Command
from wzp_core.engine.engine import Engine
from wzp_core.engine.host import keep_pace
from wzp_core.engine.scope import task_scope
from wzp_core.errors import ErrorCode
from wzp_core.ports import AudioSystem
from wzp_core.session.state import AppState, ContactKeyChanged, EncryptionLost, Notice, RelayPhase
from wzp_core.settings.schema import CallSettings, NetworkSettings

REGISTER_LIMIT_S = 15.0


def network_settings(options: Namespace) -> NetworkSettings:
    """A command contacts only what it was told to."""
    return NetworkSettings(
        path="relay" if options.path == "relay" else "auto",
        use_stun=bool(options.stun) and not options.no_stun,
        stun_servers=" ".join(options.stun),
        port_mapping=not options.no_stun,
    )


class EngineRun:
    """The engine of this command, and what it says."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._state = AppState()
        self._changed = asyncio.Event()
        self.engine: Engine | None = None

    @property
    def state(self) -> AppState:
        return self._state

    def on_state(self, state: AppState) -> None:
        for name, facts in changes(self._state, state):
            self._output.event(name, **facts)
        if state.levels.no_microphone and not self._state.levels.no_microphone:
            self._output.error("No microphone could be opened: others hear silence.")
        if state.levels.no_speaker and not self._state.levels.no_speaker:
            self._output.error("No speaker could be opened: nothing is heard.")
        if state.notice != self._state.notice and state.notice is not None:
            self._tell(state.notice)
        self._state = state
        self._changed.set()

    def submit(self, command: Command) -> None:
        if self.engine is not None:
            self.engine.submit(command)

    def _tell(self, notice: Notice) -> None:
        if notice.code is ErrorCode.CANNOT_RECORD:
            self._output.error(f"The recording in {notice.detail} could not be written; it was stopped.")

    async def until(self, holds: Callable[[AppState], bool], limit_s: float | None = None) -> bool:
        """False when the time is over first."""
        try:
            async with asyncio.timeout(limit_s):
                while not holds(self._state):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def registered(self) -> Exit:
        """OK once we are online."""
        await self.until(lambda s: s.relay.phase is RelayPhase.ONLINE or _is_final(s), REGISTER_LIMIT_S)
        if self._state.relay.phase is RelayPhase.ONLINE:
            return Exit.OK
        return self._explain(self._state)

    def _explain(self, state: AppState) -> Exit:
        address, error = state.relay.address, state.relay.error
        if _has_no_identity(state) and state.notice is not None:
            self._output.error(f"A file of this identity cannot be read ({state.notice.code.value}).")
            return Exit.USAGE
        if error is ErrorCode.RELAY_KEY_CHANGED:
            self._output.error(f"The relay {address} shows another key than before. Nothing was sent.")
            return Exit.SECURITY
        if error is ErrorCode.TOKEN_REFUSED:
            self._output.error(f"The relay {address} lets in only those with a valid token: --token.")
            return Exit.REFUSED
        if error is ErrorCode.REGISTRATION_REFUSED:
            self._output.error(f"The relay {address} refused the registration.")
            return Exit.REFUSED
        if state.unlock_needed:
            self._output.error("The identity is sealed: set WZP_PASSPHRASE.")
            return Exit.USAGE
        if error is ErrorCode.BAD_SETTINGS:
            self._output.error("That relay address cannot be understood; write HOST:PORT.")
            return Exit.USAGE
        self._output.error(f"Cannot reach the relay {address}: is it running, and is UDP allowed on the way?")
        return Exit.CANNOT_REACH

    def settle_trust(self) -> None:
        """Whoever typed a fingerprint has chosen the person; a relay's changed key is nobody's choice."""
        if isinstance(self._state.trust, ContactKeyChanged | EncryptionLost):
            self.submit(AnswerTrust(accept=True, question=self._state.trust))


def _is_final(state: AppState) -> bool:
    final = (
        ErrorCode.RELAY_KEY_CHANGED,
        ErrorCode.REGISTRATION_REFUSED,
        ErrorCode.TOKEN_REFUSED,
        ErrorCode.BAD_SETTINGS,
    )
    return state.unlock_needed or _has_no_identity(state) or state.relay.error in final


def _has_no_identity(state: AppState) -> bool:
    return state.me is None and state.notice is not None


@asynccontextmanager
async def engine_run(options: Namespace, output: Output, sound: AudioSystem | None = None) -> AsyncIterator[EngineRun]:
    """The engine runs until the block ends; `sound` stands above the flags."""
    run = EngineRun(output)
    world = make_world(
        profile=options.profile,
        seed_file=options.seed_file,
        device=options.device,
        play=options.play,
        record=options.record,
        record_debug=options.record_debug,
        alias=options.alias,
        network=network_settings(options),
        sound=sound,
        call=CallSettings(quality=options.quality, allow_unprotected=options.allow_unprotected),
    )
    run.engine = Engine(world, run.on_state, relay=options.relay, token=options.token)
    keep_pace()
    async with task_scope() as tasks:
        tasks.create_task(run.engine.run(), name="engine")
        yield run
