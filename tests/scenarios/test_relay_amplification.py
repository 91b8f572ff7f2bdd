"""Whoever forges an address draws at most three times what it sends onto it (RFC 9000 §8)."""

import asyncio
import random
from collections.abc import Callable, Iterator

import pytest

from tests.sim.enemy import first_flight, joined, somebody, weighed
from tests.sim.world import RELAY_IP, RELAY_PORT, Stage
from wzp_core.io.quic import open_endpoint

Scene = Callable[..., None]
Forgery = Callable[[random.Random], bytes]
RELAY = (RELAY_IP, RELAY_PORT)
VICTIM = "192.0.2.200"


def initial(chance: random.Random) -> bytes:
    return first_flight(chance, RELAY)


def junk_after_an_initial_header(chance: random.Random) -> bytes:
    return first_flight(chance, RELAY)[:60] + chance.randbytes(1140)


def short_initial(chance: random.Random) -> bytes:
    return first_flight(chance, RELAY)[:1199]


def unknown_version(chance: random.Random) -> bytes:
    return b"\xc0\x0a\x0a\x0a\x0a\x08" + chance.randbytes(8) + b"\x08" + chance.randbytes(1185)


def short_unknown_version(chance: random.Random) -> bytes:
    return unknown_version(chance)[:40]


def of_no_connection(chance: random.Random) -> bytes:
    return b"\x40" + chance.randbytes(chance.choice((10, 21, 22, 23, 40, 60, 1199)))


def handshake_of_no_connection(chance: random.Random) -> bytes:
    return b"\xe0\x00\x00\x00\x01\x08" + chance.randbytes(8) + b"\x08" + chance.randbytes(1185)


def not_quic(chance: random.Random) -> bytes:
    return b"\x00\x01\x00\x00\x21\x12\xa4\x42" + chance.randbytes(12)


KINDS: list[Forgery] = [
    initial,
    junk_after_an_initial_header,
    short_initial,
    unknown_version,
    short_unknown_version,
    of_no_connection,
    handshake_of_no_connection,
    not_quic,
]
ANSWERED = {initial, junk_after_an_initial_header, unknown_version, of_no_connection}  # at least with a Retry


@pytest.mark.parametrize("forgery", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("victims", [1, 300])
def test_a_flood_from_a_forged_address_is_not_amplified(scene: Scene, forgery: Forgery, victims: int) -> None:
    async def script(stage: Stage) -> None:
        chance = random.Random(3)
        async with stage.relay():
            with weighed(stage.internet) as weights:
                for number in range(300):
                    host = f"192.0.{2 + number % victims // 100}.{100 + number % victims % 100}"
                    data = forgery(chance)
                    for _ in range(2):  # the second time it is a replay
                        stage.internet.carry(data, (host, 1000 + number), RELAY)
                    if number % 10 == 0:
                        await asyncio.sleep(0.01)
                await asyncio.sleep(40)  # with whatever is repeated
            ratios = dict(_ratios(weights))
            assert len(ratios) == victims
            assert max(ratios.values()) <= 3.0
            assert (max(ratios.values()) > 0) == (forgery in ANSWERED)

    scene(script)


def _ratios(weights: dict[tuple[str, str], int]) -> Iterator[tuple[str, float]]:
    for (source, target), sent in list(weights.items()):
        if target == RELAY_IP:
            yield source, weights.get((RELAY_IP, source), 0) / sent


def test_a_participant_that_moves_to_a_forged_address_draws_no_media_there(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        host, other = stage.internet.host("192.0.2.66"), stage.internet.host("192.0.2.67")
        async with (
            stage.relay(),
            open_endpoint(("0.0.0.0", 0), open_socket=host.open_udp) as endpoint,
            open_endpoint(("0.0.0.0", 0), open_socket=other.open_udp) as speakers,
        ):
            enemy = await joined(endpoint, RELAY, "plaza", somebody(1))
            loud = [await joined(speakers, RELAY, "plaza", somebody(number)) for number in (2, 3, 4, 5)]
            with weighed(stage.internet) as weights:
                udp = endpoint._sockets.main._udp
                at_home = udp.local_address
                udp.local_address = (VICTIM, 4000)  # type: ignore[misc]
                for number in range(1000):
                    if number % 50 == 0:
                        enemy.probe()
                    for link in loud:
                        link.send_media(bytes.fromhex("000000010000001400000000") + bytes(200))
                    await asyncio.sleep(0.02)
                udp.local_address = at_home  # type: ignore[misc]
            assert weights[VICTIM, RELAY_IP] > 0
            assert weights[RELAY_IP, VICTIM] <= 3 * weights[VICTIM, RELAY_IP]

    scene(script)
