"""Calls with a client of an older build: no keys end to end, no proofs, addresses tried by whole handshakes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from tests.sim.script import now, pitch
from tests.sim.sound import SimSound, loudness, tone
from tests.sim.world import RELAY_IP, RELAY_PORT, Stage
from wzp_core.crypto.badge import Badge
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.handshake import call_offer
from wzp_core.crypto.identity import Identity
from wzp_core.engine.commands import Answer, AnswerCall
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.media.uplink import Uplink
from wzp_core.nat.race import direct_sni
from wzp_core.ports import Link
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.media.header import decode_packet, encode_packet
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import CallAnswer, CallSetup, DirectCallOffer, Hangup, HangupReason
from wzp_core.protocol.signal.path import MediaPathReport
from wzp_core.protocol.signal.presence import PresenceList, RegisterPresence
from wzp_core.session.state import CallStage, PathReason
from wzp_core.settings.schema import CallSettings, NetworkSettings, Settings

Scene = Callable[..., None]
M = TypeVar("M", bound=SignalMessage)

OLD_HZ, OUR_HZ = 1000.0, 440.0
OLD_IP, OUR_IP = "198.51.100.2", "198.51.100.1"
CALL = CallId("18a1b2c3d4e5f607")


async def until(link: Link, kind: type[M]) -> M:
    async with asyncio.timeout(10):
        while not isinstance(message := await link.receive_signal(), kind):
            pass
    return message


@dataclass
class OldClient:
    """What such a client does on the wire; it hears and speaks 20 ms at a time."""

    identity: Identity
    endpoint: QuicEndpoint
    signals: Link
    heard: list[bytes] = field(default_factory=list)
    uplink: Uplink = field(default_factory=lambda: Uplink(stream_id=0, seal=lambda packet, _now: encode_packet(packet)))

    async def ring(self, whom: str) -> CallSetup:
        offer = call_offer(self.identity, ephemeral_secret=b"\7" * 32)
        port = self.endpoint.local_address[1]
        self.signals.send_signal(
            DirectCallOffer(
                caller_fingerprint=self.identity.fingerprint,
                target_fingerprint=whom,
                call_id=CALL,
                identity_pub=offer.identity_pub,
                ephemeral_pub=offer.ephemeral_pub,
                signature=offer.signature,
                supported_profiles=offer.supported_profiles,
                caller_reflexive_addr=f"{OLD_IP}:{port}",
            )
        )
        return await until(self.signals, CallSetup)

    async def enter(self, setup: CallSetup) -> Link:
        link = await self.endpoint.dial((RELAY_IP, RELAY_PORT), setup.room)
        link.send_signal(call_offer(self.identity, ephemeral_secret=b"\7" * 32))
        await until(link, CallAnswer)
        return link

    def talk(self, link: Link, seconds: float) -> asyncio.Task[None]:
        link.on_media(self.heard.append)

        async def speak() -> None:
            for frame in tone(OLD_HZ, seconds).reshape(-1, 960):
                for datagram in self.uplink.push(frame, now()):
                    link.send_media(datagram)
                await asyncio.sleep(0.02)

        return asyncio.create_task(speak())


@asynccontextmanager
async def old_client(stage: Stage) -> AsyncIterator[OldClient]:
    host, identity = stage.internet.host(OLD_IP), Identity.from_seed(b"\5" * 32)
    async with open_endpoint(("0.0.0.0", 0), tls_identity(b"\6" * 32), open_socket=host.open_udp) as endpoint:
        signals = await endpoint.dial((RELAY_IP, RELAY_PORT), "_signal")
        signals.send_signal(RegisterPresence(identity_pub=identity.public_key, signature=b""))
        await until(signals, PresenceList)
        yield OldClient(identity, endpoint, signals)


@pytest.mark.parametrize("answers", ["it dials", "it accepts", "it never reports"])
def test_an_older_client_is_talked_to_over_the_relay_and_directly_where_it_can(scene: Scene, answers: str) -> None:
    async def script(stage: Stage) -> None:
        settings = Settings(
            alias="alice", network=NetworkSettings(use_stun=False), call=CallSettings(allow_unprotected=True)
        )
        # the smaller address accepts (calls.md §6.1)
        our_ip = OUR_IP if answers == "it dials" else "198.51.100.9"
        async with (
            stage.relay(),
            stage.phone("alice", our_ip, settings=settings, sound=SimSound(tone(OUR_HZ, 1.0))) as alice,
            old_client(stage) as old,
        ):
            await alice.online()
            await asyncio.sleep(2)
            ringing = asyncio.create_task(old.ring(alice.fingerprint))
            await alice.in_stage(CallStage.INCOMING)
            assert not alice.state.call.protected_offer
            alice.does(AnswerCall(CALL, Answer.TRUSTED))
            setup = await ringing
            room = await old.enter(setup)
            speaking = old.talk(room, 4.0)
            await alice.in_stage(CallStage.ACTIVE)
            address = (our_ip, int(setup.peer_direct_addr.rpartition(":")[2]))
            if answers == "it never reports":
                await speaking
                await alice.until(lambda s: s.call.media.path_reason is PathReason.PEER_OLD, 10)
                assert alice.state.call.media.path == "relay"
            else:
                link = await (
                    old.endpoint.dial(address, direct_sni(CALL)) if answers == "it dials" else old.endpoint.accept()
                )
                old.signals.send_signal(MediaPathReport(call_id=CALL, direct_ok=True, race_winner="Direct"))
                assert (await until(old.signals, MediaPathReport)).direct_ok
                await alice.until(lambda s: s.call.media.path == "direct", 5)
                speaking.cancel()
                old.heard.clear()
                await old.talk(link, 2.0)
            assert alice.state.call.badge in (Badge.UNVERIFIED_PEER, Badge.RELAY_ONLY)
            assert abs(pitch(alice.sound.heard_since(now() - 1)) - OLD_HZ) < 5
            assert loudness(alice.sound.heard_since(now() - 1)) > 3000
            assert len(old.heard) > 80
            assert all(decode_packet(datagram).payload for datagram in old.heard)
            old.signals.send_signal(Hangup(reason=HangupReason.NORMAL))
            await alice.in_stage(CallStage.ENDED)

    scene(script)
