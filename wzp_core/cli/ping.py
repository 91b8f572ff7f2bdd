"""`wzp ping`: is a relay there, how far, which key, which build."""

import asyncio
from argparse import ArgumentParser, Namespace

from wzp_core.cli.flags import add_common_flags, add_expect_flag, count_from, relay_address
from wzp_core.cli.output import Exit, Output
from wzp_core.compose import open_dialling_endpoint, resolve
from wzp_core.errors import RemoteViolation, Unavailable
from wzp_core.ports import Address, Endpoint
from wzp_core.protocol.address import address_text, split_address

_LIMIT_S = 3.0


def add_flags(parser: ArgumentParser) -> None:
    add_common_flags(parser)
    parser.add_argument("relay", type=relay_address, metavar="HOST:PORT")
    parser.add_argument("--count", type=count_from(1), default=3, help="handshakes to time (%(default)s)")
    add_expect_flag(parser)


async def run(options: Namespace, output: Output) -> Exit:
    parts = split_address(options.relay)
    assert parts is not None  # noqa: S101  # the flag's type has looked at it
    try:
        address = await resolve(*parts)
        async with open_dialling_endpoint(address) as endpoint:
            for _ in range(options.count):
                began = asyncio.get_running_loop().time()
                link = await endpoint.dial(address, "ping", pin=options.expect, timeout_s=_LIMIT_S)
                handshake_ms = (asyncio.get_running_loop().time() - began) * 1000
                output.event(
                    "pong",
                    address=address_text(address),
                    handshake_ms=round(handshake_ms, 2),
                    rtt_ms=round(link.stats().rtt_ms, 2),
                    fingerprint=link.peer_certificate,
                )
                link.close("ping")
            output.summary(relay=options.relay, build=await _build(endpoint, address))
    except RemoteViolation as error:
        output.error(f"Another key than expected: {error.facts.get('got')}")
        return Exit.SECURITY
    except Unavailable as error:
        output.error(f"No answer from {options.relay} ({error}).")
        return Exit.CANNOT_REACH
    return Exit.OK


async def _build(endpoint: Endpoint, address: Address) -> str | None:
    """None where the relay does not tell."""
    try:
        link = await endpoint.dial(address, "version", timeout_s=_LIMIT_S)
        async with asyncio.timeout(_LIMIT_S):
            build = (await link.receive_build()).decode("utf-8", "replace")
    except (Unavailable, TimeoutError):
        return None
    return "".join(c for c in build if c.isprintable())
