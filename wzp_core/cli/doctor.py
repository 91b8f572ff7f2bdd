"""`wzp doctor`: what works on this machine, and what to do about what does not.

`wzp doctor relay` hands over to `wzp-relay --check`, a program of its own: the core does not know the relay.
"""

import asyncio
import importlib.util
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator

from wzp_core.cli.flags import add_common_flags
from wzp_core.cli.output import Exit, Output
from wzp_core.codec.libopus import opus_library
from wzp_core.compose import given_passphrase, make_audio, make_seeds
from wzp_core.console import Finding
from wzp_core.errors import WzpError
from wzp_core.io.udp import bind_udp
from wzp_core.protocol.address import DEFAULT_PORT


def add_flags(parser: ArgumentParser) -> None:
    add_common_flags(parser)
    parser.add_argument("what", nargs="?", choices=["relay"], help="look at a relay's settings and ports instead")
    parser.add_argument("--config", metavar="FILE", help="the relay's TOML file")


async def run(options: Namespace, output: Output) -> int:
    if options.what == "relay":
        return await _check_relay(options, output)
    bad = 0
    async for finding in _findings(options):
        bad += not finding.ok
        output.event(
            "check",
            what=finding.what,
            ok=finding.ok,
            detail=finding.detail,
            advice="" if finding.ok else finding.advice,
        )
    output.summary(problems=bad)
    return Exit.OK


async def _check_relay(options: Namespace, output: Output) -> int:
    """The exit code of the check."""
    if importlib.util.find_spec("relay") is None:
        output.error("The relay is not installed here.")
        return Exit.USAGE
    arguments = ["--check", *(["--json"] if options.json else []), *(["-c", options.config] if options.config else [])]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "relay", *arguments)
    return await process.wait()


async def _findings(options: Namespace) -> AsyncIterator[Finding]:
    yield _opus()
    yield _dred()
    yield await _devices()
    yield await _identity(options)
    yield await _port()
    desktop = importlib.util.find_spec("PySide6") is not None
    yield Finding("desktop", desktop, "PySide6 is there" if desktop else "no PySide6", "./dev run installs it")


def _opus() -> Finding:
    try:
        return Finding("opus", True, opus_library().version)
    except WzpError as error:
        return Finding("opus", False, str(error), "install libopus0, or run ./dev setup")


def _dred() -> Finding:
    try:
        has = opus_library().has_dred
    except WzpError:
        has = False
    advice = "run ./dev setup: it builds libopus with DRED; without it gaps are concealed less well"
    return Finding("dred", has, "deep redundancy available" if has else "this libopus has no DRED", advice)


async def _devices() -> Finding:
    try:
        inputs, outputs = await make_audio("").names()
    except WzpError as error:
        return Finding("sound", False, str(error), "install libportaudio2 and a sound server (PulseAudio or PipeWire)")
    ok = bool(inputs and outputs)
    return Finding("sound", ok, f"{len(inputs)} inputs, {len(outputs)} outputs", "connect a microphone and a speaker")


async def _identity(options: Namespace) -> Finding:
    try:
        found = await make_seeds(options.profile, options.seed_file).load(given_passphrase())
    except WzpError as error:
        return Finding("identity", False, str(error), "set WZP_PASSPHRASE, or unlock the keyring")
    where = found[1].value if found is not None else "none yet; the first start makes one"
    return Finding("identity", True, where)


async def _port() -> Finding:
    try:
        bind_udp(("0.0.0.0", DEFAULT_PORT), lambda _data, _address: None).close()  # noqa: S104
    except WzpError:
        return Finding("port", True, f"UDP {DEFAULT_PORT} is in use; an own relay takes the next free port")
    return Finding("port", True, f"UDP {DEFAULT_PORT} is free for an own relay")
