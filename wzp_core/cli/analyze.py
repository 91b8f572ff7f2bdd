"""`wzp analyze`: joins a room, says nothing, and tells how its streams fare; or the same of a capture."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from wzp_core.cli.analysis import Analysis
from wzp_core.cli.analysis_page import page
from wzp_core.cli.bench_table import table
from wzp_core.cli.captured import Origin, read_capture, write_origin, write_packet
from wzp_core.cli.flags import add_common_flags, add_expect_flag, add_token_flag, new_file, relay_address, seconds
from wzp_core.cli.output import Exit, Output
from wzp_core.compose import GivenSeed, entropy, open_dialling_endpoint, resolve
from wzp_core.crypto.identity import Identity
from wzp_core.crypto.rooms import server_name
from wzp_core.engine.media_room import Joined, join_media_room
from wzp_core.engine.scope import task_scope
from wzp_core.errors import RemoteViolation, Unavailable
from wzp_core.ports import Link
from wzp_core.protocol.address import split_address
from wzp_core.protocol.refusal import REFUSALS
from wzp_core.protocol.signal.room import RoomUpdate

_TOLD_S: Final = 2.0
_DRAWN_S: Final = 0.1
_CLEARED: Final = "\033[H\033[2J"  # the cursor at the top of an empty screen
_COLUMNS: Final = (
    ("name", "Name"),
    ("codec", "Codec"),
    ("packets", "Packets"),
    ("loss_pct", "Loss %"),
    ("jitter_ms", "Jitter ms"),
    ("switches", "Switches"),
    ("duration_s", "Seconds"),
)


def add_flags(parser: ArgumentParser) -> None:
    add_common_flags(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--relay", type=relay_address, metavar="HOST:PORT", help="relay to use")
    source.add_argument("--replay", type=Path, metavar="FILE", help="a capture instead of a room")
    parser.add_argument("-r", "--room", default="general", metavar="NAME", help="(%(default)s)")
    add_expect_flag(parser)
    add_token_flag(parser)
    parser.add_argument("--capture", type=new_file, metavar="FILE", help="write all packets there")
    parser.add_argument("--html", type=new_file, metavar="FILE", help="write a page with the course of loss and jitter")
    parser.add_argument("--seconds", "--duration", type=seconds, metavar="S", help="stop after S seconds")
    parser.add_argument("--no-tui", action="store_true", help="figures every 2 s instead of a table that stays")


async def run(options: Namespace, output: Output) -> Exit:
    analysis, code = Analysis(), Exit.OK
    if options.replay is not None:
        origin, packets = read_capture(options.replay)
        for at_s, packet in packets:
            analysis.receive(packet, at_s)
    else:
        began = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        origin = Origin(room=options.room, relay=options.relay, start_time=began)
        with suppress(asyncio.CancelledError):  # Ctrl-C ends the listening, and the rest follows
            code = await _listen(analysis, origin, options, output)
    if code is Exit.OK:
        output.text(table(analysis.figures(), _COLUMNS))
        output.figures("summary", room=origin.room, **analysis.totals(), streams=analysis.figures())
        if options.html is not None:
            options.html.write_text(page(analysis, origin), "utf-8")
    return code


async def _listen(analysis: Analysis, origin: Origin, options: Namespace, output: Output) -> Exit:
    """Until the relay, the time or the user ends it."""
    host, port = split_address(options.relay) or ("", 0)
    given = await GivenSeed(options.seed_file).load() if options.seed_file is not None else None
    try:
        address = await resolve(host, port)
        async with open_dialling_endpoint(address) as endpoint:
            joined = await join_media_room(
                endpoint,
                address,
                server_name(options.room),
                Identity.from_seed(given[0] if given is not None else entropy(32)),
                alias="",
                pin=options.expect,
                token=options.token,
                ephemeral_secret=entropy(32),
            )
            output.event("joined", room=options.room, badge="relay_only")
            if options.capture is None:
                return await _follow(joined, analysis, None, options, output)
            with options.capture.open("wb") as capture:
                write_origin(capture, origin)
                return await _follow(joined, analysis, capture, options, output)
    except Unavailable as error:
        output.error(f"The room {options.room} on {options.relay} could not be joined ({error.code.value}).")
        return Exit.REFUSED if error.code in REFUSALS else Exit.CANNOT_REACH
    except RemoteViolation as error:
        output.error(f"The relay {options.relay} cannot be trusted ({error.code.value}).")
        return Exit.SECURITY


async def _follow(
    joined: Joined, analysis: Analysis, capture: BinaryIO | None, options: Namespace, output: Output
) -> Exit:
    loop = asyncio.get_running_loop()
    began = loop.time()

    def received(datagram: bytes) -> None:
        at_s = loop.time() - began
        analysis.receive(datagram, at_s)
        if capture is not None:
            write_packet(capture, at_s, datagram)

    joined.on_media(received)
    stays = not options.no_tui and not options.json and sys.stdout.isatty()
    async with task_scope() as tasks:
        tasks.create_task(_name(joined.link, analysis), name="names")
        tasks.create_task(_draw(analysis, output) if stays else _tell(analysis, output), name="figures")
        try:
            async with asyncio.timeout(options.seconds):
                await joined.link.wait_closed()
        except TimeoutError:
            joined.link.close("hangup")
            return Exit.OK
    output.error("The relay ended the connection.")
    return Exit.LOST


async def _name(link: Link, analysis: Analysis) -> None:
    with suppress(Unavailable):
        while True:
            message = await link.receive_signal()
            if isinstance(message, RoomUpdate):
                analysis.name({p.stream_id: p.alias or p.fingerprint for p in message.participants if p.stream_id})


async def _tell(analysis: Analysis, output: Output) -> None:
    while True:
        await asyncio.sleep(_TOLD_S)
        output.figures("stats", **analysis.totals(), streams=analysis.figures())
        output.text(table(analysis.figures(), _COLUMNS))


async def _draw(analysis: Analysis, output: Output) -> None:
    while True:
        await asyncio.sleep(_DRAWN_S)
        totals = "  ".join(f"{count} {what}" for what, count in analysis.totals().items())
        output.text(f"{_CLEARED}{totals}\n\n{table(analysis.figures(), _COLUMNS)}")
