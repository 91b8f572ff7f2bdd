"""`wzp call`: one call, with everything that happens in it."""

import asyncio
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import Any

from wzp_core.cli.flags import add_engine_flags, seconds
from wzp_core.cli.output import EXIT_OF_END, Exit, Output
from wzp_core.cli.session import EngineRun, engine_run
from wzp_core.engine.commands import HangUp, PlaceCall
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import parse_fingerprint
from wzp_core.session.report import CallReport
from wzp_core.session.state import AppState, CallStage

_GOODBYE_LIMIT_S = 5.0
_STATS_INTERVAL_S = 1.0


def add_flags(parser: ArgumentParser) -> None:
    add_engine_flags(parser)
    parser.add_argument("fingerprint", help="whom to call")
    parser.add_argument("--seconds", type=seconds, metavar="S", help="hang up after S seconds of media")


async def run(options: Namespace, output: Output) -> Exit:
    try:
        target = parse_fingerprint(options.fingerprint)
    except RemoteViolation:
        output.error("That is not a fingerprint: 32 hex digits are needed.")
        return Exit.USAGE
    async with engine_run(options, output) as session:
        code = await session.registered()
        if code is not Exit.OK:
            output.summary(**summary(CallReport(), path=None, reason=code.name.lower()))
            return code
        session.submit(PlaceCall(target))
        await session.until(lambda s: s.call is not None or s.trust is not None or s.notice is not None)
        session.settle_trust()
        if session.state.notice is not None:
            return _refused(session.state.notice.code, output)
        code = await talk(session, options.seconds, output)
        if options.path == "direct" and code is Exit.OK and not _was_direct(session):
            output.error("The call never became direct; it went through the relay.")
            return Exit.CANNOT_REACH
        return code


def _refused(code: ErrorCode, output: Output) -> Exit:
    match code:
        case ErrorCode.BAD_VALUE:
            output.error("One cannot call oneself.")
            return Exit.USAGE
        case ErrorCode.NOT_REGISTERED:
            output.error("The relay was lost before the call began.")
            return Exit.CANNOT_REACH
    output.error("Busy.")
    return Exit.USAGE


async def talk(session: EngineRun, seconds: float | None, output: Output) -> Exit:
    """Follows the call to its end and prints the summary."""
    try:
        await session.until(lambda s: ended(s) or (s.call is not None and s.call.started_at_unix is not None))
        if not ended(session.state) and not await _followed(session, seconds, output):
            await hang_up(session)
    except asyncio.CancelledError:
        await hang_up(session)
        raise
    finally:
        print_summary(session, output)
    call = session.state.call
    if call is None or call.ended is None:
        return Exit.LOST
    return Exit.SECURITY if call.ended_code is ErrorCode.DOWNGRADE else EXIT_OF_END[call.ended]


async def _followed(session: EngineRun, seconds: float | None, output: Output) -> bool:
    """Whether the call ended within its time; says how it fares meanwhile."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds if seconds is not None else float("inf")
    while (left := until - loop.time()) > 0:
        if await session.until(ended, min(_STATS_INTERVAL_S, left)):
            return True
        report = _report(session)
        if report is not None:
            got = report.received
            output.figures(
                "stats",
                opened=got.opened,
                lost=got.missed,
                late=got.late,
                concealed_ms=got.concealed_ms,
                silent_ms=got.silent_ms,
                jitter_delay_ms=round(got.jitter_delay_ms, 1),
            )
    return False


def _report(session: EngineRun) -> CallReport | None:
    calls = session.engine.calls if session.engine is not None else None
    return calls.report() if calls is not None else None


def _was_direct(session: EngineRun) -> bool:
    report = _report(session)
    return report is not None and report.time_to_direct_ms is not None


def ended(state: AppState) -> bool:
    return state.call is not None and state.call.stage is CallStage.ENDED


async def hang_up(session: EngineRun) -> None:
    session.submit(HangUp())
    await session.until(ended, _GOODBYE_LIMIT_S)


def print_summary(session: EngineRun, output: Output) -> None:
    report = _report(session)
    call = session.state.call
    if report is not None and call is not None:
        reason = call.ended.value if call.ended is not None else None
        output.summary(**summary(report, path=call.media.path, reason=reason))


def summary(report: CallReport, *, path: str | None, reason: str | None) -> dict[str, Any]:
    """The fields that scripts rely on."""
    got = report.received
    return {
        "call_id": report.call_id,
        "badge": report.badge.value,
        "setup_ms": None if report.setup_ms is None else round(report.setup_ms, 1),
        "path": path,
        "time_to_direct_ms": None if report.time_to_direct_ms is None else round(report.time_to_direct_ms, 1),
        "probes_sent": report.probes_sent,
        "tx_packets": report.tx_packets,
        "rx_packets": got.received,
        "lost": got.missed,
        "late": got.late,
        "duplicated": got.duplicated,
        "opened": got.opened,
        "rejected": got.rejected,
        "concealed_ms": got.concealed_ms,
        "silent_ms": got.silent_ms,
        "dred_frames": got.dred_frames,
        "fec_frames": got.fec_frames,
        "plc_frames": got.plc_frames,
        "jitter_delay_ms": round(got.jitter_delay_ms, 1),
        "mouth_to_ear_ms": None if report.mouth_to_ear is None else round(report.mouth_to_ear.total, 1),
        "mouth_to_ear_by_stage": None if report.mouth_to_ear is None else _rounded(asdict(report.mouth_to_ear)),
        "quality_tx": report.quality_tx,
        "quality_rx": report.quality_rx,
        "reconnects": report.reconnects,
        **asdict(report.sound),
        "reason": reason,
    }


def _rounded(stages: dict[str, float]) -> dict[str, float]:
    return {stage: round(ms, 1) for stage, ms in stages.items()}
