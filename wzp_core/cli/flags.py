"""The flags that commands have in common, and what may stand behind them."""

import os
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from math import isfinite
from pathlib import Path

from wzp_core.errors import LocalMisuse, RemoteViolation
from wzp_core.protocol.address import split_address
from wzp_core.protocol.ids import TlsFingerprint, parse_tls_fingerprint
from wzp_core.settings.paths import checked_profile
from wzp_core.settings.schema import QUALITIES

TOKEN_VARIABLE = "WZP_TOKEN"  # noqa: S105


def relay_address(text: str) -> str:
    if split_address(text) is None:
        raise ArgumentTypeError(f"{text!r} cannot be understood; write HOST:PORT")
    return text


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not (isfinite(value) and value > 0):
        raise ArgumentTypeError(f"{text!r} is no length of time; write seconds, more than 0")
    return value


def percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise ArgumentTypeError(f"{text!r} is no share; write a number from 0 to 100")
    return value


def count_from(least: int) -> Callable[[str], int]:
    """Whole numbers that are not less."""

    def count(text: str) -> int:
        if not (text.isascii() and text.isdigit() and int(text) >= least):
            raise ArgumentTypeError(f"{text!r} is no whole number from {least} on")
        return int(text)

    return count


def _profile(text: str) -> str:
    try:
        return checked_profile(text) if text else ""
    except LocalMisuse as error:
        raise ArgumentTypeError(f"{text!r} is no profile's name: small letters, digits, - and _") from error


def _certificate(text: str) -> TlsFingerprint:
    try:
        return parse_tls_fingerprint(text)
    except RemoteViolation as error:
        raise ArgumentTypeError(f"{text!r} is no certificate fingerprint: 64 hex digits are needed") from error


def new_file(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise ArgumentTypeError(f"{text!r} cannot be written: its folder has to exist")
    return path


def add_common_flags(parser: ArgumentParser) -> None:
    """What every command takes, whether or not it matters there, so that a script may give the same to all."""
    parser.add_argument("--profile", type=_profile, default="", metavar="NAME", help="which identity of this machine")
    parser.add_argument(
        "--seed-file", type=Path, metavar="FILE", help="64 hex digits; used instead of the profile's identity"
    )
    parser.add_argument("--device", default="", metavar="NAME", help="sound device; `none` = files only")
    parser.add_argument(
        "--stun",
        type=relay_address,
        nargs="+",
        action="extend",
        default=[],
        metavar="HOST:PORT",
        help="servers that say how we are seen",
    )
    parser.add_argument("--no-stun", action="store_true", help="contact nothing but the relay and the peer")
    parser.add_argument("--json", action="store_true", help="one JSON object per line on stdout")


def add_expect_flag(parser: ArgumentParser) -> None:
    """For commands that do not look at the keys which the app remembers of relays."""
    parser.add_argument("--expect", type=_certificate, metavar="FINGERPRINT", help="certificate the relay must show")


def add_relay_flags(parser: ArgumentParser) -> None:
    add_common_flags(parser)
    parser.add_argument("--relay", type=relay_address, required=True, metavar="HOST:PORT", help="relay to use")
    add_token_flag(parser)


def add_token_flag(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--token",
        default=os.environ.get(TOKEN_VARIABLE, ""),
        help=f"what lets us into the relay; as {TOKEN_VARIABLE} other users of this machine do not see it",
    )


def add_engine_flags(parser: ArgumentParser) -> None:
    add_relay_flags(parser)
    parser.add_argument("--alias", default="", help="the name others see")
    parser.add_argument(
        "--path",
        choices=("auto", "relay", "direct"),
        default="auto",
        help="way of calls; `relay` tells nobody our address, `direct` fails (exit 3) where a call never became direct",
    )
    parser.add_argument("--quality", choices=QUALITIES, default="auto", help="of what is sent (%(default)s)")
    parser.add_argument(
        "--allow-unprotected", action="store_true", help="call older programs too, protected to the relay only"
    )
    parser.add_argument("--play", type=Path, metavar="WAV", help="what the microphone hears")
    parser.add_argument("--record", type=new_file, metavar="WAV", help="where the speaker goes (48 kHz mono)")
    parser.add_argument(
        "--record-debug",
        type=Path,
        metavar="DIR",
        help="write microphone, echo reference and what is sent there, for 10 minutes at the most",
    )
