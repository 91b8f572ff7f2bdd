"""`wzp-relay`: flags, configuration, run."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import Field, asdict
from enum import IntEnum
from pathlib import Path
from typing import Any

from relay.check import configuration_finding, findings
from relay.config import (
    DEFAULT_DATA_DIR,
    IDENTITY_FILE,
    RelayConfig,
    checked,
    example_document,
    merged,
    options,
    read_document,
)
from relay.decide.peers import peer_block
from relay.edge.addresses import address_text, public_text
from relay.identity import load_seed, rotate
from relay.mesh_status import mesh_status
from relay.observe.log_flood import set_log_level, start_logging
from relay.serve import Relay, serve
from wzp_core import __version__
from wzp_core.console import Finding, Parser, ends_with_its_reader
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.identity import relay_tls_seed
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.logs import logger

PROGRAM = "wzp-relay"

log = logger("relay")


class Exit(IntEnum):
    OK = 0
    BAD_SETUP = 1
    USAGE = 2
    NO_PORT = 3


_WORDS = {
    ErrorCode.BAD_SETTINGS: ("configuration: {what}: {reason}", Exit.BAD_SETUP),
    ErrorCode.BAD_FILE: ("cannot use {path}: {reason}", Exit.BAD_SETUP),
    ErrorCode.NO_PORT: ("cannot listen on {transport} {host}:{port}: {cause}", Exit.NO_PORT),
    ErrorCode.UNREACHABLE: ("no relay answers over HTTP on {address}: {reason}", Exit.BAD_SETUP),
}


@ends_with_its_reader
def main(argv: Sequence[str] | None = None) -> int:
    """Runs a relay until SIGTERM or SIGINT; returns the exit code."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.check:
        return _check(args)
    try:
        _flags(args)
    except Unavailable as error:
        parser.error("{what}: {reason}".format(**error.facts))
    try:
        config = _config(args)
        start_logging("%(asctime)s %(levelname)s %(message)s", config.log_level)
        if args.print_fingerprint:
            print(tls_identity(relay_tls_seed(load_seed(config.identity_path))).fingerprint)
        elif args.mesh_status:
            print(mesh_status(config), end="")
        elif args.rotate_identity:
            _rotate(config, as_json=args.json)
        else:
            asyncio.run(_run(config, args))
    except Unavailable as error:
        words, code = _WORDS[error.code]
        print(f"{PROGRAM}: {words.format(**error.facts)}", file=sys.stderr)
        return code
    return Exit.OK


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog=PROGRAM, description="Relay for calls and rooms; headless.")
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="TOML file; written if it is missing")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help=f"where the identity is kept ({DEFAULT_DATA_DIR})")
    parser.add_argument("-i", "--identity", type=Path, metavar="FILE", help=f"seed file (DIR/{IDENTITY_FILE})")
    parser.add_argument("--json", action="store_true", help="one JSON object per event on standard output")
    parser.add_argument("--print-fingerprint", action="store_true", help="print the certificate's fingerprint and exit")
    parser.add_argument(
        "--rotate-identity",
        action="store_true",
        help="replace the identity by one that it vouches for, so that clients follow without a question, and exit",
    )
    parser.add_argument("--check", action="store_true", help="say whether the relay could serve like this, and exit")
    parser.add_argument(
        "--mesh-status", action="store_true", help="ask the running relay how it reaches others, and exit"
    )
    parser.add_argument("-V", "--version", action="version", version=f"{PROGRAM} {__version__}")
    for spec in options():
        _add_flag(parser, spec)
    return parser


def _add_flag(parser: argparse.ArgumentParser, spec: "Field[Any]") -> None:
    name = spec.metadata["flag"] if spec.metadata["table"] else spec.name
    flags = ["--" + each.replace("_", "-") for each in (name, spec.metadata["alias"]) if each]
    words = spec.metadata["words"]
    if not flags:
        return
    if isinstance(spec.default, bool):
        parser.add_argument(*flags, action="store_true", default=None, help=words)
        return
    if spec.metadata["many"]:
        metavar = "NAME" if spec.metadata["table"] else "ADDR"
        parser.add_argument(*flags, dest=spec.name, action="append", metavar=metavar, help=words)
        return
    kind = type(spec.default) if isinstance(spec.default, (int, float)) else str
    name = spec.name.rpartition("_")[2].upper()
    parser.add_argument(*flags, dest=spec.name, type=kind, metavar=name, help=words)


def _config(args: argparse.Namespace) -> RelayConfig:
    flags = _flags(args)
    return merged([_document(args.config, flags), flags])


def _flags(args: argparse.Namespace) -> dict[str, Any]:
    given = {spec: getattr(args, spec.name, None) for spec in options()}
    flags = {spec.name: checked(spec, value) for spec, value in given.items() if value is not None}
    return flags | {name: value for name in ("data_dir", "identity") if (value := getattr(args, name)) is not None}


