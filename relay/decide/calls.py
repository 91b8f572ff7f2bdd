"""The call registry: who talks to whom, and which signals pass between them (relay.md §7, §8.1)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from relay.decide.absence import Absences
from relay.decide.candidates import NOWHERE, Candidates, answer_without_addresses, offer_without_addresses
from relay.decide.effects import Effect, Send
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import CallId, Fingerprint, call_room, check_call_id, parse_fingerprint
from wzp_core.protocol.signal.call import (
    CallAcceptMode,
    CallRinging,
    CallSetup,
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


class CallPhase(Enum):
    RINGING = "ringing"
    ACTIVE = "active"


@dataclass(slots=True)
class _Call:
    call_id: CallId
    parties: dict[int, Fingerprint]  # by stream id
    phase: CallPhase
    deadline: float | None
    relay_addr: dict[Fingerprint, str] = field(default_factory=dict)  # as each party sees this relay
    caller_at: Candidates = NOWHERE
    reveals: bool = False  # both sides' addresses may be known to the other

    def stream_of(self, fingerprint: Fingerprint) -> int | None:
        return next((stream for stream, party in self.parties.items() if party == fingerprint), None)

    def peer_of(self, fingerprint: Fingerprint) -> Fingerprint | None:
        return next((party for party in self.parties.values() if party != fingerprint), None)


class CallRegistry:
    """All calls of this relay; every method takes an input and returns what is to be sent."""

    def __init__(self, *, started_at: float, most_per_client: int = 8, most_calls: int = 10_000) -> None:
        self._resume_until = started_at + RESUME_WINDOW_S
        self.most_per_client = most_per_client
        self._most_calls = most_calls
        self._calls: dict[str, _Call] = {}
        self._calls_of: dict[Fingerprint, list[_Call]] = {}
        self._present: dict[Fingerprint, str] = {}  # with this relay's address as the client sees it
        self._absences = Absences()

    def __len__(self) -> int:
        return len(self._calls)

    def arrived(self, client: Fingerprint, relay_addr: str) -> list[Effect]:
        """A client has registered, perhaps again."""
        self._present[client] = relay_addr
        return self._absences.end(client)

    def left(self, client: Fingerprint, now: float) -> None:
        """A client's signal link is lost; its calls wait for it."""
        self._present.pop(client, None)
        if client in self._calls_of:
            self._absences.begin(client, now)

    def handle(self, sender: Fingerprint, message: CallSignal, now: float) -> list[Effect]:
        """Raises RemoteViolation for what no honest client sends."""
        if sender not in self._present:
            return []  # last words of a link that is lost already
        match message:
            case DirectCallOffer():
                return self._offer(sender, message, now)
            case DirectCallAnswer():
                return self._answer(sender, message)
            case Hangup():
                return self._hang_up(sender, message)
        return self._forward(sender, message)

    def expire(self, now: float) -> list[Effect]:
        """Ends what rang too long and what a party did not come back to; wants to be asked about once a second."""
        effects: list[Effect] = []
        for call in [call for call in self._calls.values() if call.deadline is not None and call.deadline <= now]:
            effects += self._end(call, call.parties.values(), HangupReason.TIMEOUT)
        for lost in self._absences.overdue(now):
            for call in list(self._calls_of.get(lost, ())):
                reason = HangupReason.TIMEOUT if call.phase is CallPhase.RINGING else HangupReason.NORMAL
                effects += self._end(call, [party for party in call.parties.values() if party != lost], reason)
        return effects

    def admit(self, call_id: str, who: Fingerprint, wish: int | None, now: float) -> int:
        """The stream id of a party that opens the call's media room.

        A call unknown shortly after the relay's own start is one it has forgotten: the first two that ask are its
        parties, and keep the stream ids that their packets carry already. Raises RemoteViolation for anybody else.
        """
        call = self._find(call_id)
        if call is None:
            call = self._resumed(check_call_id(call_id), who, now)
        stream = call.stream_of(who)
        return stream if stream is not None else self._add_party(call, who, wish, now)

    # --- one function for each kind of signal ------------------------------------------------------------------

    def _offer(self, sender: Fingerprint, offer: DirectCallOffer, now: float) -> list[Effect]:
        call_id = check_call_id(offer.call_id)
        target = parse_fingerprint(offer.target_fingerprint)
        known = self._find(call_id)
        if known is not None and known.stream_of(sender) is not None:
            return []  # a repeated offer must not harm the call
        refusal = self._refusal(sender, offer, target, is_used=known is not None)
        if refusal is not None:
            return [Send(sender, Hangup(reason=refusal, call_id=call_id))]
        parties = {CALLER_STREAM: sender, CALLEE_STREAM: target}
        relay_addr = {party: self._present[party] for party in parties.values()}
        call = _Call(call_id, parties, CallPhase.RINGING, now + RING_LIMIT_S, relay_addr, Candidates.of_offer(offer))
        self._enter(call)
        return [Send(target, offer_without_addresses(offer)), Send(sender, CallRinging(call_id=call_id))]

    def _refusal(
        self, sender: Fingerprint, offer: DirectCallOffer, target: Fingerprint, *, is_used: bool
    ) -> HangupReason | None:
        forged = parse_fingerprint(offer.caller_fingerprint) != sender
        if forged or is_used or target == sender or self._is_full(sender) or len(self._calls) >= self._most_calls:
            return HangupReason.ERROR
        if target not in self._present:
            return HangupReason.NORMAL
        return HangupReason.BUSY if self._is_full(target) else None

    def _is_full(self, client: Fingerprint) -> bool:
        return len(self._calls_of.get(client, ())) >= self.most_per_client

    def _answer(self, sender: Fingerprint, answer: DirectCallAnswer) -> list[Effect]:
        call = self._find(answer.call_id)
        if call is None or call.phase is not CallPhase.RINGING:
            return []  # hung up meanwhile, or answered before
        caller, callee = call.parties[CALLER_STREAM], call.parties[CALLEE_STREAM]
        if sender != callee:
            raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, what="answer by another than the callee")
        if answer.accept_mode is CallAcceptMode.REJECT:
            return self._end(call, [caller], HangupReason.NORMAL)
        call.phase, call.deadline = CallPhase.ACTIVE, None
        call.reveals = answer.accept_mode is CallAcceptMode.ACCEPT_TRUSTED
        caller_at, callee_at = (call.caller_at, Candidates.of_answer(answer)) if call.reveals else (NOWHERE, NOWHERE)
        return [
            *self._absences.send(caller, answer if call.reveals else answer_without_addresses(answer)),
            *self._absences.send(caller, self._setup(call, caller, callee_at)),
            *self._absences.send(callee, self._setup(call, callee, caller_at)),
        ]

    def _setup(self, call: _Call, to: Fingerprint, peer_at: Candidates) -> CallSetup:
        return peer_at.setup(call.call_id, call_room(call.call_id), call.relay_addr[to])

    def _hang_up(self, sender: Fingerprint, goodbye: Hangup) -> list[Effect]:
        """Without an id every call of the sender ends, as older clients mean it."""
        if goodbye.call_id is None:
            calls = list(self._calls_of.get(sender, ()))
        else:
            call = self._find(goodbye.call_id)
            calls = [call] if call is not None and call.stream_of(sender) is not None else []
        effects: list[Effect] = []
        for call in calls:
            peers = [party for party in call.parties.values() if party != sender]
            effects += self._end(call, peers, goodbye.reason)
        return effects

    def _forward(self, sender: Fingerprint, message: InCall) -> list[Effect]:
        call = self._find(message.call_id) if message.call_id is not None else None
        if call is None:
            return []
        if call.stream_of(sender) is None:
            raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, what="signal of somebody else's call")
        if isinstance(message, Revealing) and not call.reveals:
            return []  # a private call stays private whatever a client slips
        peer = call.peer_of(sender)
        return self._absences.send(peer, message) if peer is not None else []

    # --- bookkeeping -------------------------------------------------------------------------------------------

    def _find(self, call_id: str) -> _Call | None:
        return self._calls.get(call_id.lower())  # a host name, which carries the id too, has no case

    def _enter(self, call: _Call) -> None:
        self._calls[call.call_id.lower()] = call
        for party in call.parties.values():
            self._calls_of.setdefault(party, []).append(call)

    def _end(self, call: _Call, told: Iterable[Fingerprint], reason: HangupReason) -> list[Effect]:
        goodbye = Hangup(reason=reason, call_id=call.call_id)
        effects = [effect for party in told for effect in self._absences.send(party, goodbye)]
        del self._calls[call.call_id.lower()]
        for party in call.parties.values():
            calls = self._calls_of[party]
            calls.remove(call)
            if not calls:
                del self._calls_of[party]
        return effects

    def _resumed(self, call_id: CallId, who: Fingerprint, now: float) -> _Call:
        """A forgotten call; how private it was, its parties still know and keep to."""
        if now >= self._resume_until or len(self._calls) >= self._most_calls or self._is_full(who):
            raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, what="unknown call")
        call = _Call(call_id, {}, CallPhase.ACTIVE, self._resume_until, reveals=True)
        self._enter(call)
        return call

    def _add_party(self, call: _Call, who: Fingerprint, wish: int | None, now: float) -> int:
        free = [stream for stream in (CALLER_STREAM, CALLEE_STREAM) if stream not in call.parties]
        if not free or self._is_full(who):
            raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, what="not a party of this call")
        stream = wish if wish in free else free[0]
        call.parties[stream] = who
        self._calls_of.setdefault(who, []).append(call)
        if len(call.parties) == 2:
            call.deadline = None
        if who not in self._present:
            self._absences.begin(who, now)
        return stream
