"""`wzp room`: joins a voice room."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from wzp_core.cli.flags import add_engine_flags, seconds
from wzp_core.cli.output import Exit, Output
from wzp_core.cli.session import EngineRun, engine_run
from wzp_core.engine.commands import JoinRoom, LeaveRoom
from wzp_core.errors import ErrorCode
from wzp_core.io.wav import EchoAudio
from wzp_core.session.state import AppState, RoomStage

_JOIN_LIMIT_S = 15.0
_WORDS = {
    ErrorCode.LIMIT: "the room or the relay is full",
    ErrorCode.NOT_ADMITTED: "it is for others",
    ErrorCode.TOKEN_REFUSED: "the relay lets in only those with a valid token",
    ErrorCode.TOKEN_UNCHECKED: "the relay cannot check tokens just now",
}


def add_flags(parser: ArgumentParser) -> None:
    add_engine_flags(parser)
    parser.add_argument("name", help="the room's name")
    parser.add_argument("--echo", action="store_true", help="give back what is heard, for `wzp echo-test`")
    parser.add_argument("--seconds", type=seconds, metavar="S", help="leave after S seconds")


async def run(options: Namespace, output: Output) -> Exit:
    async with engine_run(options, output, EchoAudio() if options.echo else None) as session:
        code = await joined(session, options.name, output)
        if code is not Exit.OK:
            return code
        try:
            return await _follow(session, options.seconds, output)
        finally:
            _summary(session, options.name, output)
            session.submit(LeaveRoom())
            await session.until(lambda s: s.room is None, 2.0)


async def joined(session: EngineRun, room: str, output: Output) -> Exit:
    """OK once we are in the room."""
    code = await session.registered()
    if code is not Exit.OK:
        return code
    session.submit(JoinRoom(room))
    settled = await session.until(_settled, _JOIN_LIMIT_S)
    if not _is_joined(session.state):
        output.error(f"The room {room} could not be joined{_why(session.state)}.")
        return Exit.REFUSED if settled else Exit.CANNOT_REACH
    output.event("joined", room=room, badge="relay_only")
    return Exit.OK


async def _follow(session: EngineRun, seconds: float | None, output: Output) -> Exit:
    shown: tuple[tuple[str, str], ...] = ()

    def roster_changed(state: AppState) -> bool:
        nonlocal shown
        if state.room is None:
            return True
        now = tuple((p.fingerprint, p.alias) for p in state.room.participants)
        if now != shown:
            shown = now
            output.event(
                "participants",
                count=len(now),
                participants=[dict(zip(("fingerprint", "alias"), p, strict=True)) for p in now],
            )
        return False

    await session.until(roster_changed, seconds)
    return Exit.OK if session.state.room is not None else Exit.LOST


def _settled(state: AppState) -> bool:
    return state.room is not None and (state.room.stage is RoomStage.JOINED or state.room.error is not None)


def _is_joined(state: AppState) -> bool:
    return state.room is not None and state.room.stage is RoomStage.JOINED


def _why(state: AppState) -> str:
    code = state.room.error if state.room is not None else None
    return f": {_WORDS.get(code, code.value)}" if code is not None else ""


def _summary(session: EngineRun, name: str, output: Output) -> None:
    room = session.engine.room_session if session.engine is not None else None
    if room is not None:
        got = room.stats()
        output.summary(
            room=name,
            badge="relay_only",
            tx_packets=room.sent_packets,
            rx_packets=got.received,
            opened=got.opened,
            lost=got.missed,
            concealed_ms=got.concealed_ms,
            **asdict(room.sound()),
        )
