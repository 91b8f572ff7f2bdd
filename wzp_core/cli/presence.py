"""`wzp presence`: who is on the relay, live."""

from argparse import ArgumentParser, Namespace

from wzp_core.cli.output import Exit, Output
from wzp_core.cli.session import add_identity_flags, add_token_flag, engine_run
from wzp_core.session.state import AppState, Person


def add_flags(parser: ArgumentParser) -> None:
    add_identity_flags(parser)
    parser.add_argument("--relay", required=True, metavar="HOST:PORT", help="relay to ask")
    add_token_flag(parser)
    parser.add_argument("--seconds", type=float, metavar="S", help="stop after S seconds")
    parser.set_defaults(device="none", play=None, record=None, record_debug=None)
    parser.set_defaults(alias="", path="relay", stun=[], no_stun=True)


async def run(options: Namespace, output: Output) -> Exit:
    async with engine_run(options, output) as session:
        code = await session.registered()
        if code is not Exit.OK:
            return code
        shown: tuple[Person, ...] | None = None

        def changed(state: AppState) -> bool:
            nonlocal shown
            if state.present != shown:
                shown = state.present
                users = [{"fingerprint": p.fingerprint, "alias": p.alias} for p in shown]
                output.event("presence", count=len(users), users=users)
            return False

        await session.until(changed, options.seconds)
        return Exit.OK
