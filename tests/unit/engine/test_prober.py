"""Checks between two ends and what strangers get of them, without any network."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wzp_core.engine.prober import MOST_PROBES, Pair, Prober
from wzp_core.nat.probe import PROBE_BYTES, Probe, ProbeKind, encode_probe, probe_key, read_probe
from wzp_core.ports import Address, RawHandler

KEY = probe_key(b"\x01" * 32)
PEER, STRANGER = ("198.51.100.2", 40_000), ("203.0.113.66", 9)


@dataclass
class Wire:
    """An endpoint's raw half; remembers what leaves."""

    sent: list[tuple[bytes, Address]] = field(default_factory=list)
    handlers: list[RawHandler] = field(default_factory=list)

    def on_raw(self, handler: RawHandler) -> Callable[[], None]:
        self.handlers.append(handler)
        return lambda: self.handlers.remove(handler)

    def send_raw(self, data: bytes, address: Address) -> None:
        self.sent.append((data, address))


def ours(wire: Any, pairs: list[Pair]) -> Prober:
    chance = random.Random(1)
    return Prober(wire, KEY, from_caller=True, entropy=chance.randbytes, on_pair=pairs.append)


def request(number: int, key: bytes = KEY, *, from_caller: bool = False) -> bytes:
    nonce = number.to_bytes(8, "big") + bytes(8)
    return encode_probe(Probe(kind=ProbeKind.REQUEST, from_caller=from_caller, nonce=nonce), key)


def test_a_request_is_answered_by_as_many_bytes_and_only_the_confirmation_proves_the_asker() -> None:
    wire, pairs = Wire(), list[Pair]()
    prober = ours(wire, pairs)
    assert prober._received(request(7), STRANGER, wire)
    [(reply, to)] = wire.sent
    assert (to, len(reply)) == (STRANGER, PROBE_BYTES)
    assert pairs == []  # whoever replays a request from elsewhere proves nothing
    challenge = read_probe(reply, KEY).nonce[8:]
    wrong = encode_probe(Probe(kind=ProbeKind.CONFIRM, from_caller=False, nonce=bytes(16)), KEY)
    prober._received(wrong, PEER, wire)
    assert pairs == []
    right = encode_probe(Probe(kind=ProbeKind.CONFIRM, from_caller=False, nonce=challenge + bytes(8)), KEY)
    prober._received(right, PEER, wire)
    prober._received(right, STRANGER, wire)  # replayed
    assert pairs == [Pair(PEER, wire)]
    assert len(wire.sent) == 1


def test_nothing_is_said_to_who_does_not_hold_the_key() -> None:
    wire, pairs = Wire(), list[Pair]()
    prober = ours(wire, pairs)
    assert not prober._received(request(7, probe_key(b"\x02" * 32)), STRANGER, wire)
    assert not prober._received(b"\x3a" + bytes(39), STRANGER, wire)
    assert prober._received(request(7, from_caller=True), STRANGER, wire)  # our own, sent back
    assert (wire.sent, pairs) == ([], [])


def test_an_answer_that_was_not_asked_for_proves_nothing() -> None:
    wire, pairs = Wire(), list[Pair]()
    prober = ours(wire, pairs)
    prober._received(encode_probe(Probe(kind=ProbeKind.REPLY, from_caller=False, nonce=bytes(16)), KEY), PEER, wire)
    assert (wire.sent, pairs) == ([], [])


def test_two_ends_find_each_other_and_one_search_sends_a_bounded_number() -> None:
    wire, pairs = Wire(), list[Pair]()
    prober = ours(wire, pairs)
    prober.check(PEER)
    asked = read_probe(wire.sent[0][0], KEY).nonce[:8]
    answer = encode_probe(Probe(kind=ProbeKind.REPLY, from_caller=False, nonce=asked + b"12345678"), KEY)
    prober._received(answer, PEER, wire)
    assert pairs == [Pair(PEER, wire)]
    confirmed = read_probe(wire.sent[1][0], KEY)
    assert (confirmed.kind, confirmed.nonce[:8]) == (ProbeKind.CONFIRM, b"12345678")
    for number in range(MOST_PROBES + 100):
        prober._received(request(number), PEER, wire)
    assert len(wire.sent) == MOST_PROBES


async def test_a_search_that_ends_listens_no_more() -> None:
    wire = Wire()
    running = asyncio.ensure_future(ours(wire, []).run())
    await asyncio.sleep(0)
    assert len(wire.handlers) == 1
    running.cancel()
    await asyncio.wait({running})
    assert wire.handlers == []
