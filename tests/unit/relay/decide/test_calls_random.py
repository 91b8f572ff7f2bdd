"""Random scripts of up to four clients against the call registry."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.decide.absence import GRACE_S
from relay.decide.calls import RING_LIMIT_S, CallRegistry, CallSignal
from relay.decide.effects import Effect, Send
from wzp_core.errors import RemoteViolation
from wzp_core.protocol.ids import CallId, Fingerprint
from wzp_core.protocol.profile import GOOD
from wzp_core.protocol.signal.call import CallAcceptMode, DirectCallAnswer, DirectCallOffer, Hangup, HangupReason
from wzp_core.protocol.signal.path import MediaPathReport

CLIENTS = tuple(Fingerprint(":".join([f"{digit}{digit}{digit}{digit}"] * 8)) for digit in "abcd")
CALLS = tuple(CallId(f"call{number}") for number in range(3))
MOST = 2
LATE = 1000.0

clients = st.sampled_from(CLIENTS)
call_ids = st.sampled_from(CALLS)
steps = st.one_of(
    st.tuples(st.just("arrive"), clients),
    st.tuples(st.just("leave"), clients),
    st.tuples(st.just("offer"), clients, clients, call_ids),
    st.tuples(st.just("answer"), clients, call_ids, st.sampled_from(CallAcceptMode)),
    st.tuples(st.just("hang up"), clients, st.none() | call_ids),
    st.tuples(st.just("report"), clients, call_ids),
    st.tuples(st.just("wait"), st.floats(0.1, 40.0)),
)


def offer(caller: Fingerprint, target: Fingerprint, call_id: CallId) -> DirectCallOffer:
    return DirectCallOffer(
        caller_fingerprint=caller,
        caller_alias=None,
        target_fingerprint=target,
        call_id=call_id,
        identity_pub=bytes(32),
        ephemeral_pub=bytes(32),
        signature=b"",
        supported_profiles=(GOOD,),
    )


@dataclass
class World:
    """The registry, and what an outsider who sees all its inputs and outputs would conclude."""

    registry: CallRegistry = field(default_factory=lambda: CallRegistry(started_at=0.0, most_per_client=MOST))
    now: float = LATE
    present: set[Fingerprint] = field(default_factory=set)
    gone_at: dict[Fingerprint, float] = field(default_factory=dict)
    parties: dict[CallId, set[Fingerprint]] = field(default_factory=dict)  # of the newest call with that id

    def step(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("arrive", client):
                self.present.add(client)
                self.gone_at.pop(client, None)
                self.check(self.registry.arrived(client, "relay:1"), None)
            case ("leave", client) if client in self.present:
                self.present.discard(client)
                self.gone_at[client] = self.now
                self.registry.left(client, self.now)
            case ("offer", caller, target, call_id):
                self.offer(caller, target, call_id)
            case ("answer", client, call_id, mode):
                self.signal(client, DirectCallAnswer(call_id=call_id, accept_mode=mode))
            case ("hang up", client, call_id):
                self.signal(client, Hangup(reason=HangupReason.NORMAL, call_id=call_id))
            case ("report", client, call_id):
                self.signal(client, MediaPathReport(call_id=call_id, direct_ok=True))
            case ("wait", seconds):
                self.wait(seconds)

    def offer(self, caller: Fingerprint, target: Fingerprint, call_id: CallId) -> None:
        before = len(self.registry)
        effects = self.registry.handle(caller, offer(caller, target, call_id), self.now)
        if len(self.registry) > before:
            self.parties[call_id] = {caller, target}
        self.check(effects, caller)

    def signal(self, client: Fingerprint, message: CallSignal) -> None:
        try:
            self.check(self.registry.handle(client, message, self.now), client)
        except RemoteViolation:
            assert client not in self.parties.get(message.call_id or CALLS[0], set()) or isinstance(
                message, DirectCallAnswer
            )

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now += 1.0
            self.check(self.registry.expire(self.now), None)

    def check(self, effects: list[Effect], asker: Fingerprint | None) -> None:
        """Nobody but a party, or who is told why its own offer is refused, ever hears of a call."""
        for effect in effects:
            assert isinstance(effect, Send)
            call_id = effect.message.call_id  # type: ignore[attr-defined]  # all call signals have one
            assert effect.to == asker or effect.to in self.parties[call_id]

    def check_bounds(self) -> None:
        assert len(self.registry) <= len(CALLS)
        assert len(self.registry._absences) <= len(CLIENTS)
        assert sum(map(len, self.registry._calls_of.values())) == 2 * len(self.registry)
        assert all(len(calls) <= MOST for calls in self.registry._calls_of.values())
        for call in self.registry._calls.values():
            for party in call.parties.values():
                assert self.now - self.gone_at.get(party, self.now) <= GRACE_S + 1.0


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=60))
def test_calls_stay_private_and_end_with_their_parties(script: list[tuple[Any, ...]]) -> None:
    world = World()
    for client in CLIENTS[:2]:
        world.step(("arrive", client))
    for step in script:
        world.step(step)
        world.check_bounds()
    for client in list(world.present):
        world.step(("leave", client))
    world.wait(RING_LIMIT_S + GRACE_S)
    assert len(world.registry) == 0
    assert not world.registry._absences._absent
