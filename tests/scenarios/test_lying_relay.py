"""Somebody hides, and relay and peer both lie: candidates that the peer never gave, probes with the right keys, dials.

The client itself has to keep quiet: nothing leaves it but to its relay, and none of its signals has its address.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from relay.serve import Relay
from tests.sim.network import Internet, Line
from tests.sim.script import ALICE_HZ, ALICE_IP, BOB_HZ, BOB_IP, now, talking
from tests.sim.sound import SimSound, loudness, tone
from tests.sim.world import RELAY_IP, STUN, Phone, Stage
from wzp_core.engine.commands import Answer, AnswerCall, ChangeSettings, PlaceCall
from wzp_core.io.link import QuicLink
from wzp_core.nat.probe import Probe, ProbeKind, encode_probe, probe_key
from wzp_core.nat.race import direct_sni
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import CallSetup, DirectCallAnswer, DirectCallOffer
from wzp_core.protocol.signal.codec import encode
from wzp_core.protocol.signal.path import CandidateUpdate, HardNatBirthdayStart, HardNatProbe, MediaPathReport
from wzp_core.session.state import CallStage
from wzp_core.settings.schema import NetworkSettings

Scene = Callable[..., None]

SERVERS = {server.split(":")[0] for server in STUN.split()}
TELL_OF_A_PATH = (CandidateUpdate, HardNatProbe, HardNatBirthdayStart)


def lie(relay: Relay, to: Phone, port_of: Callable[[Phone], int], about: Phone) -> None:
    """Each signal to `to` brings with it all that might make it look for `about`."""
    outbox = relay._signals.outbox
    honest, generation = outbox._deliver, [100]
    ip = about.network.ip

    def deliver(connection: object, message: SignalMessage) -> None:
        is_mine = connection == relay._signals._hub.connection_of(to.fingerprint)
        place = f"{ip}:{port_of(about)}"
        if is_mine and isinstance(message, CallSetup):
            message = replace(message, peer_direct_addr=place, peer_local_addrs=(place,), peer_mapped_addr=place)
        if is_mine and isinstance(message, DirectCallOffer):
            message = replace(message, caller_reflexive_addr=place, caller_local_addrs=(place,))
        if is_mine and isinstance(message, DirectCallAnswer):
            message = replace(message, callee_reflexive_addr=place, callee_local_addrs=(place,))
        honest(connection, message)
        call_id = getattr(message, "call_id", None)
        if not is_mine or call_id is None:
            return
        generation[0] += 1
        for lies in (
            CandidateUpdate(call_id=call_id, reflexive_addr=place, local_addrs=(place,), generation=generation[0]),
            HardNatProbe(
                call_id=call_id,
                port_sequence=(port_of(about), port_of(about) + 1, port_of(about) + 2),
                allocation="sequential(delta=1)",
                probe_time_ms=0,
                external_ip=ip,
            ),
            HardNatBirthdayStart(
                call_id=call_id, acceptor_port_count=1, acceptor_ports=(port_of(about),), external_ip=ip
            ),
            MediaPathReport(call_id=call_id, direct_ok=True, race_winner="Direct"),
        ):
            honest(connection, lies)

    outbox._deliver = deliver  # type: ignore[assignment, method-assign]


def port_of(phone: Phone) -> int:
    return int(phone.engine.calls._direct.endpoint.local_address[1])


async def pester(peer: Phone, hidden: Phone) -> None:
    """The peer knows the call's keys, and by the relay where the other one is."""
    endpoint, call_id = peer.engine.calls._direct.endpoint, peer.state.call.call_id
    key = probe_key(peer.engine.calls._session.machine._root)
    target = (hidden.network.ip, port_of(hidden))
    for number in range(20):
        for from_caller in (False, True):
            probe = Probe(kind=ProbeKind.REQUEST, from_caller=from_caller, nonce=number.to_bytes(16, "big"))
            endpoint.send_raw(encode_probe(probe, key), target)
        endpoint.send_raw(bytes([0x40]) + number.to_bytes(60, "big"), target)  # as of a connection that was
        await asyncio.sleep(0.1)
    for name in (direct_sni(call_id), "_signal"):
        with pytest.raises(Exception, match="unreachable"):
            await endpoint.dial(target, name, timeout_s=2)


