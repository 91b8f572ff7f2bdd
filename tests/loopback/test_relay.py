"""The relay over real QUIC on the loopback interface."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from relay.serve import serve
from tests.loopback.net import (
    ANN,
    BEN,
    CLEO,
    CLIENT,
    LIMIT_S,
    Net,
    config,
    ended,
    packet,
    present,
    roster,
    settled,
    soon,
)
from wzp_core.crypto.handshake import call_offer, register_presence
from wzp_core.crypto.identity import Identity
from wzp_core.errors import Unavailable
from wzp_core.io.quic import open_endpoint
from wzp_core.ports import Link
from wzp_core.protocol.ids import CallId, Fingerprint
from wzp_core.protocol.profile import GOOD
from wzp_core.protocol.signal.call import (
    CallAcceptMode,
    CallRinging,
    CallSetup,
    DirectCallAnswer,
    DirectCallOffer,
    Hangup,
    HangupReason,
    MuteState,
)
from wzp_core.protocol.signal.path import MediaPathReport, Reflect, ReflectResponse
from wzp_core.protocol.signal.presence import Ping, Pong, RegisterPresence, RegisterPresenceAck

CALL = CallId("18a1b2c3d4e5f607")


def offer(caller: Identity, target: Fingerprint) -> DirectCallOffer:
    return DirectCallOffer(
        caller_fingerprint=caller.fingerprint,
        caller_alias=None,
        target_fingerprint=target,
        call_id=CALL,
        identity_pub=caller.public_key,
        ephemeral_pub=bytes(32),
        signature=b"",
        supported_profiles=(GOOD,),
        caller_reflexive_addr="203.0.113.5:40112",
    )


async def talking(net: Net, mode: CallAcceptMode = CallAcceptMode.ACCEPT_TRUSTED) -> tuple[Link, Link]:
    ann, ben = await net.register(ANN), await net.register(BEN)
    ann.send_signal(offer(ANN, BEN.fingerprint))
    await soon(ben, DirectCallOffer)
    ben.send_signal(DirectCallAnswer(call_id=CALL, accept_mode=mode, callee_reflexive_addr="198.51.100.9:51200"))
    await soon(ann, DirectCallAnswer)
    return ann, ben


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[Net]:
    async with serve(config(tmp_path)) as relay, AsyncExitStack() as stack:
        yield Net(relay, stack)


# --- presence --------------------------------------------------------------------------------------------------


async def test_the_ack_comes_first_and_then_everybody_sees_everybody(net: Net) -> None:
    ann = await net.register(ANN, "Ann")
    await present(ann, ANN)
    ben = await net.register(BEN)
    names = {user.fingerprint: user.alias for user in (await present(ben, ANN, BEN)).users}
    assert names == {ANN.fingerprint: "Ann", BEN.fingerprint: None}
    await present(ann, ANN, BEN)
    ben.close()
    await present(ann, ANN)


async def test_a_newer_connection_replaces_the_older_and_survives_its_end(net: Net) -> None:
    older, watcher = await net.register(ANN), await net.register(BEN)
    newer = await net.register(ANN)
    assert await ended(older) == "replaced"
    await settled(newer)
    await present(watcher, ANN, BEN)
    assert net.relay.stats().clients == 2


async def test_a_wrong_signature_is_refused_with_a_reason(net: Net) -> None:
    link = await net.dial("_signal")
    link.send_signal(replace(register_presence(ANN), signature=bytes(64)))
    ack = await soon(link, RegisterPresenceAck)
    assert (ack.success, ack.error) == (False, "bad_signature")
    link.close()
    assert net.relay.stats().clients == 0


async def test_a_probe_is_told_its_address_and_nobody_is_told_of_it(net: Net) -> None:
    ann = await net.register(ANN)
    await present(ann, ANN)
    probe = await net.dial("_signal")
    probe.send_signal(RegisterPresence(identity_pub=bytes(32), signature=b"", alias=None))
    await soon(probe, RegisterPresenceAck, skipping=False)
    probe.send_signal(Reflect())
    observed = await soon(probe, ReflectResponse, skipping=False)
    assert observed.observed_addr.startswith("127.0.0.1:")
    await settled(ann)
    assert net.relay.stats().clients == 1


async def test_a_signal_of_no_use_here_is_ignored(net: Net) -> None:
    ann = await net.register(ANN)
    ann.send_signal(CallRinging(call_id=CALL))
    ann.send_signal(Ping(timestamp_ms=1_700_000_000_000))
    assert (await soon(ann, Pong)).timestamp_ms == 1_700_000_000_000


async def test_a_client_that_floods_signals_is_cut_off_and_others_are_not(net: Net) -> None:
    ann, ben = await net.register(ANN), await net.register(BEN)
    for number in range(400):
        ann.send_signal(Hangup(reason=HangupReason.NORMAL, call_id=CallId(f"none{number}")))
    await ended(ann)
    await settled(ben)


# --- calls -----------------------------------------------------------------------------------------------------


async def test_a_call_from_offer_to_hang_up(net: Net) -> None:
    ann, ben = await net.register(ANN), await net.register(BEN)
    ann.send_signal(offer(ANN, BEN.fingerprint))
    incoming = await soon(ben, DirectCallOffer)
    assert (incoming.caller_fingerprint, incoming.caller_reflexive_addr) == (ANN.fingerprint, None)
    await soon(ann, CallRinging)
    ben.send_signal(
        DirectCallAnswer(
            call_id=CALL, accept_mode=CallAcceptMode.ACCEPT_TRUSTED, callee_reflexive_addr="198.51.100.9:51200"
        )
    )
    await soon(ann, DirectCallAnswer)
    for_ann, for_ben = await soon(ann, CallSetup), await soon(ben, CallSetup)
    host, port = net.relay.address
    assert (for_ann.room, for_ann.relay_addr) == (f"call-{CALL}", f"{host}:{port}")
    assert for_ann.peer_direct_addr == "198.51.100.9:51200"
    assert for_ben.peer_direct_addr == "203.0.113.5:40112"
    ann.send_signal(MediaPathReport(call_id=CALL, direct_ok=True, race_winner="Direct"))
    assert (await soon(ben, MediaPathReport)).direct_ok
    ben.send_signal(Hangup(reason=HangupReason.NORMAL, call_id=CALL))
    assert await soon(ann, Hangup) == Hangup(reason=HangupReason.NORMAL, call_id=CALL)
    assert net.relay.stats().calls == 0


async def test_a_call_to_somebody_who_is_not_here_ends_at_once(net: Net) -> None:
    ann = await net.register(ANN)
    ann.send_signal(offer(ANN, BEN.fingerprint))
    assert await soon(ann, Hangup) == Hangup(reason=HangupReason.NORMAL, call_id=CALL)


async def test_a_strangers_signals_for_a_call_go_nowhere(net: Net) -> None:
    ann, ben = await talking(net)
    cleo = await net.register(CLEO)
    cleo.send_signal(MuteState(call_id=CALL, muted=True))
    cleo.send_signal(Hangup(reason=HangupReason.NORMAL, call_id=CALL))
    await settled(cleo)
    ann.send_signal(MuteState(call_id=CALL, muted=False))
    assert not (await soon(ben, MuteState)).muted
    assert net.relay.stats().totals.signals_refused == 1


async def test_a_call_survives_a_new_signal_link_and_the_gap_before_it(net: Net) -> None:
    ann, ben = await talking(net)
    ann.close()
    await present(ben, BEN)
    ben.send_signal(MuteState(call_id=CALL, muted=True))
    await settled(ben)
    returned = await net.register(ANN)
    assert (await soon(returned, MuteState)).muted
    assert net.relay.stats().calls == 1


async def test_more_offers_than_a_person_places_are_refused(net: Net) -> None:
    ann = await net.register(ANN)
    for number in range(21):
        ann.send_signal(replace(offer(ANN, BEN.fingerprint), call_id=CallId(f"call{number}")))
    reasons = [(await soon(ann, Hangup)).reason for _ in range(21)]
    assert reasons == [HangupReason.NORMAL] * 20 + [HangupReason.ERROR]


# --- rooms -----------------------------------------------------------------------------------------------------


async def test_three_in_a_room_hear_each_other_and_not_themselves(net: Net) -> None:
    joined = [await net.join(who, "general") for who in (ANN, BEN, CLEO)]
    assert [stream for _, stream in joined] == [1, 2, 3]
    heard: list[asyncio.Queue[bytes]] = [asyncio.Queue() for _ in joined]
    for (link, _), queue in zip(joined, heard, strict=True):
        expected = {ANN.fingerprint: 1, BEN.fingerprint: 2, CLEO.fingerprint: 3}
        assert await roster(link, ANN, BEN, CLEO) == expected
        link.on_media(queue.put_nowait)
    for link, stream in joined:
        assert link.send_media(packet(stream, bytes([stream]) * 20))
    async with asyncio.timeout(LIMIT_S):
        for own, queue in enumerate(heard, start=1):
            got = {(await queue.get())[11] for _ in range(2)}
            assert got == {1, 2, 3} - {own}
    assert net.relay.stats().totals.packets_forwarded == 6


async def test_a_foreign_stream_id_and_garbage_are_dropped_and_counted(net: Net) -> None:
    (ann, own), (ben, _) = await net.join(ANN, "general"), await net.join(BEN, "general")
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    ben.on_media(heard.put_nowait)
    wanted = packet(own, b"mine"), packet(0, b"unnamed")
    for datagram in (packet(2, b"as ben"), b"", b"\xff" * 11, wanted[0], wanted[1]):
        ann.send_media(datagram)
    async with asyncio.timeout(LIMIT_S):
        assert {await heard.get(), await heard.get()} == set(wanted)
    totals = net.relay.stats().totals
    assert (totals.packets_foreign_stream, totals.packets_forwarded) == (1, 2)
    assert totals.packets_malformed >= 1


async def test_who_leaves_a_room_is_off_the_roster(net: Net) -> None:
    (ann, _), (ben, _) = await net.join(ANN, "general"), await net.join(BEN, "general")
    await roster(ann, ANN, BEN)
    ben.send_signal(Hangup(reason=HangupReason.NORMAL))
    await roster(ann, ANN)
    await ended(ben)
    assert net.relay.stats().sessions == 1


async def test_an_offer_with_a_wrong_signature_gets_no_place(net: Net) -> None:
    link = await net.dial("general")
    link.send_signal(replace(call_offer(ANN, ephemeral_secret=bytes(range(32))), signature=bytes(64)))
    await ended(link)
    assert net.relay.stats().sessions == 0


async def test_the_room_of_a_call_is_for_its_parties_alone(net: Net) -> None:
    await talking(net)
    _, callee_stream = await net.join(BEN, f"call-{CALL}")
    _, caller_stream = await net.join(ANN, f"call-{CALL}")
    assert (caller_stream, callee_stream) == (1, 2)
    link = await net.dial(f"call-{CALL}")
    link.send_signal(call_offer(CLEO, ephemeral_secret=bytes(range(32))))
    await ended(link)
    assert net.relay.stats().sessions == 2


async def test_a_call_goes_on_after_a_restart_of_the_relay(tmp_path: Path) -> None:
    async with serve(config(tmp_path)) as relay, AsyncExitStack() as stack:
        await talking(Net(relay, stack))
    async with serve(config(tmp_path)) as relay, AsyncExitStack() as stack:
        net = Net(relay, stack)
        ann, ben = await net.register(ANN), await net.register(BEN)
        callee, callee_stream = await net.join(BEN, f"call-{CALL}", stream_id=2)
        caller, caller_stream = await net.join(ANN, f"call-{CALL}", stream_id=1)
        assert (caller_stream, callee_stream) == (1, 2)
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        callee.on_media(heard.put_nowait)
        caller.send_media(packet(1, b"still here"))
        async with asyncio.timeout(LIMIT_S):
            assert await heard.get() == packet(1, b"still here")
        ann.send_signal(Hangup(reason=HangupReason.NORMAL, call_id=CALL))
        assert (await soon(ben, Hangup)).call_id == CALL


# --- the rest --------------------------------------------------------------------------------------------------


async def test_special_server_names(net: Net) -> None:
    await ended(await net.dial("ping"))
    async with open_endpoint(CLIENT) as endpoint:
        link = await endpoint.dial(net.relay.address, "version")
        async with asyncio.timeout(LIMIT_S):
            assert await link.receive_build()
    await ended(await net.dial("_federation"))


async def test_random_bytes_at_the_port_change_nothing_but_counters(net: Net) -> None:
    ann = await net.register(ANN)
    before = replace(net.relay.stats(), totals=None)  # type: ignore[arg-type]  # not compared
    chance = random.Random(7)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for number in range(10_000):
            stranger.sendto(chance.randbytes(chance.randrange(1, 1400)), net.relay.address)
            if number % 500 == 0:
                await settled(ann)
    await settled(ann)
    after = net.relay.stats()
    assert replace(after, totals=None) == before  # type: ignore[arg-type]
    assert after.totals.malformed_datagrams > 0
    assert after.totals.links_failed == 0


async def test_when_the_block_ends_every_link_has_ended(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with serve(config(tmp_path)) as relay:
            net = Net(relay, stack)
            signals, (media, _) = await net.register(ANN), await net.join(ANN, "general")
            before = asyncio.all_tasks()
        assert await ended(signals) == "shutdown"
        assert await ended(media) == "shutdown"
        assert not {task for task in before if not task.done()} - {asyncio.current_task()}


async def test_a_second_relay_on_the_same_port_says_so(net: Net, tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        async with serve(replace(config(tmp_path), listen=net.relay.address)):
            pass


async def test_an_offer_that_makes_no_sense_is_turned_down_at_once(net: Net) -> None:
    ann = await net.register(ANN)
    for wrong in ({"target_fingerprint": "nobody"}, {"call_id": CallId("no/id")}):
        asked = replace(offer(ANN, BEN.fingerprint), **wrong)
        ann.send_signal(asked)
        assert await soon(ann, Hangup) == Hangup(reason=HangupReason.ERROR, call_id=asked.call_id)


async def test_who_asks_by_the_name_of_a_room_and_who_by_its_hash_meet(net: Net) -> None:
    ann, _ = await net.join(ANN, "General")
    await net.join(BEN, "a47b63f7d5b511ba5bc4089a74446906")
    assert set(await roster(ann, ANN, BEN)) == {ANN.fingerprint, BEN.fingerprint}
