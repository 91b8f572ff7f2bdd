"""Our phone in a protected call with a peer that knows nothing but the specification, in both roles."""

import asyncio
import hashlib
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.loopback.old_peer import GOOD, OldLink, Person, in_room, registered
from tests.loopback.processes import Shop, free_port
from tests.loopback.sealed_peer import (
    CALLEE_TO_CALLER,
    CALLER_TO_CALLEE,
    SEALED,
    Seal,
    answer_transcript,
    offer_transcript,
    root_of,
    spoken_code,
)

ZOE = Person(b"\x44" * 32)
SECRET = X25519PrivateKey.from_private_bytes(b"\x45" * 32)
EPHEMERAL = SECRET.public_key().public_bytes_raw()
NONCE = b"\x46" * 32
CALL = "18a1b2c3d4e5f607"


def check(fields: dict[str, Any], transcript: bytes) -> None:
    signature = bytes(fields["signature"])
    assert (len(signature), signature[64]) == (65, 1)
    Ed25519PublicKey.from_public_bytes(bytes(fields["identity_pub"])).verify(signature[:64], transcript)


def signed(transcript: bytes) -> dict[str, Any]:
    return {
        "identity_pub": list(ZOE.public),
        "ephemeral_pub": list(EPHEMERAL),
        "signature": [*ZOE.key.sign(transcript), 1],
    }


async def talk(media: OldLink, ours: Seal, stream: int, packets: int) -> None:
    for number in range(packets):
        media.say_packet(ours.packet(number, stream, b"\xf8\xff\xfe"))
        await asyncio.sleep(0.02)


def assert_all_open(datagrams: list[bytes], theirs: Seal, stream: int) -> None:
    assert len(datagrams) > 30
    assert {packet[11] for packet in datagrams} == {stream}
    assert {packet[10] & SEALED for packet in datagrams} == {SEALED}
    assert all(theirs.opened(packet) for packet in datagrams)
    bad = bytearray(datagrams[0])
    bad[4] ^= 1
    with pytest.raises(InvalidTag):
        theirs.opened(bytes(bad))


async def test_we_call_a_peer_built_from_the_specification(street: Shop) -> None:
    port = free_port()
    await asyncio.to_thread(street.relay, port)
    async with registered(port, ZOE) as signals:
        alice = street.phone("alice", "call", ZOE.fingerprint, "--path", "relay", "--seconds", 1, port=port)
        offered = await signals.until("DirectCallOffer")
        identity, theirs = bytes(offered["identity_pub"]), bytes(offered["ephemeral_pub"])
        offer = offer_transcript(offered["call_id"], offered["caller_fingerprint"], ZOE.fingerprint, identity, theirs)
        check(offered, offer)
        answer = answer_transcript(offer, ZOE.public, EPHEMERAL)
        call = {"call_id": offered["call_id"], "accept_mode": "AcceptGeneric", "chosen_profile": GOOD}
        signals.say({"DirectCallAnswer": call | signed(answer)})
        root = root_of(SECRET, theirs, answer)
        room = (await signals.until("CallSetup"))["room"]
        async with in_room(port, room, ZOE) as media:
            talking = asyncio.create_task(talk(media, Seal(root, CALLEE_TO_CALLER), 2, 100))
            commitment = bytes((await signals.until("SasCommit"))["commitment"])
            signals.say({"SasNonce": {"call_id": offered["call_id"], "nonce": list(NONCE)}})
            revealed = bytes((await signals.until("SasReveal"))["nonce"])
            assert hashlib.sha256(b"wzp-sas-commit-v1" + revealed).digest() == commitment
            assert (await alice.happened("sas"))["code"] == spoken_code(root, revealed, NONCE)
            summary = await alice.happened("summary")
            talking.cancel()
            assert_all_open(media.datagrams, Seal(root, CALLER_TO_CALLEE), 1)
    assert (summary["badge"], summary["rejected"]) == ("encrypted", 0)
    assert summary["opened"] > 30


@pytest.mark.parametrize("honest", [True, False])
async def test_a_peer_built_from_the_specification_calls_us(street: Shop, honest: bool) -> None:
    port = free_port()
    await asyncio.to_thread(street.relay, port)
    bob = street.phone("bob", "listen", "--path", "relay", "--calls", 1, port=port)
    whom = (await bob.happened("registered"))["fingerprint"]
    async with registered(port, ZOE) as signals:
        offer = offer_transcript(CALL, ZOE.fingerprint, whom, ZOE.public, EPHEMERAL)
        call = {"caller_fingerprint": ZOE.fingerprint, "target_fingerprint": whom, "call_id": CALL}
        signals.say({"DirectCallOffer": call | {"supported_profiles": [GOOD]} | signed(offer)})
        answered = await signals.until("DirectCallAnswer")
        theirs = bytes(answered["ephemeral_pub"])
        answer = answer_transcript(offer, bytes(answered["identity_pub"]), theirs)
        check(answered, answer)
        root = root_of(SECRET, theirs, answer)
        async with in_room(port, (await signals.until("CallSetup"))["room"], ZOE) as media:
            talking = asyncio.create_task(talk(media, Seal(root, CALLER_TO_CALLEE), 1, 100))
            commitment = hashlib.sha256(b"wzp-sas-commit-v1" + NONCE).digest()
            signals.say({"SasCommit": {"call_id": CALL, "commitment": list(commitment)}})
            nonce = bytes((await signals.until("SasNonce"))["nonce"])
            shown = NONCE if honest else bytes(32)
            signals.say({"SasReveal": {"call_id": CALL, "nonce": list(shown)}})
            if honest:
                assert (await bob.happened("sas"))["code"] == spoken_code(root, NONCE, nonce)
                await talking
                assert_all_open(media.datagrams, Seal(root, CALLEE_TO_CALLER), 2)
                signals.say({"Hangup": {"reason": "Normal", "call_id": CALL}})
            summary = await bob.happened("summary")
            talking.cancel()
    assert (summary["reason"], summary["rejected"]) == ("peer_hung_up" if honest else "security", 0)
    assert any(each["event"] == "sas" for each in bob.events) == honest
    assert await asyncio.to_thread(bob.exit_code) == (0 if honest else 6)
