"""Scenes with several relays: who is registered where, and links to relays as other relays dial them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.serve import Relay
from tests.sim.world import RELAY_PORT, Stage
from wzp_core.crypto.handshake import call_offer, register_presence
from wzp_core.crypto.identity import Identity
from wzp_core.io.quic import open_endpoint
from wzp_core.ports import Address, Link
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.call import CallAnswer
from wzp_core.protocol.signal.presence import RegisterPresenceAck

A, B, C, D = (f"203.0.113.{number}" for number in (1, 5, 6, 7))
STRANGER = "198.51.100.66"
ANN, BEN = Identity.from_seed(bytes([1]) * 32), Identity.from_seed(bytes([2]) * 32)
NOBODY = Fingerprint("0000:0000:0000:0000:0000:0000:0000:0000")


def at(*ips: str) -> tuple[Address, ...]:
    return tuple((ip, RELAY_PORT) for ip in ips)


def text(ip: str) -> str:
    return f"{ip}:{RELAY_PORT}"


@asynccontextmanager
async def dialled(stage: Stage, ip: str, relay: Relay, server_name: str) -> AsyncIterator[Link]:
    address = (relay.mesh.node.own_address().partition(":")[0], RELAY_PORT)
    async with open_endpoint(("0.0.0.0", 0), open_socket=stage.internet.host(ip).open_udp) as endpoint:
        yield await endpoint.dial(address, server_name)


@asynccontextmanager
async def registered(stage: Stage, who: Identity, ip: str, relay: Relay) -> AsyncIterator[None]:
    async with dialled(stage, ip, relay, "_signal") as link:
        link.send_signal(register_presence(who, alias=None))
        assert isinstance(await link.receive_signal(), RegisterPresenceAck)
        yield


@asynccontextmanager
async def in_room(stage: Stage, who: Identity, ip: str, relay: Relay) -> AsyncIterator[None]:
    async with dialled(stage, ip, relay, "tea") as link:
        link.send_signal(call_offer(who, ephemeral_secret=bytes(range(32))))
        assert isinstance(await link.receive_signal(), CallAnswer)
        yield
