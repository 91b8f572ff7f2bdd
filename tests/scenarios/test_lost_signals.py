"""The link to the relay, or the relay, dies exactly before or after each signal of a call."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from relay.serve import Relay
from tests.sim.script import ALICE_HZ, ALICE_IP, BOB_HZ, BOB_IP, now, talking
from tests.sim.sound import SimSound, loudness, tone
from tests.sim.world import RELAY_IP, Phone, Stage
from wzp_core.crypto.badge import Badge
from wzp_core.engine.commands import Answer, AnswerCall, HangUp, PlaceCall, SetMuted
from wzp_core.protocol.profile import STUDIO_64K
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import (
    CallRinging,
    CallSetup,
    DirectCallAnswer,
    DirectCallOffer,
    Hangup,
    MuteState,
    Rekey,
)
from wzp_core.protocol.signal.path import CandidateUpdate, MediaPathReport
from wzp_core.protocol.signal.quality import MediaCapability, QualityCapability
from wzp_core.session.state import CallStage, SasStage
from wzp_core.settings.schema import AudioSettings, NetworkSettings, Settings

Scene = Callable[..., None]

OUTAGE_S = 12.0  # long enough for the link to be given up
LONGEST_DISAGREEMENT_S = 40.0
_HALF_WAY_S = 0.015  # a signal has arrived, its acknowledgement has not

SET_UP = (DirectCallOffer, CallRinging, DirectCallAnswer, CallSetup)
IN_CALL = (MediaCapability, MediaPathReport, CandidateUpdate, Rekey, MuteState, QualityCapability)
BY_RELAY = (CallRinging, CallSetup)
PLACES = ("sender", "receiver", "relay")
MOMENTS = [(place, after) for place in PLACES for after in (False, True)]
CASES = [
    (kind, place, after)
    for kind in (*SET_UP, *IN_CALL)
    for place, after in MOMENTS
    if not (kind in BY_RELAY and place == "sender") and (place == "relay") is not after
]


@dataclass
class Fate:
    """What dies when `kind` passes for the first time."""

    stage: Stage
    lifetime: AsyncExitStack
    kind: type[SignalMessage]
    place: str
    after: bool
    relay: Relay | None = None
    struck: bool = False
    disagreed_s: float = 0.0
    phones: dict[str, Phone] = field(default_factory=dict)

    async def start_relay(self) -> None:
        self.relay = await self.lifetime.enter_async_context(self.stage.relay())
        if self.struck:
            return
        deliver, handle = self.relay._signals.outbox._deliver, self.relay._signals.handle

        def delivered(connection: Any, message: SignalMessage) -> None:
            who = self._host_of(connection)
            if self.place == "receiver" and who is not None:
                self.meets(message, lambda: deliver(connection, message), who)
            elif self.place == "relay" and isinstance(message, BY_RELAY):
                self.meets(message, lambda: deliver(connection, message), RELAY_IP)
            else:
                deliver(connection, message)

        def handled(connection: Any, sender: Any, message: Any, host: str) -> None:
            if self.place == "relay":
                self.meets(message, lambda: handle(connection, sender, message, host), RELAY_IP)
            else:
                handle(connection, sender, message, host)

        self.relay._signals.outbox._deliver = delivered
        self.relay._signals.handle = handled

    def watch(self, phone: Phone, ip: str) -> None:
        """Its own signals too."""
        self.phones[ip] = phone
        signalling = phone.engine._signalling
        send = signalling.send

        def sent(message: SignalMessage, *, keep: bool = False) -> bool:
            if self.place != "sender":
                return send(message, keep=keep)
            self.meets(message, lambda: send(message, keep=keep), ip)
            return True

        signalling.send = sent

    def meets(self, message: SignalMessage, go_on: Callable[[], object], ip: str) -> None:
        strikes = isinstance(message, self.kind) and not self.struck
        self.struck = self.struck or strikes
        if strikes and not self.after:
            self._strike(ip)
        go_on()
        if strikes and self.after:
            asyncio.get_running_loop().call_later(_HALF_WAY_S, self._strike, ip)

    def _strike(self, ip: str) -> None:
        if ip == RELAY_IP:
            self.stage.internet.kill(RELAY_IP)
            self.again = asyncio.ensure_future(self.start_relay())
        else:
            self.stage.internet.down.add(ip)
            asyncio.get_running_loop().call_later(OUTAGE_S, self.stage.internet.down.discard, ip)

    def _host_of(self, connection: Any) -> str | None:
        link = self.relay._signals.outbox._links.get(connection)
        return None if link is None else link.remote_address[0]

    async def look(self) -> None:
        """How long one side takes a call for active that is none for the other."""
        since: float | None = None
        while True:
            seen = stages(*self.phones.values())
            since = None if CallStage.ACTIVE not in seen or len(seen) == 1 else since or now()
            self.disagreed_s = max(self.disagreed_s, now() - (since or now()))
            await asyncio.sleep(0.25)


@asynccontextmanager
async def fate(
    stage: Stage, kind: type[SignalMessage], place: str, after: bool
) -> AsyncIterator[tuple[Fate, Phone, Phone]]:
    direct = kind in (MediaPathReport, CandidateUpdate)
    network = NetworkSettings(path="auto" if direct else "relay", port_mapping=False, use_stun=False)
    audio = AudioSettings(echo_cancellation=False, noise_suppression="off")
    settings = Settings(network=network, audio=audio)
    async with AsyncExitStack() as lifetime:
        met = Fate(stage, lifetime, kind, place, after)
        await met.start_relay()
        alice = await lifetime.enter_async_context(
            stage.phone("alice", ALICE_IP, sound=SimSound(tone(ALICE_HZ, 1.0)), settings=settings)
        )
        bob = await lifetime.enter_async_context(
            stage.phone("bob", BOB_IP, sound=SimSound(tone(BOB_HZ, 1.0)), settings=settings)
        )
        await alice.sees(bob)
        await bob.sees(alice)
        met.watch(alice, ALICE_IP)
        met.watch(bob, BOB_IP)
        looking = asyncio.ensure_future(met.look())
        yield met, alice, bob
        looking.cancel()


async def answering(bob: Phone) -> None:
    while True:
        call = (await bob.in_stage(CallStage.INCOMING, 600)).call
        bob.does(AnswerCall(call.call_id, Answer.TRUSTED))
        await bob.until(lambda s: s.call.stage is not CallStage.INCOMING)


def stages(*phones: Phone) -> set[CallStage | None]:
    return {None if phone.state.call is None else phone.state.call.stage for phone in phones}


def is_settled(alice: Phone, bob: Phone) -> bool:
    """Nothing more is awaited: both are out of the call, or in it and of one mind."""
    if stages(alice, bob) != {CallStage.ACTIVE}:
        return stages(alice, bob) <= {CallStage.ENDED, None}
    roots = {session(phone)._media._opener.root for phone in (alice, bob)}
    told = [session(phone).machine.peer_muted for phone in (bob, alice)]
    heard = all(session(phone)._peer_words for phone in (alice, bob))
    return heard and len(roots) == 1 and told == [p.state.mic_muted for p in (alice, bob)]


def session(phone: Phone) -> Any:
    return phone.engine._calls._session


@pytest.mark.parametrize(("kind", "place", "after"), CASES)
def test_a_lost_signal_costs_no_more_than_a_moment(
    scene: Scene, kind: type[SignalMessage], place: str, after: bool
) -> None:
    async def script(stage: Stage) -> None:
        async with fate(stage, kind, place, after) as (met, alice, bob):
            alice.does(PlaceCall(bob.fingerprint))
            answers = asyncio.ensure_future(answering(bob))
            await asyncio.sleep(6)
            if stages(alice, bob) == {CallStage.ACTIVE}:
                session(alice)._rekey_at = now()
                session(alice)._ask(STUDIO_64K, 3.0)
                alice.does(SetMuted(microphone=True))
                bob.does(SetMuted(microphone=True))
                await asyncio.sleep(1)
                alice.network.change()
                bob.does(SetMuted(microphone=False))
            await asyncio.sleep(OUTAGE_S)
            assert met.struck
            for _ in range(50):
                if is_settled(alice, bob):
                    break
                await asyncio.sleep(1)
            answers.cancel()
            assert met.disagreed_s <= LONGEST_DISAGREEMENT_S
            if stages(alice, bob) <= {CallStage.ENDED, None}:
                assert kind in SET_UP
                await alice.sees(bob)
                await talking(alice, bob)
            for phone, other in ((alice, bob), (bob, alice)):
                assert phone.state.call.stage is CallStage.ACTIVE
                assert session(phone).machine.peer_muted == other.state.mic_muted
            alice.does(SetMuted(microphone=False))
            await asyncio.sleep(2)
            for _ in range(35):  # a signal of this may be lost too
                if not session(bob).machine.peer_muted:
                    break
                await asyncio.sleep(1)
            for phone in (alice, bob):
                assert loudness(phone.sound.heard_since(now() - 1)) > 2500
                assert phone.state.call.badge is Badge.ENCRYPTED
                assert not session(phone).machine.peer_muted
                assert session(phone)._peer_words
            codes = {
                phone.state.call.sas.code for phone in (alice, bob) if phone.state.call.sas.stage is SasStage.READY
            }
            assert len(codes) <= 1
            roots = [session(phone)._media._opener.root for phone in (alice, bob)]
            assert roots[0] == roots[1]

    scene(script)


@pytest.mark.parametrize(("place", "after"), MOMENTS)
def test_a_lost_goodbye_leaves_nobody_in_a_call_for_long(scene: Scene, place: str, after: bool) -> None:
    async def script(stage: Stage) -> None:
        async with fate(stage, Hangup, place, after) as (met, alice, bob):
            await talking(alice, bob)
            await asyncio.sleep(2)
            alice.does(HangUp())
            await alice.in_stage(CallStage.ENDED, 2)
            await bob.in_stage(CallStage.ENDED, LONGEST_DISAGREEMENT_S)
            assert met.struck
            await asyncio.sleep(OUTAGE_S + 10)
            await talking(alice, bob)

    scene(script)
