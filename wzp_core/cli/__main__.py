"""`wzp`: everything the program can do, without a window."""

import argparse
import asyncio
import logging
import signal
import sys
from contextlib import suppress

from wzp_core import __version__
from wzp_core.cli.output import Exit, Output
from wzp_core.console import Parser, ends_with_its_reader
from wzp_core.errors import ErrorCode, WzpError

try:
    from wzp_core.cli import (
        analyze,
        bench,
        call,
        doctor,
        drift_test,
        echo_test,
        identity,
        listen,
        netcheck,
        ping,
        presence,
        room,
        sweep,
        web,
    )
except ModuleNotFoundError as missing:  # on a server that was set up for the relay alone
    sys.exit(f"wzp: the package {missing.name} is not installed; in the project's folder, ./dev setup installs all")

_COMMANDS = {
    "call": (call, "one call to a fingerprint"),
    "listen": (listen, "register and answer calls"),
    "room": (room, "join a voice room"),
    "presence": (presence, "who is on a relay, live"),
    "ping": (ping, "is a relay there, and which key has it"),
    "netcheck": (netcheck, "what the network lets through; will direct calls work"),
    "identity": (identity, "show, make, back up, restore the identity"),
    "doctor": (doctor, "what works on this machine"),
    "echo-test": (echo_test, "how a tone comes back from a room that echoes"),
    "drift-test": (drift_test, "whether it comes back as long as it was sent"),
    "analyze": (analyze, "how the streams of a room fare, without a word of ours"),
    "sweep": (sweep, "what the jitter buffer makes of links"),
    "web": (web, "rooms in a browser"),
    "bench": (bench, "how well speech survives bad links, and what a relay costs"),
}


_OF_A_FILE = {
    ErrorCode.BAD_FILE: "cannot be used; sound has to be a mono 16-bit WAV of 8, 16 or 48 kHz",
    ErrorCode.CANNOT_RECORD: "cannot be written",
}


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="wzp", description=__doc__)
    top.add_argument("--version", action="version", version=__version__)
    top.add_argument("--verbose", action="store_true", help="log every step on stderr")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, words) in _COMMANDS.items():
        module.add_flags(commands.add_parser(name, help=words, description=module.__doc__))
    return top


@ends_with_its_reader
def main(argv: list[str] | None = None) -> int:
    """Returns the exit code of the command-line contract."""
    options = parser().parse_args(argv)
    level = logging.DEBUG if options.verbose else logging.ERROR  # a command says itself what went wrong
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    output = Output(as_json=options.json)
    try:
        return asyncio.run(_run(options, output))
    except WzpError as error:
        words = _OF_A_FILE.get(error.code)
        if words is None:
            output.error(f"Failed: {error}")
            return Exit.CANNOT_REACH
        output.error(f"The file {error.facts.get('path', '')} {words}.")
        return Exit.USAGE


async def _run(options: argparse.Namespace, output: Output) -> int:
    """SIGINT and SIGTERM end a command as if it were over: it says goodbye and prints its summary."""
    module, _ = _COMMANDS[options.command]
    work = asyncio.ensure_future(module.run(options, output))
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        return int(await work)
    except asyncio.CancelledError:
        return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
