"""One direct call, from the first offer to the last goodbye."""

from contextlib import suppress
from dataclasses import replace

from wzp_core.crypto.badge import Badge, badge
from wzp_core.crypto.call_keys import CalleeKeys, CallerKeys, is_end_to_end
from wzp_core.crypto.identity import Identity
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.nat.candidates import Candidates
from wzp_core.protocol.ids import CallId, Fingerprint, call_room, parse_fingerprint
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
    SasCommit,
    SasNonce,
    SasReveal,
)
from wzp_core.session.call_events import (
    AdoptRoot,
    Answered,
    CallEffect,
    CallFinished,
    CallInput,
    Declined,
    HungUp,
    MediaLost,
    MediaMoved,
    MediaRefused,
    PacketOpened,
    PeerJudged,
    PeerPresent,
    Rejoined,
    RekeyCame,
    RekeyDue,
    SasCompared,
    SasOverdue,
    Send,
    StartMedia,
    TimerFired,
)
from wzp_core.session.direct_plan import direct_plan
from wzp_core.session.rekey import Rekeying
from wzp_core.session.spoken_code import SpokenCode
from wzp_core.session.state import CallStage, CallView, EndReason, Person

OFFER_LIMIT_S = 10.0  # for the relay's word that it rings
RING_LIMIT_S = 60.0
RETURN_LIMIT_S = 20.0  # for a call that rings to be heard of again after the link to the relay was lost
SETUP_LIMIT_S = 30.0  # from the answer to the first packet: a narrow line that loses some takes more than 15
LOST_LIMIT_S = 30.0

_FORGERIES = {ErrorCode.RELAY_KEY_CHANGED, ErrorCode.BAD_SIGNATURE}

ENTROPY = 32 + 32 + 16  # ephemeral secret, SAS nonce, decoys
"""Bytes of chance one call needs."""