@contextmanager
def said_by(phone: Phone) -> Iterator[list[SignalMessage]]:
    """Every signal that it sends to anybody."""
    said: list[SignalMessage] = []
    honest = QuicLink.send_signal

    def send_signal(link: QuicLink, message: SignalMessage) -> None:
        if link.port.local_address[0] == phone.network.ip:
            said.append(message)
        honest(link, message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuicLink, "send_signal", send_signal)
        yield said


def wish(path: str) -> NetworkSettings:
    return NetworkSettings(path=path, stun_servers=STUN)


@pytest.mark.parametrize("who", ["callee answers privately", "caller's setting", "callee's setting", "in the call"])
def test_who_hides_is_silent_to_a_peer_with_a_lying_relay(scene: Scene, who: str) -> None:
    async def script(stage: Stage) -> None:
        sent_to: set[str] = set()
        by_caller = who in ("caller's setting", "in the call")
        with stage.stun_servers():
            async with (
                stage.relay() as relay,
                stage.phone(
                    "alice",
                    ALICE_IP,
                    sound=SimSound(tone(ALICE_HZ, 1.0)),
                    network=wish("relay" if who == "caller's setting" else "auto"),
                ) as alice,
                stage.phone(
                    "bob",
                    BOB_IP,
                    sound=SimSound(tone(BOB_HZ, 1.0)),
                    network=wish("relay" if who == "callee's setting" else "auto"),
                ) as bob,
            ):
                await alice.sees(bob)
                await bob.sees(alice)
                await asyncio.sleep(2)
                hidden, peer = (alice, bob) if by_caller else (bob, alice)

                def tap(source: str, target: str, data: bytes) -> bytes:
                    if source == hidden.network.ip:
                        sent_to.add(target)
                    return data

                with said_by(hidden) as said:
                    if who == "in the call":
                        await talking(alice, bob)
                        await alice.until(lambda s: s.call.media.path == "direct", 10)
                        settings = alice.state.settings
                        network = replace(settings.network, path="relay")
                        alice.does(ChangeSettings(replace(settings, network=network)))
                        await alice.until(lambda s: s.call.media.path == "relay", 5)
                        await asyncio.sleep(3)  # its link's last words
                        said.clear()
                    lie(relay, hidden, port_of, peer)
                    stage.internet.tap = tap
                    if who != "in the call":
                        await talking(alice, bob, Answer.PRIVATE if "privately" in who else Answer.TRUSTED)
                    await asyncio.sleep(5)
                    await pester(peer, hidden)
                    hidden.network.change()
                    await asyncio.sleep(10)
                    await pester(peer, hidden)
                for phone in (alice, bob):
                    assert phone.state.call.stage is CallStage.ACTIVE
                    assert phone.state.call.media.path == "relay"
                    assert loudness(phone.sound.heard_since(now() - 1)) > 3000
        assert sent_to <= {RELAY_IP} | (SERVERS if "privately" in who else set())
        assert [message for message in said if isinstance(message, TELL_OF_A_PATH)] == []
        assert [message for message in said if re.search(re.escape(hidden.network.ip), encode(message).decode())] == []

    scene(script, Internet(line=Line(delay_s=0.0125)))


def test_the_same_lies_move_somebody_who_does_not_hide(scene: Scene) -> None:
    """Or the test above would lie in vain."""

    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, stage.phone("alice", ALICE_IP) as alice, stage.phone("bob", BOB_IP) as bob:
            await alice.sees(bob)
            await bob.sees(alice)
            lie(relay, bob, port_of, alice)
            met: set[tuple[str, str]] = set()

            def tap(source: str, target: str, data: bytes) -> bytes:
                met.add((source, target))
                return data

            stage.internet.tap = tap
            alice.does(PlaceCall(bob.fingerprint))
            await bob.in_stage(CallStage.INCOMING)
            assert (BOB_IP, ALICE_IP) not in met, "nothing before somebody has answered"
            await asyncio.sleep(3)
            assert (BOB_IP, ALICE_IP) not in met
            bob.does(AnswerCall(bob.state.call.call_id, Answer.TRUSTED))
            await alice.in_stage(CallStage.ACTIVE)
            await asyncio.sleep(3)
            assert (BOB_IP, ALICE_IP) in met

    scene(script)
