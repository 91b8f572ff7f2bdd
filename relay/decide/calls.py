"""The call registry: who talks to whom, and which signals pass between them (relay.md §7, §8.1)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from relay.decide.absence import Absences
from relay.decide.candidates import NOWHERE, Candidates, answer_without_addresses, offer_without_addresses
from relay.decide.effects import Effect, Send
from relay.decide.elsewhere import NOBODY, Elsewhere
from relay.decide.repeats import Repeats
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import CallId, Fingerprint, RoomName, call_room, check_call_id, parse_fingerprint
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import (
    CallAcceptMode,
    CallRinging,
    DirectCallAnswer,
    DirectCallOffer,
    Hangup,
    HangupReason,
    MuteState,
    Rekey,
    SasCommit,
    SasNonce,
    SasReveal,
)
from wzp_core.protocol.signal.path import CandidateUpdate, HardNatBirthdayStart, HardNatProbe, MediaPathReport
from wzp_core.protocol.signal.quality import (
    MediaCapability,
    QualityCapability,
    UpgradeConfirm,
    UpgradeProposal,
    UpgradeResponse,
)

RING_LIMIT_S = 60.0
RESUME_WINDOW_S = 60.0  # after a start of the relay: clients of calls it has forgotten come back
CALLER_STREAM, CALLEE_STREAM = 1, 2

Revealing: TypeAlias = CandidateUpdate | HardNatProbe | HardNatBirthdayStart
InCall: TypeAlias = (
    MediaPathReport
    | Revealing
    | UpgradeProposal
    | UpgradeResponse
    | UpgradeConfirm
    | QualityCapability
    | SasCommit
    | SasNonce
    | SasReveal
    | Rekey
    | MuteState
    | MediaCapability
)
CallSignal: TypeAlias = DirectCallOffer | DirectCallAnswer | Hangup | InCall
FederatedSignal: TypeAlias = CallSignal | CallRinging
"""What passes between relays."""


class CallPhase(Enum):
    RINGING = "ringing"
    ACTIVE = "active"


@dataclass(slots=True)
class _Call:
    call_id: CallId
    parties: dict[int, Fingerprint]  # by stream id
    phase: CallPhase
    deadline: float | None
    relay_addr: dict[Fingerprint, str] = field(default_factory=dict)  # as our own parties see this relay
    caller_at: Candidates = NOWHERE
    reveals: bool = False  # both sides' addresses may be known to the other
    early: HardNatProbe | None = None  # an older caller says it at once; for a callee who may know its address
    origin: str = ""  # the network that the offer came from; empty where it is not known
    told: dict[Fingerprint, list[Send]] = field(default_factory=dict)  # our own parties, of the set-up as it stands

    def stream_of(self, fingerprint: Fingerprint) -> int | None:
        return next((stream for stream, party in self.parties.items() if party == fingerprint), None)

    def peer_of(self, fingerprint: Fingerprint) -> Fingerprint | None:
        return next((party for party in self.parties.values() if party != fingerprint), None)


class CallRegistry:
    """All calls of this relay's clients; every method takes an input and returns what is to be sent.

    A call between clients of two relays stands in both registries, each of which serves its own party.
    """

    def __init__(self, *, started_at: float, most_per_client: int = 8, most_calls: int = 10_000) -> None:
        self._resume_until = started_at + RESUME_WINDOW_S
        self.most_per_client = most_per_client
        self._most_calls = most_calls
        self._calls: dict[str, _Call] = {}
        self._calls_of: dict[Fingerprint, list[_Call]] = {}
        self._present: dict[Fingerprint, str] = {}  # with this relay's address as the client sees it
        self._absences = Absences()
        self._repeats = Repeats()
        self.elsewhere: Elsewhere = NOBODY
        self.placed: Callable[[RoomName], int] | None = None  # the port that a room is at; 0 is the relay's own

    def __len__(self) -> int:
        return len(self._calls)

    def arrived(self, client: Fingerprint, relay_addr: str) -> list[Effect]:
        """A client has registered, perhaps again: what it was told may have gone into a link that was dead already."""
        self._present[client] = relay_addr
        for call in self._calls_of.get(client, ()):
            call.relay_addr[client] = relay_addr
        told = [sent for call in self._calls_of.get(client, ()) for sent in call.told.get(client, ())]
        return [*told, *self._absences.end(client)]

    def left(self, client: Fingerprint, now: float) -> None:
        """A client's signal link is lost; its calls wait for it."""
        self._present.pop(client, None)
        if client in self._calls_of:
            self._absences.begin(client, now)

    def handle(self, sender: Fingerprint, message: CallSignal, now: float, origin: str = "") -> list[Effect]:
        """What a client says from network `origin`. Raises RemoteViolation for what no honest client sends."""
        if sender not in self._present:
            return []  # last words of a link that is lost already
        match message:
            case DirectCallOffer():
                return self._offer(sender, message, now, origin)
            case DirectCallAnswer():
                return self._answer(sender, message, now)
            case Hangup():
                return self._hang_up(sender, message, now)
        return self._forward(sender, message, now)

    def is_home_of(self, who: Fingerprint) -> bool:
        """Whether what other relays send to somebody ends here: a client of ours, also one that may come back."""
        return who in self._present or any(who in call.relay_addr for call in self._calls_of.get(who, ()))

    def is_all_here(self, call_id: str) -> bool:
        """Whether both parties are clients of this relay."""
        call = self._find(call_id)
        return call is not None and len(call.parties) == len(call.relay_addr) == 2

    def speaker(self, message: FederatedSignal) -> Fingerprint | None:
        """Who elsewhere says that: the caller of an offer, else the party of the call that is not ours."""
        if isinstance(message, DirectCallOffer):
            return parse_fingerprint(message.caller_fingerprint)
        call = self._find(message.call_id) if message.call_id is not None else None
        parties = call.parties.values() if call is not None else ()
        return next((party for party in parties if call is not None and party not in call.relay_addr), None)

    def rings(self, call_id: CallId | None) -> bool:
        """Whether the callee of a client of ours is known to have been reached."""
        call = self._find(call_id) if call_id is not None else None
        return call is not None and call.phase is CallPhase.RINGING and bool(call.told.get(call.parties[CALLER_STREAM]))

    def handle_elsewhere(self, sender: Fingerprint, message: FederatedSignal, now: float) -> list[Effect]:
        """What a client of another relay says. Raises RemoteViolation where nobody there can say that."""
        if sender in self._present:
            raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, what="another relay speaks for a client of ours")
        match message:
            case DirectCallOffer():
                return self._offer(sender, message, now)
            case DirectCallAnswer():
                return self._answer(sender, message, now)
            case CallRinging():
                return self._ring(sender, message)
            case Hangup():
                return self._hang_up(sender, message, now) if message.call_id is not None else []
        return self._forward(sender, message, now)

    def recheck(self, now: float) -> list[Effect]:
        """Other relays have other clients, or are reached by other links: parties there may be gone, or back."""
        effects = self._repeats.again(self.elsewhere.way, now)
        for party in {*self._calls_of, *self._absences} - self._present.keys():
            is_away = party in self._absences
            if is_away and self._is_elsewhere(party):
                effects += self._absences.end(party)
            elif not is_away and not self._is_elsewhere(party):
                self._absences.begin(party, now)
        return effects

    def meet(self, call_id: str, who: Fingerprint, stream: int | None, now: float) -> list[Effect]:
        """Somebody on another relay is in the room of a call that this relay has forgotten: its other party."""
        call = self._find(call_id)
        if call is None or len(call.parties) != 1 or stream in call.parties or call.stream_of(who) is not None:
            return []
        self._enlist(call, who, stream or next(s for s in (CALLER_STREAM, CALLEE_STREAM) if s not in call.parties))
        return self.recheck(now)

    def expire(self, now: float) -> list[Effect]:
        """Ends what rang too long and what a party did not come back to; wants to be asked about once a second."""
        effects: list[Effect] = []
        for call in [call for call in self._calls.values() if call.deadline is not None and call.deadline <= now]:
            effects += self._end(call, call.parties.values(), HangupReason.TIMEOUT, now)
        for lost in self._absences.overdue(now):
            for call in list(self._calls_of.get(lost, ())):
                reason = HangupReason.TIMEOUT if call.phase is CallPhase.RINGING else HangupReason.NORMAL
                effects += self._end(call, [party for party in call.parties.values() if party != lost], reason, now)
        return effects

    def admit(self, call_id: str, who: Fingerprint, wish: int | None, now: float) -> int:
        """The stream id of a party that opens the call's media room.

        A call unknown shortly after the relay's own start is one it has forgotten: the first two that ask for the
        stream ids which their packets carry already are its parties. Raises RemoteViolation for anybody else.
        """
        call = self._find(call_id)
        if call is None:
            call = self._resumed(check_call_id(call_id), who, wish, now)
        stream = call.stream_of(who)
        return stream if stream is not None else self._add_party(call, who, wish, now)

    # --- one function for each kind of signal ------------------------------------------------------------------

    def _offer(self, sender: Fingerprint, offer: DirectCallOffer, now: float, origin: str = "") -> list[Effect]:
        call_id = check_call_id(offer.call_id)
        target = parse_fingerprint(offer.target_fingerprint)
        known = self._find(call_id)
        if call_id in self._repeats if known is None else known.stream_of(sender) is not None:
            return []  # a repeated offer harms no call, nor does it bring back one whose goodbye it has crossed
        refusal = self._refusal(sender, offer, target, is_used=known is not None)
        if refusal is None and self._rings_enough(target, origin):
            refusal = HangupReason.BUSY
        if refusal is not None:
            return [Send(sender, Hangup(reason=refusal, call_id=call_id), target)]
        parties = {CALLER_STREAM: sender, CALLEE_STREAM: target}
        relay_addr = {party: self._present[party] for party in parties.values() if party in self._present}
        call = _Call(call_id, parties, CallPhase.RINGING, now + RING_LIMIT_S, relay_addr, Candidates.of_offer(offer))
        call.origin = origin
        self._enter(call)
        ringing = CallRinging(call_id=call_id)
        if target in self._present:
            rings = self._tell(call, target, offer_without_addresses(offer), sender)
            return [*rings, *self._tell(call, sender, ringing, target)]
        passed_on = Send(target, offer, sender)  # its relay is to know the addresses: it sees how the answer is meant
        if (way := self.elsewhere.way(target)) is not None:
            self._repeats.say(call_id, passed_on, way, now)  # its relay may start anew and know nothing of the call
            return [passed_on]
        return [passed_on, *self._tell(call, sender, ringing, target)]

    def _refusal(
        self, sender: Fingerprint, offer: DirectCallOffer, target: Fingerprint, *, is_used: bool
    ) -> HangupReason | None:
        forged = parse_fingerprint(offer.caller_fingerprint) != sender
        if forged or is_used or target == sender or self._is_full(sender) or len(self._calls) >= self._most_calls:
            return HangupReason.ERROR
        if target not in self._present and (sender not in self._present or not self._is_elsewhere(target)):
            return HangupReason.NORMAL
        return HangupReason.BUSY if self._is_full(target) else None

    def _is_full(self, client: Fingerprint) -> bool:
        return len(self._calls_of.get(client, ())) >= self.most_per_client

    def _rings_enough(self, client: Fingerprint, origin: str) -> bool:
        """Whether one network, under however many names, has taken half of the calls that may ring at a client."""
        calls = self._calls_of.get(client, ()) if origin else ()
        ringing = sum(call.origin == origin and call.phase is CallPhase.RINGING for call in calls)
        return ringing >= max(1, self.most_per_client // 2)

    def _is_elsewhere(self, who: Fingerprint) -> bool:
        return self.elsewhere.way(who) is not None or self.elsewhere.may_have(who)

    def _ring(self, sender: Fingerprint, ringing: CallRinging) -> list[Effect]:
        call = self._find(ringing.call_id)
        is_news = call is not None and call.phase is CallPhase.RINGING and call.stream_of(sender) == CALLEE_STREAM
        return self._tell(call, call.parties[CALLER_STREAM], ringing, sender) if call is not None and is_news else []

    def _answer(self, sender: Fingerprint, answer: DirectCallAnswer, now: float) -> list[Effect]:
        call = self._find(answer.call_id)
        if call is None and sender in self._present and answer.accept_mode is not CallAcceptMode.REJECT:
            return [Send(sender, Hangup(reason=HangupReason.ERROR, call_id=answer.call_id))]  # we may have forgotten it
        if call is None or call.phase is not CallPhase.RINGING:
            return []  # hung up meanwhile, or answered before
        caller, callee = call.parties[CALLER_STREAM], call.parties[CALLEE_STREAM]
        if sender != callee:
            raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, what="answer by another than the callee")
        if answer.accept_mode is CallAcceptMode.REJECT:
            return self._end(call, [caller], HangupReason.NORMAL, now)
        call.phase, call.deadline = CallPhase.ACTIVE, None
        call.told.clear()
        self._repeats.drop(call.call_id)
        call.reveals = answer.accept_mode is CallAcceptMode.ACCEPT_TRUSTED
        caller_at, callee_at = (call.caller_at, Candidates.of_answer(answer)) if call.reveals else (NOWHERE, NOWHERE)
        return [
            *self._tell(call, caller, answer if call.reveals else answer_without_addresses(answer), callee),
            *self._set_up(call, caller, callee_at, callee),
            *self._set_up(call, callee, caller_at, caller),
            *(self._absences.send(callee, call.early, caller) if call.reveals and call.early is not None else []),
        ]

    def _set_up(self, call: _Call, to: Fingerprint, peer_at: Candidates, peer: Fingerprint) -> list[Effect]:
        """Of each party by its own relay."""
        if to not in call.relay_addr:
            return []
        room, address = call_room(call.call_id), call.relay_addr[to]
        if self.placed is not None and (port := self.placed(RoomName(room.lower()))):
            address = f"{address.rpartition(':')[0]}:{port}"
        setup = peer_at.setup(call.call_id, room, address)
        return self._tell(call, to, setup, peer)

    def _tell(self, call: _Call, to: Fingerprint, message: SignalMessage, by: Fingerprint) -> list[Effect]:
        """Says it now, and to a client of ours again on each return before it shows that it knows."""
        if to not in call.relay_addr:
            return self._absences.send(to, message, by)
        told = Send(to, message, by)
        if told not in call.told.setdefault(to, []):
            call.told[to].append(told)
        return [] if to in self._absences else [told]

    def _hang_up(self, sender: Fingerprint, goodbye: Hangup, now: float) -> list[Effect]:
        """Without an id every call of the sender ends, as older clients mean it."""
        if goodbye.call_id is None:
            calls = list(self._calls_of.get(sender, ()))
        else:
            call = self._find(goodbye.call_id)
            calls = [call] if call is not None and call.stream_of(sender) is not None else []
        effects: list[Effect] = []
        for call in calls:
            peers = [party for party in call.parties.values() if party != sender]
            effects += self._end(call, peers, goodbye.reason, now)
        return effects

    def _forward(self, sender: Fingerprint, message: InCall, now: float) -> list[Effect]:
        call = self._find(message.call_id) if message.call_id is not None else None
        if call is None:
            is_over = isinstance(message, MuteState) and sender in self._present and now >= self._resume_until
            # what is told as long as a call lasts: the goodbye was lost on its way to that party
            return [Send(sender, Hangup(reason=HangupReason.NORMAL, call_id=message.call_id))] if is_over else []
        if call.stream_of(sender) is None:
            raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, what="signal of somebody else's call")
        if call.phase is CallPhase.ACTIVE:
            call.told.pop(sender, None)
        elif isinstance(message, HardNatProbe) and sender == call.parties[CALLER_STREAM]:
            call.early = message
        if isinstance(message, Revealing) and not call.reveals:
            return []  # a private call stays private whatever a client slips
        peer = call.peer_of(sender)
        return self._absences.send(peer, message, sender) if peer is not None else []

    # --- bookkeeping -------------------------------------------------------------------------------------------

    def _find(self, call_id: str) -> _Call | None:
        return self._calls.get(call_id.lower())  # a host name, which carries the id too, has no case

    def _enter(self, call: _Call) -> None:
        self._calls[call.call_id.lower()] = call
        for party in call.parties.values():
            self._calls_of.setdefault(party, []).append(call)

    def _end(self, call: _Call, told: Iterable[Fingerprint], reason: HangupReason, now: float) -> list[Effect]:
        goodbye = Hangup(reason=reason, call_id=call.call_id)
        self._repeats.drop(call.call_id)
        effects: list[Effect] = []
        for party in told:
            by = call.peer_of(party) or party
            effects += self._absences.send(party, goodbye, by)
            if party not in call.relay_addr:
                self._repeats.say(call.call_id, Send(party, goodbye, by), self.elsewhere.way(party), now)
        del self._calls[call.call_id.lower()]
        for party in call.parties.values():
            calls = self._calls_of[party]
            calls.remove(call)
            if not calls:
                del self._calls_of[party]
        return effects

    def _resumed(self, call_id: CallId, who: Fingerprint, wish: int | None, now: float) -> _Call:
        """A forgotten call; how private it was, its parties still know and keep to."""
        if wish is None or now >= self._resume_until or len(self._calls) >= self._most_calls or self._is_full(who):
            raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, what="unknown call")
        call = _Call(call_id, {}, CallPhase.ACTIVE, self._resume_until, reveals=True)
        self._enter(call)
        return call

    def _add_party(self, call: _Call, who: Fingerprint, wish: int | None, now: float) -> int:
        free = [stream for stream in (CALLER_STREAM, CALLEE_STREAM) if stream not in call.parties]
        if wish is None or not free or self._is_full(who):
            raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, what="not a party of this call")
        stream = wish if wish in free else free[0]
        self._enlist(call, who, stream)
        call.relay_addr[who] = self._present.get(who, "")
        if who not in self._present:
            self._absences.begin(who, now)
        return stream

    def _enlist(self, call: _Call, who: Fingerprint, stream: int) -> None:
        call.parties[stream] = who
        self._calls_of.setdefault(who, []).append(call)
        if len(call.parties) == 2:
            call.deadline = None
