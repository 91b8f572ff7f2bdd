"""Random scripts of four clients on two relays whose link comes and goes, against both call registries."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.decide.calls import CallPhase, CallRegistry, CallSignal
from relay.decide.effects import ConnectionId, Effect, Send
from tests.unit.relay.decide.test_calls_random import CALLS, CLIENTS, LATE, offer
from wzp_core.errors import RemoteViolation
from wzp_core.protocol.ids import CallId, Fingerprint
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import CallAcceptMode, DirectCallAnswer, Hangup, HangupReason
from wzp_core.protocol.signal.path import MediaPathReport

HOMES = dict(zip(CLIENTS, (0, 0, 1, 1), strict=True))

clients = st.sampled_from(CLIENTS)
call_ids = st.sampled_from(CALLS)
steps = st.one_of(
    st.tuples(st.sampled_from(["arrive", "arrive", "leave"]), clients),
    st.tuples(st.just("offer"), clients, clients, call_ids),
    st.tuples(st.just("answer"), clients, call_ids, st.sampled_from(CallAcceptMode)),
    st.tuples(st.just("hang up"), clients, st.none() | call_ids),
    st.tuples(st.just("report"), clients, call_ids),
    st.tuples(st.just("deliver"), st.integers(0, 1), st.integers(1, 5)),
    st.tuples(st.sampled_from(["link", "cut"])),
    st.tuples(st.just("wait"), st.floats(0.1, 40.0)),
)


@dataclass
class Side:
    """One relay; implements `elsewhere.Elsewhere` for its registry."""

    world: "World"
    number: int
    registry: CallRegistry = field(default_factory=lambda: CallRegistry(started_at=0.0))
    present: set[Fingerprint] = field(default_factory=set)
    inbox: deque[SignalMessage] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.registry.elsewhere = self

    @property
    def other(self) -> "Side":
        return self.world.sides[1 - self.number]

    def way(self, who: Fingerprint) -> ConnectionId | None:
        return self.world.link if who in self.other.present and self.world.link else None

    def may_have(self, who: Fingerprint) -> bool:
        return False

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            assert isinstance(effect, Send)
            if HOMES[effect.to] == self.number:
                continue
            assert effect.by is None or HOMES[effect.by] == self.number
            if self.way(effect.to):
                self.other.inbox.append(effect.message)

    def deliver(self, count: int) -> None:
        for _ in range(min(count, len(self.inbox))):
            message: Any = self.inbox.popleft()
            sender = self.registry.speaker(message)
            if sender is not None:
                self.perform(self.registry.handle_elsewhere(sender, message, self.world.now))

    def says(self, client: Fingerprint, message: CallSignal) -> None:
        try:
            self.perform(self.registry.handle(client, message, self.world.now))
        except RemoteViolation:
            return


@dataclass
class World:
    now: float = LATE
    link: ConnectionId | None = field(default_factory=lambda: ConnectionId(1))
    links: int = 1
    used: set[CallId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.sides = [Side(self, number) for number in (0, 1)]

    def step(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("arrive", client):
                side = self.sides[HOMES[client]]
                side.present.add(client)
                side.perform(side.registry.arrived(client, "relay:1"))
                self.recheck()
            case ("leave", client) if client in self.sides[HOMES[client]].present:
                side = self.sides[HOMES[client]]
                side.present.discard(client)
                side.registry.left(client, self.now)
                self.recheck()
            case ("offer", caller, target, call_id) if call_id not in self.used:  # ids are drawn anew for each call
                self.used.add(call_id)
                self.sides[HOMES[caller]].says(caller, offer(caller, target, call_id))
            case ("answer", client, call_id, mode):
                self.sides[HOMES[client]].says(client, DirectCallAnswer(call_id=call_id, accept_mode=mode))
            case ("hang up", client, call_id):
                self.sides[HOMES[client]].says(client, Hangup(reason=HangupReason.NORMAL, call_id=call_id))
            case ("report", client, call_id):
                self.sides[HOMES[client]].says(client, MediaPathReport(call_id=call_id, direct_ok=True))
            case ("deliver", number, count):
                self.sides[number].deliver(count)
            case ("cut",):
                self.link = None
                for side in self.sides:
                    side.inbox.clear()
                self.recheck()
            case ("link",) if self.link is None:
                self.links += 1
                self.link = ConnectionId(self.links)
                self.recheck()
            case ("wait", seconds):
                until = self.now + seconds
                while self.now < until:
                    self.now += 1.0
                    for side in self.sides:
                        side.perform(side.registry.expire(self.now))

    def recheck(self) -> None:
        for side in self.sides:
            side.perform(side.registry.recheck(self.now))

    def settle(self) -> None:
        self.step(("link",))
        while any(side.inbox for side in self.sides):
            for side in self.sides:
                side.deliver(1)

    def calls(self, number: int) -> dict[CallId, Any]:
        """Those between the relays."""
        found = self.sides[number].registry._calls.values()
        return {call.call_id: call for call in found if len({HOMES[party] for party in call.parties.values()}) == 2}


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=30))
def test_what_has_ended_on_one_relay_has_ended_on_the_other_as_soon_as_there_is_a_link(
    script: list[tuple[Any, ...]],
) -> None:
    world, (ann, ben, cleo, dan) = World(), CLIENTS
    for step in [
        *(("arrive", client) for client in CLIENTS),
        ("offer", ann, cleo, CALLS[0]),
        ("offer", dan, ben, CALLS[1]),
        *(("deliver", number, 5) for number in (0, 1)),
        ("answer", cleo, CALLS[0], CallAcceptMode.ACCEPT_TRUSTED),
        *(("deliver", number, 5) for number in (0, 1)),
        *script,
    ]:
        world.step(step)
    world.settle()
    for number, other in ((0, 1), (1, 0)):
        for call_id, call in world.calls(number).items():
            (ours,) = (party for party in call.parties.values() if HOMES[party] == number)
            (theirs,) = set(call.parties.values()) - {ours}
            is_away = ours not in world.sides[number].present  # and cannot be told
            waits = call.phase is CallPhase.RINGING and theirs not in world.sides[other].present  # for its offer
            assert call_id in world.calls(other) or is_away or waits
    for client in CLIENTS:
        world.step(("leave", client))
    world.step(("wait", 200.0))
    world.settle()
    assert [len(side.registry) for side in world.sides] == [0, 0]
    assert not any(side.registry._absences._absent for side in world.sides)
