"""`wzp presence`: who is on the relay, live."""

from argparse import ArgumentParser, Namespace

from wzp_core.cli.flags import add_relay_flags, seconds
from wzp_core.cli.output import Exit, Output
from wzp_core.cli.session import engine_run
from wzp_core.session.state import AppState, Person


def add_flags(parser: ArgumentParser) -> None:
    add_relay_flags(parser)
    parser.add_argument("--seconds", type=seconds, metavar="S", help="stop after S seconds")
    parser.set_defaults(
        play=None, record=None, record_debug=None, quality="auto", allow_unprotected=False, alias="", path="relay"
    )


async def run(options: Namespace, output: Output) -> Exit:
    options.device, options.no_stun = "none", True  # nobody is talked to: no sound, and no address to be found out
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
