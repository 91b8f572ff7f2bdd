"""`wzp listen`: registers and answers calls."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace

from wzp_core.cli.call import ended, talk
from wzp_core.cli.output import Exit, Output
from wzp_core.cli.session import add_engine_flags, engine_run
from wzp_core.engine.commands import Answer, AnswerCall, HangUp
from wzp_core.session.state import AppState, CallStage

_ANSWERS = {"trusted": Answer.TRUSTED, "private": Answer.PRIVATE, "reject": Answer.DECLINE}


def add_flags(parser: ArgumentParser) -> None:
    add_engine_flags(parser)
    parser.add_argument("--answer", choices=[*_ANSWERS, "manual"], default="trusted", help="how (%(default)s)")
    parser.add_argument("--calls", type=int, default=0, metavar="N", help="stop after N calls; 0 = never")


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
            session.submit(AnswerCall(call.call_id, await _decision(options.answer)))
            code = await talk(session, None, output)
            taken += 1
            session.submit(HangUp())
            await session.until(lambda s: not ended(s))
        return code


def _is_incoming(state: AppState) -> bool:
    return state.call is not None and state.call.stage is CallStage.INCOMING


async def _decision(how: str) -> Answer:
    if how != "manual":
        return _ANSWERS[how]
    print("answer? [t]rusted, [p]rivate, [r]eject: ", end="", file=sys.stderr, flush=True)
    line = await asyncio.to_thread(sys.stdin.readline)
    return {"t": Answer.TRUSTED, "p": Answer.PRIVATE}.get(line.strip()[:1].lower(), Answer.DECLINE)
