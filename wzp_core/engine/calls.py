"""The one call there may be: starts it, finds it, and decides what a second one gets."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from wzp_core import __version__
from wzp_core.engine import commands as ask
from wzp_core.engine.board import Board
from wzp_core.engine.call import CallContext, CallSession
from wzp_core.engine.candidates import Gatherer
from wzp_core.engine.direct import DirectDoor
from wzp_core.engine.identity import IdentityKeeper
from wzp_core.engine.knobs import Knobs
from wzp_core.engine.media_link import RoomDoor
from wzp_core.engine.people import People
from wzp_core.engine.scope import TaskScope
from wzp_core.engine.signalling import Signalling
from wzp_core.engine.world import World
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation, Unavailable
from wzp_core.logs import event, logger
from wzp_core.protocol.ids import CallId, Fingerprint, check_call_id
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import CallAcceptMode, DirectCallAnswer, DirectCallOffer, Hangup, HangupReason
from wzp_core.protocol.signal.presence import PresenceUser
from wzp_core.session.call import ENTROPY, Call, claimed_caller
from wzp_core.session.call_events import (
    Answered,
    CallEffect,
    Declined,
    HungUp,
    PeerJudged,
    PeerPresent,
    Rejoined,
    SasCompared,
)
from wzp_core.session.glare import Glare, settle_glare
from wzp_core.session.lobby import changed_key
from wzp_core.session.report import CallReport
from wzp_core.session.state import (
    CallStage,
    CallView,
    ContactKeyChanged,
    EncryptionLost,
    EndReason,
    Levels,
    Person,
    TrustQuestion,
)

_GOODBYE_LIMIT_S = 2.0
_MISCARRIED = (EndReason.FAILED, EndReason.LOST, EndReason.NO_ANSWER)

BUILD = f"wzp-desktop {__version__}"
"""What peers are told we are."""

log = logger("calls")


class Calls:
    """Owns the call session; a finished call stays visible until it is dismissed or the next one comes."""

    def __init__(
        self,
        world: World,
        board: Board,
        people: People,
        keeper: IdentityKeeper,
        signalling: Signalling,
        door: RoomDoor,
        direct: DirectDoor,
        gatherer: Gatherer,
        knobs: Knobs,
        *,
        tasks: TaskScope,
        before_media: Callable[[], Awaitable[None]],
        after_call: Callable[[], None],
    ) -> None:
        self._world, self._board, self._people, self._keeper = world, board, people, keeper
        self._signalling, self._door, self._knobs = signalling, door, knobs
        self._direct, self._gatherer = direct, gatherer
        self._tasks, self._before_media, self._after_call = tasks, before_media, after_call
        self._session: CallSession | None = None
        self._running: asyncio.Task[None] | None = None  # of the newest session
        self._asked_first: Fingerprint | None = None  # a call that waits for the user's word on a changed key

    @property
    def is_busy(self) -> bool:
        return self._session is not None and self._session.machine.phase is not CallStage.ENDED

    def report(self) -> CallReport | None:
        """Of the running call, or the last one."""
        return self._session.report() if self._session is not None else None

    async def act(self, command: ask.PlaceCall | ask.AnswerCall | ask.HangUp | ask.CompareSas) -> None:
        match command:
            case ask.PlaceCall(fingerprint=fingerprint):
                await self._place(fingerprint)
            case ask.AnswerCall(call_id=call_id, answer=answer):
                await self._answer(call_id, answer)
            case ask.HangUp():
                self._hang_up()
            case ask.CompareSas(matches=matches) if self._session is not None:
                self._session.put(SasCompared(matches))

    def network_changed(self) -> None:
        if self._session is not None and self.is_busy:
            self._session.network_changed()

    def show(self) -> None:
        """The peer's volume is another one now."""
        if self._session is not None and self.is_busy:
            self._session.show()

    def tell_muted(self, muted: bool) -> None:
        if self._session is not None and self.is_busy:
            self._session.tell_muted(muted)

    # --- ours --------------------------------------------------------------------------------------------------

    async def _place(self, fingerprint: Fingerprint) -> None:
        """Raises LocalMisuse: BUSY during a call, BAD_VALUE for one's own fingerprint; Unavailable(NOT_REGISTERED)."""
        if self.is_busy:
            raise LocalMisuse(ErrorCode.BUSY)
        if not self._signalling.is_online:
            raise Unavailable(ErrorCode.NOT_REGISTERED)
        if fingerprint == self._keeper.identity.fingerprint:
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="own fingerprint")
        who = self._people.person(fingerprint)
        if (question := changed_key(who, self._people.contacts)) is not None:
            self._asked_first = fingerprint
            self._board.set(trust=question)
            return
        await self._dial(who)

    async def _dial(self, who: Person) -> None:
        await self._before_media()
        if self.is_busy:  # somebody else called while the room was being left
            raise LocalMisuse(ErrorCode.BUSY)
        machine = Call(
            self._keeper.identity,
            who,
            call_id=self._new_call_id(),
            entropy=self._world.entropy(ENTROPY),
            allow_unprotected=self._board.state.settings.call.allow_unprotected,
            was_end_to_end=self._people.was_end_to_end(who.fingerprint),
        )
        candidates = await self._gatherer.candidates()
        if self.is_busy:
            raise LocalMisuse(ErrorCode.BUSY)
        first = machine.start(self._now(), alias=self._keeper.alias, build=BUILD, candidates=candidates)
        self._begin(machine, first)

    def _new_call_id(self) -> CallId:
        """Hex of the Unix time in ns as older builds make it, and chance against collisions."""
        return CallId(f"{int(self._world.unix_time() * 1e9):016x}{self._world.entropy(4).hex()}")

    async def _answer(self, call_id: CallId, answer: ask.Answer) -> None:
        session = self._session
        if session is None or session.machine.call_id != call_id:
            return
        if answer is ask.Answer.DECLINE:
            session.put(Declined())
            return
        await self._before_media()
        private = answer is ask.Answer.PRIVATE
        session.put(Answered(None if private else await self._gatherer.candidates(), private=private))

    def _hang_up(self) -> None:
        if self.is_busy and self._session is not None:
            incoming = self._session.machine.phase is CallStage.INCOMING
            self._session.put(Declined() if incoming else HungUp())
        else:
            self._board.set(call=None)

    async def answer_trust(self, about: Fingerprint, accept: bool) -> None:
        """The user's word on a contact's changed key or lost encryption; it holds for nobody else's call."""
        was_waiting = self._asked_first == about
        if was_waiting:
            self._asked_first = None
        if was_waiting and accept and not self.is_busy:
            await self._dial(self._people.person(about))
        elif not accept and self._session is not None and self._session.machine.peer == about:
            self._hang_up()

    async def close(self) -> None:
        """Says goodbye while there is a link to say it on; the program is ending."""
        if not self.is_busy or self._running is None:
            return
        self._hang_up()
        await asyncio.wait({self._running}, timeout=_GOODBYE_LIMIT_S)
        await asyncio.sleep(self._signalling.rtt_s)  # or the end of the link might overtake the goodbye

    # --- theirs ------------------------------------------------------------------------------------------------

    def registered(self) -> None:
        """With the relay, perhaps after it was restarted."""
        if self._session is not None and self.is_busy:
            self._session.put(Rejoined())

    def present(self, users: Iterable[PresenceUser]) -> None:
        session = self._session
        if session is not None and self.is_busy and any(user.fingerprint == session.machine.peer for user in users):
            session.put(PeerPresent())

    def signal(self, message: SignalMessage) -> None:
        """One signal that is not presence."""
        session = self._session
        if isinstance(message, DirectCallOffer):
            if session is not None and message.call_id == session.machine.call_id and not self._may_ring_again(session):
                session.put(message)  # a repetition must not end the call that it began
                return
            try:
                self._offered(message)
            except RemoteViolation as error:
                event(log, "call:offer_refused", level=logging.WARNING, error=error)
                self._refuse(message.call_id, HangupReason.ERROR)
            return
        if session is None or not self.is_busy:
            return  # nobody reads any more
        if getattr(message, "call_id", None) in (None, session.machine.call_id):
            session.put(message)

    def _may_ring_again(self, session: CallSession) -> bool:
        """A call that the relay lost and its caller did not: nobody here has ended it."""
        return not session.machine.is_outgoing and session.machine.view().ended in _MISCARRIED

    def _offered(self, offer: DirectCallOffer) -> None:
        check_call_id(offer.call_id)
        caller = claimed_caller(offer)
        if caller == self._keeper.identity.fingerprint:
            raise RemoteViolation(ErrorCode.BAD_VALUE, what="call from myself")
        machine = Call.incoming(
            self._keeper.identity,
            offer,
            self._people.person(caller, offer.caller_alias),
            entropy=self._world.entropy(ENTROPY),
            allow_unprotected=self._board.state.settings.call.allow_unprotected,
            was_end_to_end=self._people.was_end_to_end(caller),
            now=self._now(),
        )
        if self.is_busy and self._session is not None:
            gave_up = _has_given_up(machine, self._session.machine)
            if not gave_up and not self._glare(machine, self._session.machine):
                return
            self._session.put(HungUp())
            self._begin(machine, [])
            if gave_up:
                return
            self._tasks.create_task(self._answer(machine.call_id, ask.Answer.TRUSTED), name="answer to glare")
            return
        self._begin(machine, [])
        self._ask_about(machine.view().peer, protected=machine.view().protected_offer)

    def _glare(self, offered: Call, current: Call) -> bool:
        """True: their offer replaces our own. Everybody else hears "busy".

        So does an offer without encryption: anybody can make one up, and this one would be answered unasked.
        """
        me, is_protected = self._keeper.identity.fingerprint, offered.view().protected_offer
        dialling = current.peer if current.is_unanswered_offer and is_protected else None
        match settle_glare(me, offered.peer, dialling=dialling):
            case Glare.YIELD:
                return True
            case Glare.INSIST:
                self._signalling.send(DirectCallAnswer(call_id=offered.call_id, accept_mode=CallAcceptMode.REJECT))
            case Glare.NONE:
                self._refuse(offered.call_id, HangupReason.BUSY)
                missed = self._people.log_call(offered.view(), self._world.unix_time())
                self._tasks.create_task(missed, name="remember missed call")
        return False

    def _ask_about(self, who: Person, *, protected: bool) -> None:
        if (question := changed_key(who, self._people.contacts)) is not None:
            self._board.set(trust=question)
        elif not protected and self._people.was_end_to_end(who.fingerprint):
            self._board.set(trust=EncryptionLost(person=who))

    def _refuse(self, call_id: CallId, reason: HangupReason) -> None:
        self._signalling.send(Hangup(reason=reason, call_id=call_id))

    # --- lifetime ----------------------------------------------------------------------------------------------

    def _begin(self, machine: Call, first: list[CallEffect]) -> None:
        context = CallContext(
            world=self._world,
            board=self._board,
            signalling=self._signalling,
            door=self._door,
            direct=self._direct,
            gatherer=self._gatherer,
            knobs=self._knobs,
            on_judged=lambda verdict: self._judged(machine, verdict),
        )
        self._session = CallSession(machine, context)
        self._running = self._tasks.create_task(self._session.run(first, self._ended), name="call")

    def _judged(self, machine: Call, verdict: PeerJudged) -> None:
        self._tasks.create_task(self._people.judged(machine.view().peer, verdict), name="remember peer")

    async def _ended(self, view: CallView) -> None:
        if not self.is_busy:
            self._board.set(levels=Levels())
            self._after_call()
        if view.ended_code is ErrorCode.DOWNGRADE:
            self._board.set(trust=EncryptionLost(person=view.peer))
        elif self._asked_first != view.peer.fingerprint and _subject(self._board.state.trust) == view.peer.fingerprint:
            self._board.set(trust=None)  # the question was about this call
        await self._people.log_call(view, self._world.unix_time())

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _has_given_up(offered: Call, current: Call) -> bool:
    """Whether the peer of a call that does not run calls again: a lost goodbye must not make us busy."""
    stalled = current.phase in (CallStage.INCOMING, CallStage.CONNECTING, CallStage.RECONNECTING)
    as_safe = offered.view().protected_offer or not current.view().protected_offer
    return stalled and as_safe and offered.peer == current.peer


def _subject(question: TrustQuestion | None) -> Fingerprint | None:
    """Whose call the question is about."""
    match question:
        case ContactKeyChanged(new=fingerprint) | EncryptionLost(person=Person(fingerprint=fingerprint)):
            return fingerprint
    return None
