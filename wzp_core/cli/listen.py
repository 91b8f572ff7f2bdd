"""`wzp listen`: registers and answers calls."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace

from wzp_core.cli.call import ended, talk
from wzp_core.cli.flags import add_engine_flags, count_from
from wzp_core.cli.output import Exit, Output
from wzp_core.cli.session import EngineRun, engine_run
from wzp_core.engine.commands import Answer, AnswerCall, HangUp
from wzp_core.engine.scope import task_scope
from wzp_core.session.state import AppState, CallStage

_ANSWERS = {"trusted": Answer.TRUSTED, "private": Answer.PRIVATE, "reject": Answer.DECLINE}


def add_flags(parser: ArgumentParser) -> None:
    add_engine_flags(parser)
    parser.add_argument("--answer", choices=[*_ANSWERS, "manual"], default="trusted", help="how (%(default)s)")
    parser.add_argument("--calls", type=count_from(0), default=0, metavar="N", help="stop after N calls; 0 = never")


async def run(options: Namespace, output: Output) -> Exit:
    async with engine_run(options, output) as session:
        code = await session.registered()
        if code is not Exit.OK:
            return code
        taken = 0
        while not options.calls or taken < options.calls:
            await session.until(_is_incoming)
            session.settle_trust()
            call = session.state.call
            if call is None:
                continue
            decision = _ANSWERS[options.answer] if options.answer != "manual" else await _asked(session)
            if decision is not None:
                session.submit(AnswerCall(call.call_id, decision))
            code = await talk(session, None, output)
            taken += 1
            session.submit(HangUp())
            await session.until(lambda s: not ended(s))
        return code


def _is_incoming(state: AppState) -> bool:
    return state.call is not None and state.call.stage is CallStage.INCOMING


async def _asked(session: EngineRun) -> Answer | None:
    """What is typed; None where the call is over first."""
    print("answer? [t]rusted, [p]rivate, [r]eject: ", end="", file=sys.stderr, flush=True)
    async with task_scope() as tasks:
        typed = tasks.create_task(_typed(), name="keyboard")
        over = tasks.create_task(session.until(ended), name="end of the call")
        await asyncio.wait({typed, over}, return_when=asyncio.FIRST_COMPLETED)
        if not typed.done():
            print(file=sys.stderr)
            return None
        return {"t": Answer.TRUSTED, "p": Answer.PRIVATE}.get(typed.result().strip()[:1].lower(), Answer.DECLINE)


async def _typed() -> str:
    """A line of standard input; whoever waits for it can be cancelled, where the system lets one wait for a key."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    try:
        loop.add_reader(sys.stdin.fileno(), readable.set)
    except (NotImplementedError, OSError):  # Windows, and files, which are always readable
        return await asyncio.to_thread(sys.stdin.readline)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline()