def _rotate(config: RelayConfig, *, as_json: bool) -> None:
    former, successor = rotate(config.identity_path)
    if as_json:
        print(json.dumps({"event": "rotated", "former": former, "fingerprint": successor}))
        return
    print(f"{PROGRAM}: the next start shows {successor}\n{'':11}instead of    {former}")
    print(f"{'':11}Relays that list this one, and whoever pins it by hand, need the new fingerprint.")


def _check(args: argparse.Namespace) -> int:
    """Changes nothing: neither an example nor an identity is written."""
    try:
        values, unknown = _parsed(args.config) if args.config is not None and args.config.exists() else ({}, [])
        config = merged([values, _flags(args)])
    except Unavailable as error:
        found = [
            Finding("configuration", False, _WORDS[error.code][0].format(**error.facts), "correct that and check again")
        ]
    else:
        found = [configuration_finding(args.config, unknown), *asyncio.run(findings(config))]
    for finding in found:
        if args.json:
            print(json.dumps({"event": "check", **asdict(finding)}))
        else:
            advice = f" ({finding.advice})" if finding.advice else ""
            print(f"{'ok' if finding.ok else 'WRONG':6}{finding.what}: {finding.detail}{advice}")
    problems = sum(not finding.ok for finding in found)
    print(json.dumps({"event": "summary", "problems": problems}) if args.json else f"{problems} to be put right")
    return Exit.BAD_SETUP if problems else Exit.OK


def _document(path: Path | None, flags: dict[str, Any]) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        if not path.exists():
            config = merged([flags])
            fingerprint = tls_identity(relay_tls_seed(load_seed(config.identity_path))).fingerprint
            us = peer_block(public_text(config.advertised_addr, config.listen), fingerprint, config.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{example_document()}\n{_commented(us)}\n", encoding="utf-8")
            print(f"{PROGRAM}: wrote an example to {path}", file=sys.stderr)
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path, reason=error) from error
    return _read(path)


def _commented(us: str) -> str:
    return "\n".join(f"# {line}" for line in ("This relay, as others list it to link with it:", *us.splitlines()))


def _read(path: Path) -> dict[str, Any]:
    values, unknown = _parsed(path)
    for key in unknown:
        print(f"{PROGRAM}: {path}: ignoring unknown key {key!r}", file=sys.stderr)
    return values


def _parsed(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Values and unknown keys."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path, reason=error) from error
    return read_document(text)


async def _run(config: RelayConfig, args: argparse.Namespace) -> None:
    """Until SIGTERM or SIGINT, of which a second one ends the process as if nobody caught it; SIGHUP reloads."""
    loop = asyncio.get_running_loop()
    stopped, hung_up = asyncio.Event(), asyncio.Event()

    def stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        _on_signal(loop, number, stop)
    if hasattr(signal, "SIGHUP"):
        _on_signal(loop, signal.SIGHUP, hung_up.set)
    async with serve(config, on_listening=_announce_json if args.json else _announce) as relay:
        us = peer_block(public_text(config.advertised_addr, relay.address), relay.fingerprint, config.name)
        log.info("relay:for_other_relays, to link with this one:\n%s", us)
        reloads = asyncio.create_task(_keep_reloading(relay, args, hung_up))
        await stopped.wait()
        reloads.cancel()


def _on_signal(loop: asyncio.AbstractEventLoop, number: signal.Signals, act: Callable[[], None]) -> None:
    try:
        loop.add_signal_handler(number, act)
    except NotImplementedError:  # Windows loops have none
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))


async def _keep_reloading(relay: Relay, args: argparse.Namespace, hung_up: asyncio.Event) -> None:
    while True:
        await hung_up.wait()
        hung_up.clear()
        _reload(relay, args)


def _reload(relay: Relay, args: argparse.Namespace) -> None:
    """Reads the file again; one that is missing or wrong changes nothing."""
    try:
        if args.config is None:
            raise Unavailable(ErrorCode.BAD_SETTINGS, what="--config", reason="there is no file to read again")
        config = merged([_read(args.config), _flags(args)])
        waiting = relay.reconfigure(config)
    except Unavailable as error:
        words, _ = _WORDS[error.code]
        print(f"{PROGRAM}: all stays as it was: {words.format(**error.facts)}", file=sys.stderr)
        return
    set_log_level(config.log_level)
    if waiting:
        print(f"{PROGRAM}: {args.config}: only the next start changes {', '.join(waiting)}", file=sys.stderr)


def _announce(relay: Relay) -> None:
    print(f"{PROGRAM} listens on {address_text(relay.address)}, fingerprint {relay.fingerprint}", flush=True)


def _announce_json(relay: Relay) -> None:
    facts = {"event": "listening", "addr": address_text(relay.address), "fingerprint": relay.fingerprint}
    if relay.name:
        facts["name"] = relay.name
    if relay.http_address is not None:
        facts["http"] = address_text(relay.http_address)
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    sys.exit(main())
