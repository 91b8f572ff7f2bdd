"""Several packets of a room in one datagram, for those who asked for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from relay.serve import serve
from tests.loopback.net import ANN, BEN, CLEO, LIMIT_S, Net, config, packet, roster, somebody
from wzp_core.protocol.media.trunk import TRUNKS, TrunkEntry, decode_trunk

ASKING = ("something newer", TRUNKS)


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[Net]:
    async with serve(config(tmp_path, trunking=True)) as relay, AsyncExitStack() as stack:
        yield Net(relay, stack)


async def test_who_asks_hears_trunks_and_who_does_not_hears_packets(net: Net) -> None:
    (ann, own), (ben, _), (cleo, _) = [
        await net.join(who, "general", words=words) for who, words in ((ANN, ()), (BEN, ASKING), (CLEO, ()))
    ]
    assert [answer.words for answer in net.answers] == [(), (TRUNKS,), ()]
    await roster(ann, ANN, BEN, CLEO)
    bens: asyncio.Queue[bytes] = asyncio.Queue()
    cleos: asyncio.Queue[bytes] = asyncio.Queue()
    ben.on_media(bens.put_nowait)
    cleo.on_media(cleos.put_nowait)
    packets = [packet(own, bytes([number]) * 50) for number in range(30)]
    for each in packets:
        ann.send_media(each)
    async with asyncio.timeout(LIMIT_S):
        assert [await cleos.get() for _ in packets] == packets
        heard: list[TrunkEntry] = []
        trunks = 0
        while len(heard) < len(packets):
            heard += decode_trunk(await bens.get())
            trunks += 1
    assert [entry.payload for entry in heard] == packets
    assert {entry.session for entry in heard} == {bytes((0, own))}
    assert trunks < len(packets) / 2


async def test_a_single_packet_leaves_soon_although_nothing_follows(net: Net) -> None:
    (ann, own), (ben, _) = await net.join(ANN, "general"), await net.join(BEN, "general", words=ASKING)
    await roster(ann, ANN, BEN)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    ben.on_media(heard.put_nowait)
    ann.send_media(packet(own, b"alone"))
    async with asyncio.timeout(LIMIT_S):
        (entry,) = decode_trunk(await heard.get())
    assert entry.payload == packet(own, b"alone")


async def test_a_packet_too_long_for_a_trunk_is_not_sent_and_harms_nobody(net: Net) -> None:
    (ann, own), (ben, _) = await net.join(ANN, "general"), await net.join(BEN, "general", words=ASKING)
    await roster(ann, ANN, BEN)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    ben.on_media(heard.put_nowait)
    for length in (1170 - 12, 1170 - 12 - 6, 3):
        assert ann.send_media(packet(own, bytes(length)))
    async with asyncio.timeout(LIMIT_S):
        lengths = [len(entry.payload) for _ in range(2) for entry in decode_trunk(await heard.get())]
    assert lengths == [1164, 15]


async def test_a_relay_that_is_not_told_to_sends_packets_to_everybody(tmp_path: Path) -> None:
    async with serve(config(tmp_path)) as relay, AsyncExitStack() as stack:
        net = Net(relay, stack)
        await net.join(somebody(9), "general", words=ASKING)
        assert net.answers[0].words == ()
