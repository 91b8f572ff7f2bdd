"""What the relay tells somebody of a person who hides: in no signal, whatever its kind, is one of their addresses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import pytest

from tests.sim.network import Internet, Line, Router
from tests.sim.script import ALICE_HZ, BOB_HZ, now, talking
from tests.sim.sound import SimSound, loudness, tone
from tests.sim.world import RELAY_IP, STUN, Phone, Stage
from wzp_core.engine.commands import Answer, HangUp
from wzp_core.io.link import QuicLink
from wzp_core.ports import Address
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import CallSetup, DirectCallAnswer, DirectCallOffer
from wzp_core.protocol.signal.codec import encode
from wzp_core.protocol.signal.path import CandidateUpdate, HardNatBirthdayStart, HardNatProbe
from wzp_core.session.state import CallStage
from wzp_core.settings.schema import NetworkSettings

Scene = Callable[..., None]

TELL_OF_A_PATH = {CandidateUpdate, HardNatProbe, HardNatBirthdayStart}


@dataclass
class GrantedPort:
    """A router that has granted a port; implements `ports.PortMapping`."""

    address: str
    protocol: str = "Pcp"
    pinhole: str = "Pcp"

    def current(self) -> str:
        return self.address

    def current_inside(self) -> None:
        """No router is behind another one here."""

    def network_changed(self) -> None:
        """The test says what is granted then."""

    @asynccontextmanager
    async def hold(self, _sockets: Callable[[], tuple[Address, ...]]) -> AsyncIterator[None]:
        yield


@dataclass
class Place:
    """All the addresses by which somebody may be found, before and after the change of network."""

    digit: int
    kind: dict[str, str | bool]
    is_moved: bool = False
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.inside, self.later_inside = f"10.{self.digit}.0.11", f"10.{self.digit}.0.22"
        self.outside, self.later_outside = f"198.51.100.{self.digit}11", f"198.51.100.{self.digit}22"
        self.mapped, self.later_mapped = f"192.0.2.{self.digit}33", f"192.0.2.{self.digit}44"
        self.words = (self.inside, self.later_inside, self.outside, self.later_outside, self.mapped, self.later_mapped)
        self.port = GrantedPort(f"{self.mapped}:40123")

    def settle(self, internet: Internet) -> None:
        internet.router(Router(self.outside, **self.kind), self.inside)

    def move(self, phone: Phone, internet: Internet) -> None:
        """Another uplink: another router, another address of the interface, another port that was granted."""
        internet.router(Router(self.later_outside, **self.kind), self.inside)
        self.port.address = f"{self.later_mapped}:40123"
        phone.network.ip = self.later_inside
        phone.network.change()


@dataclass(frozen=True)
class Told:
    to: str  # the address that the relay sees
    message: SignalMessage

    def has_one_of(self, words: tuple[str, ...]) -> bool:
        text = encode(self.message).decode()
        return any(word in text for word in words)


@contextmanager
def overheard() -> Iterator[list[Told]]:
    """Everything the relay says, on every link, be it for signals or a room's."""
    told: list[Told] = []

    def send_signal(link: QuicLink, message: SignalMessage) -> None:
        if link.remote_address[0] != RELAY_IP:
            told.append(Told(link.remote_address[0], message))
        honest(link, message)

    with pytest.MonkeyPatch.context() as patch:
        honest = QuicLink.send_signal
        patch.setattr(QuicLink, "send_signal", send_signal)
        yield told


@dataclass
class Call:
    """One that both have been moved in, as the relay told of it."""

    alice: Place
    bob: Place
    told: list[Told]

    def to(self, place: Place) -> list[Told]:
        return [each for each in self.told if each.to in (place.outside, place.later_outside)]


async def a_call_on_the_move(
    stage: Stage, told: list[Told], answer: Answer, *, caller: str = "auto", callee: str = "auto"
) -> Call:
    alice_at, bob_at = Place(1, {"symmetric": True, "allocation": "random"}), Place(2, {})
    for place in (alice_at, bob_at):
        place.settle(stage.internet)

    senders = set[str]()

    def tap(source: str, target: str, data: bytes) -> bytes:
        if target == RELAY_IP:
            senders.add(source)
        return data

    stage.internet.tap = tap

    def wish(path: str) -> NetworkSettings:
        return NetworkSettings(path=path, stun_servers=STUN)

    with stage.stun_servers():
        async with (
            stage.relay(),
            stage.phone(
                "alice",
                alice_at.inside,
                network=wish(caller),
                sound=SimSound(tone(ALICE_HZ, 1.0)),
                port_mapping=alice_at.port,
            ) as alice,
            stage.phone(
                "bob", bob_at.inside, network=wish(callee), sound=SimSound(tone(BOB_HZ, 1.0)), port_mapping=bob_at.port
            ) as bob,
        ):
            await alice.sees(bob)
            await asyncio.sleep(2)
            await talking(alice, bob, answer)
            await asyncio.sleep(6)
            for phone, place in ((alice, alice_at), (bob, bob_at)):
                place.move(phone, stage.internet)
                await asyncio.sleep(8)
                assert phone.state.call.stage is CallStage.ACTIVE
                assert loudness(phone.sound.heard_since(now() - 1)) > 3000
            alice.does(HangUp())
            await bob.in_stage(CallStage.ENDED)
            await alice.sees(bob)
    assert senders >= {alice_at.later_outside, bob_at.later_outside}, "they did move"
    return Call(alice_at, bob_at, told)


@pytest.mark.parametrize("who", ["callee answers privately", "caller's setting", "callee's setting"])
def test_no_signal_to_the_peer_has_an_address_of_who_hides(scene: Scene, who: str) -> None:
    async def script(stage: Stage) -> None:
        with overheard() as told:
            call = await a_call_on_the_move(
                stage,
                told,
                Answer.PRIVATE if who == "callee answers privately" else Answer.TRUSTED,
                caller="relay" if who == "caller's setting" else "auto",
                callee="relay" if who == "callee's setting" else "auto",
            )
        hidden, peer = (call.alice, call.bob) if who == "caller's setting" else (call.bob, call.alice)
        heard = call.to(peer)
        kinds = {type(each.message) for each in heard}
        assert kinds >= {CallSetup, DirectCallOffer if peer is call.bob else DirectCallAnswer}
        assert [each for each in heard if each.has_one_of(hidden.words)] == []
        assert not kinds & TELL_OF_A_PATH, "guessed ports are addresses too"
        if who == "callee answers privately":
            assert [each for each in call.to(hidden) if each.has_one_of(peer.words)] == [], (
                "a private call is so for both"
            )

    scene(script, Internet(line=Line(delay_s=0.0125)))


def test_where_nobody_hides_every_kind_of_signal_that_can_tell_does(scene: Scene) -> None:
    """Or the test above would look where nothing can be found."""

    async def script(stage: Stage) -> None:
        with overheard() as told:
            call = await a_call_on_the_move(stage, told, Answer.TRUSTED)
        both = ((call.alice, call.bob), (call.bob, call.alice))
        telling = {type(e.message) for place, other in both for e in call.to(other) if e.has_one_of(place.words)}
        assert telling == {DirectCallAnswer, CallSetup, *TELL_OF_A_PATH}, "offers ring before anybody agreed"
        for place, other in both:
            for word in place.words:
                assert any(each.has_one_of((word,)) for each in call.to(other)), word

    scene(script, Internet(line=Line(delay_s=0.0125)))
