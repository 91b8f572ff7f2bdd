"""Our relay and our phones with a client that knows nothing but the specification."""

import asyncio
from typing import Any

import pytest

from tests.loopback.old_peer import GOOD, Person, in_room, registered
from tests.loopback.processes import Shop, free_port

OLD = Person(b"\x42" * 32)
CALL = "18a1b2c3d4e5f607"
NONSENSE = (b'"Hello"', b'{"NewVariant":{}}', b"{", b"null", b"[]", b"\xff", b'{"Hangup":{"reason":"Odd"}}', b'"Hold"')


def offer(whom: str) -> dict[str, Any]:
    return {
        "DirectCallOffer": {
            "caller_fingerprint": OLD.fingerprint,
            "caller_alias": "Neon Fox",
            "target_fingerprint": whom,
            "call_id": CALL,
            "identity_pub": [0] * 32,
            "ephemeral_pub": [0] * 32,
            "signature": [],
            "supported_profiles": [GOOD],
            "caller_reflexive_addr": "203.0.113.5:40112",
        }
    }


@pytest.mark.parametrize(("answer", "mode"), [("trusted", "AcceptTrusted"), ("private", "AcceptGeneric")])
async def test_an_older_client_calls_us_and_both_are_heard(street: Shop, answer: str, mode: str) -> None:
    port = free_port()
    await asyncio.to_thread(street.relay, port)
    bob = street.phone("bob", "listen", "--answer", answer, "--calls", 1, port=port)
    whom = (await bob.happened("registered"))["fingerprint"]
    async with registered(port, OLD) as signals:
        present = await signals.until("PresenceList")
        while len(present["users"]) < 2:
            present = await signals.until("PresenceList")
        assert {user["fingerprint"] for user in present["users"]} == {whom, OLD.fingerprint}
        for text in NONSENSE:
            signals.say_bytes(text)
        signals.write(b"\0\0\0")
        signals.say(offer(whom))
        assert await signals.until("CallRinging") == {"call_id": CALL}
        answered = await signals.until("DirectCallAnswer")
        assert answered["accept_mode"] == mode
        setup = await signals.until("CallSetup")
        assert ("peer_direct_addr" in setup) == (answer == "trusted")
        async with in_room(port, setup["room"], OLD) as media:
            signals.say({"MediaPathReport": {"call_id": CALL, "direct_ok": False, "race_winner": "Relay"}})
            for text in NONSENSE:
                signals.say_bytes(text)
            await media.talk(100)
            signals.say({"UpgradeProposal": {"call_id": CALL, "proposal_id": "p1", "proposed_profile": GOOD}})
            assert (await signals.until("UpgradeResponse"))["accepted"]
            assert len(media.datagrams) > 80
            assert {packet[10] for packet in media.datagrams} == {0}, "flags that an older receiver does not know"
            signals.say({"Hangup": {"reason": "Normal"}})
    summary = await bob.happened("summary")
    assert (summary["reason"], summary["badge"], summary["path"]) == ("peer_hung_up", "relay_only", "relay")
    assert summary["opened"] > 80
    assert summary["rejected"] == 0
    paths = [each["reason"] for each in bob.events if each["event"] == "path"]
    assert paths[0] == ("private" if answer == "private" else "trying")


@pytest.mark.parametrize("allowed", [False, True])
async def test_an_older_client_is_called_only_where_that_is_allowed(street: Shop, allowed: bool) -> None:
    port = free_port()
    await asyncio.to_thread(street.relay, port)
    async with registered(port, OLD) as signals:
        flags = ("--allow-unprotected",) if allowed else ()
        alice = street.phone("alice", "call", OLD.fingerprint, "--seconds", 1, *flags, port=port)
        call = (await signals.until("DirectCallOffer"))["call_id"]
        where = {"callee_reflexive_addr": "198.51.100.9:51200"}
        signals.say({"DirectCallAnswer": {"call_id": call, "accept_mode": "AcceptTrusted", **where}})
        if allowed:
            async with in_room(port, (await signals.until("CallSetup"))["room"], OLD) as media:
                talking = asyncio.create_task(media.talk(200))
                hung_up = await signals.until("Hangup")
                talking.cancel()
        else:
            hung_up = await signals.until("Hangup")
    summary = await alice.happened("summary")
    assert hung_up == {"reason": "Normal" if allowed else "Error", "call_id": call}
    assert summary["reason"] == ("hung_up" if allowed else "not_protected")
    assert (summary["opened"] > 30) == allowed
    assert await asyncio.to_thread(alice.exit_code) == (0 if allowed else 4)


async def test_older_clients_and_we_hear_each_other_in_a_room(street: Shop) -> None:
    port = free_port()
    await asyncio.to_thread(street.relay, port)
    bob = street.phone("bob", "room", "general", "--seconds", 3, port=port)
    await bob.happened("joined")
    async with in_room(port, "general", OLD) as one, in_room(port, "General", Person(b"\x43" * 32)) as other:
        await asyncio.gather(one.talk(60), other.talk(60))
        assert {packet[11] for packet in one.datagrams} == {0, 1}
    assert (await bob.happened("summary"))["opened"] > 100
