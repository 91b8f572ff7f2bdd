"""`wzp-desktop`: flags, then the app; with `--relay-only` the relay alone, without Qt."""

import argparse
import logging
import sys
from collections.abc import Sequence

from wzp_core import __version__
from wzp_core.console import Parser, ends_with_its_reader
from wzp_core.errors import LocalMisuse
from wzp_core.logs import RecentLines
from wzp_core.protocol.address import split_address
from wzp_core.settings.paths import DEFAULT_PROFILE, checked_profile

PROGRAM = "wzp-desktop"
RELAY_ONLY = "--relay-only"


@ends_with_its_reader
def main(argv: Sequence[str] | None = None) -> int:
    """Runs until the user quits; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if RELAY_ONLY in arguments:
        from relay.__main__ import main as relay_main

        return relay_main([each for each in arguments if each != RELAY_ONLY])
    flags = _parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger().addHandler(RecentLines())
    logging.getLogger("wzp").setLevel(logging.DEBUG if flags.verbose else logging.INFO)
    # Qt is loaded only here: the relay, the help and a wrong flag do without.
    try:
        from wzp_desktop.app import Options, engine_host, run_app
    except ImportError as missing:  # set up for the relay alone, or a library of the system is missing
        words = "./dev run, or pip install 'wzp-desktop[desktop]', installs what the window needs"
        sys.exit(f"{PROGRAM}: {missing}: {words}; {RELAY_ONLY} does without")

    link = flags.open or flags.link or ""
    return run_app(
        Options(profile=flags.profile, relay=flags.relay or "", link=link, ask_outside=not flags.no_stun), engine_host
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog=PROGRAM, description="End-to-end encrypted calls.", epilog=f"With {RELAY_ONLY}: a relay and nothing else."
    )
    parser.add_argument("link", nargs="?", metavar="wzp:FINGERPRINT", help="as --open; how the desktop opens links")
    parser.add_argument("--profile", type=_profile, default=DEFAULT_PROFILE, help="which identity (%(default)s)")
    parser.add_argument("--relay", type=_address, metavar="HOST:PORT", help="use this relay")
    parser.add_argument("--open", metavar="wzp:FINGERPRINT", help="put this fingerprint into the dial field")
    parser.add_argument("--no-stun", action="store_true", help="contact nothing but the relay and the peers")
    parser.add_argument("-v", "--verbose", action="store_true", help="log each step")
    parser.add_argument("-V", "--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser


def _profile(text: str) -> str:
    try:
        return checked_profile(text)
    except LocalMisuse as error:
        raise argparse.ArgumentTypeError(f"not a profile name: {text}") from error


def _address(text: str) -> str:
    if split_address(text) is None:
        raise argparse.ArgumentTypeError(f"not host:port: {text}")
    return text


if __name__ == "__main__":
    sys.exit(main())
