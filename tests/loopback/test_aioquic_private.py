"""Fails when aioquic moves something that `io/aioquic_private.py` reaches for."""

import asyncio
import hashlib

from cryptography.hazmat.primitives.serialization import Encoding

from wzp_core.crypto.certificate import TlsIdentity, tls_identity
from wzp_core.io.aioquic_private import RESET_TOKEN_LENGTH
from wzp_core.io.quic import open_endpoint

TLS = tls_identity(b"\x07" * 32)
OTHER = tls_identity(b"\x08" * 32)


async def test_every_private_attribute_still_means_what_it_did() -> None:
    async with open_endpoint(("127.0.0.1", 0), TLS) as server, open_endpoint(("127.0.0.1", 0)) as client:
        link = await client.dial(server.local_address, "some-room")
        ours, theirs = link.connection, (await server.accept()).connection
        assert (ours.server_name, theirs.server_name) == ("some-room", "some-room")
        assert ours.takes_datagrams
        assert ours.peer_certificate_sha256 == hashlib.sha256(TLS.certificate.public_bytes(Encoding.DER)).digest()
        assert theirs.peer_certificate_sha256 is None
        assert len(ours.peer_reset_token) == RESET_TOKEN_LENGTH
        assert ours.peer_reset_token == theirs._host_cids[0].stateless_reset_token
        assert 0 < ours.rtt_s < 5
        sent, lost = ours.packet_counts
        assert sent >= 2
        assert lost == 0
        ours.send_datagram_frame(b"x")
        assert list(ours.datagrams_waiting) == [b"x"]
        assert ours.open_streams == 0
        ours.send_stream_data(ours.get_next_available_stream_id(), b"x")
        assert ours.open_streams == 1
        link.probe()
        await asyncio.sleep(0)
        assert ours.awaits_acknowledgement
        assert not ours.datagrams_waiting
        assert ours.close_reason is None
        assert ours.genuine_packets > 0
        assert theirs.genuine_packets > 0
        link.close("because")
        assert ours.close_reason == "because"


async def test_a_dialler_that_shows_its_certificate_is_known_only_where_it_was_asked_for() -> None:
    asking = open_endpoint(("127.0.0.1", 0), TLS, asks_certificate_for=frozenset({"asked"}))
    async with asking as server, open_endpoint(("127.0.0.1", 0), OTHER) as client:
        seen = []
        for name, shows in (("asked", True), ("asked", False), ("unasked", True)):
            await client.dial(server.local_address, name, pin=TLS.fingerprint, show_certificate=shows)
            seen.append((await server.accept()).peer_certificate)
        assert seen == [OTHER.fingerprint, None, None]


async def test_a_certificate_without_its_key_gets_nobody_in() -> None:
    stolen = TlsIdentity(OTHER.certificate, TLS.private_key, OTHER.fingerprint)
    asking = open_endpoint(("127.0.0.1", 0), TLS, asks_certificate_for=frozenset({"asked"}))
    async with asking as server, open_endpoint(("127.0.0.1", 0), stolen) as client:
        link = await client.dial(server.local_address, "asked", show_certificate=True)
        async with asyncio.timeout(5):
            await link.wait_closed()
        assert server._accepted.empty()


async def test_reset_tokens_of_later_connection_ids_outlive_the_process_too() -> None:
    tokens = []
    for _ in range(2):
        async with open_endpoint(("127.0.0.1", 0), TLS) as server, open_endpoint(("127.0.0.1", 0)) as client:
            await client.dial(server.local_address, "a")
            issued = (await server.accept()).connection._host_cids
            key = server._reset_key
            tokens.append(key)
            assert len(issued) > 1
            assert len({each.stateless_reset_token for each in issued}) == len(issued)
    assert tokens[0] == tokens[1]
