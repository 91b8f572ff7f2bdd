"""Two relays over real QUIC on the loopback interface, each with a certificate of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from relay.config import IDENTITY_FILE, PeerRelay, RelayConfig, TrustedRelay
from relay.identity import load_seed
from relay.serve import serve
from tests.loopback.test_relay import ANN, BEN, CLEO, CLIENT, LIMIT_S, Net, config, packet, roster
from wzp_core.crypto.certificate import TlsIdentity, tls_identity
from wzp_core.crypto.identity import relay_tls_seed
from wzp_core.io.quic import open_endpoint
from wzp_core.protocol.signal.federation import FederationHello, GlobalRoomActive
from wzp_core.protocol.signal.room import RoomParticipant


def key(folder: Path) -> TlsIdentity:
    return tls_identity(relay_tls_seed(load_seed(folder / IDENTITY_FILE)))


@pytest.fixture
async def nets(tmp_path: Path) -> AsyncIterator[tuple[Net, Net]]:
    """Of two linked relays; the first one dials."""
    folders = tmp_path / "a", tmp_path / "b"
    shared = {"global_rooms": ("general",)}
    accepting: RelayConfig = replace(
        config(folders[1]), trusted=(TrustedRelay(fingerprint=key(folders[0]).fingerprint, label="A"),), **shared
    )
    async with serve(accepting) as second, AsyncExitStack() as stack:
        host, port = second.address
        peer = PeerRelay(url=f"{host}:{port}", fingerprint=second.fingerprint, label="B")
        async with serve(replace(config(folders[0]), peers=(peer,), **shared)) as first:
            async with asyncio.timeout(LIMIT_S):
                while not (first.federation.stats()[0].up and second.federation.stats()[0].up):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            yield Net(first, stack), Net(second, stack)


async def test_members_on_two_relays_are_in_one_room(nets: tuple[Net, Net]) -> None:
    here, there = nets
    members = [  # with numbers, since by chance two relays may give out the same, and somebody has to come again
        await here.join(ANN, "general", 10),
        await here.join(BEN, "general", 11),
        await there.join(CLEO, "general", 20),
    ]
    heard: list[asyncio.Queue[bytes]] = [asyncio.Queue() for _ in members]
    for (link, _), queue in zip(members, heard, strict=True):
        ids = await roster(link, ANN, BEN, CLEO)
        link.on_media(queue.put_nowait)
    assert [ids[who.fingerprint] for who in (ANN, BEN, CLEO)] == [stream for _, stream in members]
    assert len(set(ids.values())) == 3
    for link, stream in members:
        assert link.send_media(packet(stream, bytes([stream]) * 20))
    async with asyncio.timeout(LIMIT_S):
        for (_, own), queue in zip(members, heard, strict=True):
            assert {(await queue.get())[11] for _ in range(2)} == set(ids.values()) - {own}
    assert all(queue.empty() for queue in heard)


async def test_a_stranger_that_says_it_is_a_peer_learns_and_changes_nothing(nets: tuple[Net, Net]) -> None:
    _, there = nets
    ann, _ = await there.join(ANN, "general")
    await roster(ann, ANN)
    relay = there.relay
    peer = relay.federation.stats()[0].fingerprint
    for tls in (None, tls_identity(b"\x09" * 32)):
        async with open_endpoint(CLIENT, tls) as endpoint:
            link = await endpoint.dial(relay.address, "_federation", show_certificate=tls is not None)
            link.send_signal(FederationHello(tls_fingerprint=peer))
            liar = RoomParticipant(fingerprint=BEN.fingerprint, stream_id=9)
            link.send_signal(GlobalRoomActive(room="general", participants=(liar,)))
            async with asyncio.timeout(LIMIT_S):
                await link.wait_closed()
            assert link.stats().media_received == 0
    assert relay.federation.counters.links_refused == 2
    assert relay.federation.active_rooms == 0
    assert relay.federation.stats()[0].up