class Call:
    """A machine: `handle` an input, perform the effects, wake it at `deadline`."""

    def __init__(
        self,
        identity: Identity,
        peer: Person,
        *,
        call_id: CallId,
        entropy: bytes,
        allow_unprotected: bool,
        was_end_to_end: bool,
        offer: DirectCallOffer | None = None,
    ) -> None:
        self._identity = identity
        self._peer = peer
        self._call_id = call_id
        self._ephemeral = entropy[:32]
        self._code = SpokenCode(call_id, nonce=entropy[32:64], decoys=entropy[64:ENTROPY])
        self._allow_unprotected = allow_unprotected
        self._was_end_to_end = was_end_to_end
        self._offer = offer
        self._caller_keys: CallerKeys | None = None
        self._root: bytes | None = None
        self._rekeying: Rekeying | None = None
        self._protected_offer = True
        self._ended: EndReason | None = None
        self._ended_code: ErrorCode | None = None
        self._setup: CallSetup | None = None
        self._said: DirectCallOffer | DirectCallAnswer | None = None  # to be said again where it may be lost
        self._rings_until = 0.0
        self._in_doubt = False  # whether the relay still knows a call that rings
        self._own: Candidates | None = None  # as told to the peer; None: kept to ourselves
        self._private = self._is_direct = False
        self._sealed = self._opened = False
        self.peer_muted = False
        self.deadline: float | None = None
        self.phase = CallStage.DIALLING if offer is None else CallStage.INCOMING

    @classmethod
    def incoming(
        cls,
        identity: Identity,
        offer: DirectCallOffer,
        peer: Person,
        *,
        entropy: bytes,
        allow_unprotected: bool,
        was_end_to_end: bool,
        now: float,
    ) -> "Call":
        """Raises RemoteViolation where the offer's keys are not the caller's: such a call must not even ring."""
        call = cls(
            identity,
            peer,
            call_id=offer.call_id,
            entropy=entropy,
            allow_unprotected=allow_unprotected,
            was_end_to_end=was_end_to_end,
            offer=offer,
        )
        call._protected_offer = is_end_to_end(offer.signature)
        if call._protected_offer:
            CalleeKeys(identity, call._ephemeral).check(offer)
        call.deadline = call._rings_until = now + RING_LIMIT_S
        return call

    @property
    def call_id(self) -> CallId:
        return self._call_id

    @property
    def peer(self) -> Fingerprint:
        return self._peer.fingerprint

    @property
    def is_outgoing(self) -> bool:
        return self._offer is None

    @property
    def is_unanswered_offer(self) -> bool:
        return self.is_outgoing and self.phase in (CallStage.DIALLING, CallStage.RINGING)

    def start(self, now: float, *, alias: str, build: str, candidates: Candidates | None = None) -> list[CallEffect]:
        """The offer of an outgoing call (calls.md §5.1); no candidates: the settings reveal no address."""
        self._own, told = candidates, candidates or Candidates()
        self._caller_keys = CallerKeys(self._identity, self._ephemeral)
        offer = self._caller_keys.offer(
            DirectCallOffer(
                caller_fingerprint=self._identity.fingerprint,
                caller_alias=alias or None,
                target_fingerprint=self._peer.fingerprint,
                call_id=self._call_id,
                identity_pub=self._identity.public_key,
                ephemeral_pub=bytes(32),
                signature=b"",
                supported_profiles=(GOOD,),
                caller_reflexive_addr=told.reflexive,
                caller_local_addrs=told.hosts,
                caller_mapped_addr=told.mapped,
                caller_build_version=build,
            )
        )
        self.deadline = now + OFFER_LIMIT_S
        self._said = offer
        return [Send(offer)]

    def handle(self, event: CallInput, now: float) -> list[CallEffect]:
        """Never raises for what a peer sends: a violation ends the call as a security failure."""
        try:
            return self._handle(event, now)
        except RemoteViolation as error:
            if self.phase is CallStage.ENDED:
                return []
            self._code.violated()
            return self._finish(EndReason.SECURITY, HangupReason.ERROR, code=error.code)

    def _handle(self, event: CallInput, now: float) -> list[CallEffect]:
        match self.phase, event:
            case CallStage.ENDED, _:
                return []
            case _, HungUp():
                return self._finish(EndReason.HUNG_UP, HangupReason.NORMAL)
            case _, Hangup() as goodbye:
                return self._peer_hung_up(goodbye)
            case CallStage.DIALLING, CallRinging():
                self._rings_until, self._in_doubt = now + RING_LIMIT_S, False
                return self._enter(CallStage.RINGING, self._rings_until)
            case CallStage.DIALLING | CallStage.RINGING, DirectCallAnswer() as answer:
                return self._answered(answer, now)
            case CallStage.DIALLING | CallStage.RINGING | CallStage.INCOMING, Rejoined():
                self._in_doubt = True
                return self._enter(self.phase, min(self.deadline or now, now + RETURN_LIMIT_S))
            case CallStage.DIALLING | CallStage.RINGING, PeerPresent() if self._in_doubt:
                return self._say_again()
            case (CallStage.RINGING, CallRinging()) | (CallStage.INCOMING, DirectCallOffer()):
                self._in_doubt = False
                return self._enter(self.phase, self._rings_until)
            case CallStage.CONNECTING, DirectCallOffer() if not self.is_outgoing and self._setup is None:
                return self._say_again()  # the relay forgot the call together with our answer
            case CallStage.INCOMING, Answered() as answered:
                return self._answer(answered, now)
            case CallStage.INCOMING, Declined():
                return self._decline()
            case CallStage.CONNECTING, CallSetup() as setup:
                return self._set_up(setup)
            case CallStage.CONNECTING | CallStage.RECONNECTING, PacketOpened():
                self._opened = True
                return self._enter(CallStage.ACTIVE, None)
            case CallStage.ACTIVE, MediaLost():
                return self._enter(CallStage.RECONNECTING, now + LOST_LIMIT_S)
            case CallStage.CONNECTING | CallStage.ACTIVE | CallStage.RECONNECTING, MediaRefused(code=code):
                why = EndReason.SECURITY if code in _FORGERIES else EndReason.FAILED
                return self._finish(why, HangupReason.ERROR, code=code)
            case _, MediaMoved(direct=direct):
                self._is_direct = direct
                return []
            case _, MuteState(muted=muted):
                self.peer_muted = muted
                return []
            case _, SasCommit() | SasNonce() | SasReveal():
                return [Send(step) for step in self._code.step(event)]
            case _, RekeyDue() | RekeyCame():
                return self._rekey(event)
            case _, SasOverdue():
                self._code.overdue()
                return []
            case _, SasCompared(matches=matches):
                return self._compared(matches)
            case _, TimerFired():
                return self._timed_out()
        return []  # late or repeated: the peer's clock is not ours

    def view(self) -> CallView:
        """What a user may be told; `started_at_unix` and `media` are the engine's to add."""
        return CallView(
            call_id=self._call_id,
            peer=self._peer,
            outgoing=self.is_outgoing,
            stage=self.phase,
            badge=self._badge(),
            protected_offer=self._protected_offer,
            sas=self._code.view,
            ended=self._ended,
            ended_code=self._ended_code,
        )

    # --- answering ---------------------------------------------------------------------------------------------

    def _answered(self, answer: DirectCallAnswer, now: float) -> list[CallEffect]:
        if answer.accept_mode is CallAcceptMode.REJECT:
            return self._finish(EndReason.DECLINED, None)
        self._private = answer.accept_mode is CallAcceptMode.ACCEPT_GENERIC
        judged = self._judge(is_end_to_end(answer.signature or b""))
        if judged is None:
            return self._finish(EndReason.NOT_PROTECTED, HangupReason.ERROR, code=self._lack())
        if is_end_to_end(answer.signature or b"") and self._caller_keys is not None:
            self._agreed(self._caller_keys.root(answer), answer.identity_pub or b"")
        self._caller_keys = None
        return [*judged, *self._enter(CallStage.CONNECTING, now + SETUP_LIMIT_S)]

    def _answer(self, answered: Answered, now: float) -> list[CallEffect]:
        """The user's word overrides the setting here: the button said "unprotected" (e2e.md §2)."""
        self._own, self._private = answered.candidates, answered.private
        told = Candidates() if answered.private or answered.candidates is None else answered.candidates
        answer = DirectCallAnswer(
            call_id=self._call_id,
            accept_mode=CallAcceptMode.ACCEPT_TRUSTED if told is self._own else CallAcceptMode.ACCEPT_GENERIC,
            chosen_profile=GOOD,
            callee_reflexive_addr=told.reflexive,
            callee_local_addrs=told.hosts,
            callee_mapped_addr=told.mapped,
        )
        if self._protected_offer and self._offer is not None:
            answer, root = CalleeKeys(self._identity, self._ephemeral).answer(self._offer, answer)
            self._agreed(root, self._offer.identity_pub)
        self._ephemeral = b""
        learnt: list[CallEffect] = [PeerJudged(end_to_end=True)] if self._protected_offer else []
        self._said = answer
        return [*learnt, *self._enter(CallStage.CONNECTING, now + SETUP_LIMIT_S), Send(answer)]

    def _say_again(self) -> list[CallEffect]:
        self._in_doubt = False
        return [Send(self._said)] if self._said is not None else []

    def _decline(self) -> list[CallEffect]:
        reject = DirectCallAnswer(call_id=self._call_id, accept_mode=CallAcceptMode.REJECT)
        return [Send(reject), *self._finish(EndReason.HUNG_UP, None)]

    def _judge(self, end_to_end: bool) -> list[CallEffect] | None:
        """None where the peer's lack of encryption forbids the call."""
        if end_to_end:
            return [PeerJudged(end_to_end=True)]
        return [] if self._allow_unprotected and not self._was_end_to_end else None

    def _lack(self) -> ErrorCode:
        return ErrorCode.DOWNGRADE if self._was_end_to_end else ErrorCode.NOT_ENCRYPTED

    def _set_up(self, setup: CallSetup) -> list[CallEffect]:
        if self._setup is not None:
            return []
        self._setup, self._said = setup, None
        room = call_room(self._call_id)
        if setup.room.lower() != room.lower():  # a relay may not lead the microphone anywhere else
            raise RemoteViolation(ErrorCode.BAD_VALUE, what="room of a call", length=len(setup.room))
        direct = direct_plan(setup, self._own, is_caller=self.is_outgoing, private=self._private, root=self._root)
        start: list[CallEffect] = [StartMedia(room, setup.relay_addr, self._root, direct)]
        if self._root is not None:
            start += [Send(step) for step in self._code.begin(self._root, is_caller=self.is_outgoing)]
        return start

    def _agreed(self, root: bytes, peer_key: bytes) -> None:
        self._root, self._sealed = root, True
        self._rekeying = Rekeying(self._identity, peer_key, self._call_id, root)

    def _rekey(self, event: RekeyDue | RekeyCame) -> list[CallEffect]:
        """A forged message is dropped: it must not cost the call that it could not break."""
        if self._rekeying is None:
            return []
        match event:
            case RekeyDue(secret=secret):
                return [Send(self._rekeying.ask(secret))] if self.is_outgoing else []
            case RekeyCame(message=message, secret=secret):
                with suppress(RemoteViolation):
                    if self.is_outgoing:
                        root = self._rekeying.finish(message)
                        return [AdoptRoot(root)] if root is not None else []
                    reply, root = self._rekeying.reply(message, secret)
                    return [AdoptRoot(root, at_once=False), Send(reply)]
        return []

    def _compared(self, matches: bool) -> list[CallEffect]:
        if not self._code.compared(matches):
            return []
        self._peer = replace(self._peer, verified=matches, mismatched=not matches)
        judged = PeerJudged(verified=matches)
        if matches:
            return [judged]
        return [judged, *self._finish(EndReason.SECURITY, HangupReason.ERROR, code=ErrorCode.VERIFICATION_FAILED)]

    def _badge(self) -> Badge:
        """Sealed packets that opened are the proof that the peer seals too (e2e.md §5)."""
        heard = self._sealed and self._opened
        return badge(sealed_out=self._sealed, sealed_in=heard, verified=self._peer.verified, direct=self._is_direct)

    # --- the end -----------------------------------------------------------------------------------------------

    def _peer_hung_up(self, goodbye: Hangup) -> list[CallEffect]:
        if goodbye.call_id not in (None, self._call_id):
            return []
        match self.phase, goodbye.reason:
            case CallStage.DIALLING, HangupReason.NORMAL:
                return self._finish(EndReason.UNREACHABLE, None)
            case CallStage.DIALLING | CallStage.RINGING, HangupReason.BUSY:
                return self._finish(EndReason.BUSY, None)
            case CallStage.DIALLING | CallStage.RINGING | CallStage.CONNECTING, HangupReason.ERROR:
                return self._finish(EndReason.FAILED, None)
            case _, HangupReason.TIMEOUT:
                return self._finish(EndReason.NO_ANSWER, None)
            case CallStage.RECONNECTING, _:  # such as after sleep: it ended while we were away
                return self._finish(EndReason.LOST, None)
            case CallStage.RINGING, HangupReason.NORMAL | HangupReason.DECLINED:
                return self._finish(EndReason.DECLINED, None)
        return self._finish(EndReason.PEER_HUNG_UP, None)

    def _timed_out(self) -> list[CallEffect]:
        match self.phase:
            case CallStage.DIALLING:
                return self._finish(EndReason.UNREACHABLE, HangupReason.TIMEOUT)
            case CallStage.RINGING if self._in_doubt:
                return self._finish(EndReason.UNREACHABLE, HangupReason.TIMEOUT)
            case CallStage.RINGING | CallStage.INCOMING:
                return self._finish(EndReason.NO_ANSWER, HangupReason.TIMEOUT)
            case CallStage.RECONNECTING:
                return self._finish(EndReason.LOST, HangupReason.ERROR)
        return self._finish(EndReason.FAILED, HangupReason.ERROR, code=ErrorCode.TIMED_OUT)

    def _enter(self, phase: CallStage, deadline: float | None) -> list[CallEffect]:
        self.phase, self.deadline = phase, deadline
        return []

    def _finish(
        self, why: EndReason, goodbye: HangupReason | None, *, code: ErrorCode | None = None
    ) -> list[CallEffect]:
        self.phase, self.deadline = CallStage.ENDED, None
        self._ended, self._ended_code = why, code
        self._root, self._caller_keys, self._rekeying, self._ephemeral = None, None, None, b""
        farewell: list[CallEffect] = [Send(Hangup(reason=goodbye, call_id=self._call_id))] if goodbye else []
        return [*farewell, CallFinished()]


def claimed_caller(offer: DirectCallOffer) -> Fingerprint:
    """Who an offer says it is from, normalised. Raises RemoteViolation(BAD_VALUE)."""
    return parse_fingerprint(offer.caller_fingerprint)
