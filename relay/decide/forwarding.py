"""Signals of clients on their way between relays (relay.md §8.2, §9.7).

They go the way that the lobby shows, relay by relay, or the way that words of their addressee came by: of a client so
new that the lobby does not show it yet, or of an older relay, which does not tell of its clients. An offer for somebody
unknown goes to each of the latter.
"""

from dataclasses import dataclass, replace
from typing import get_args

from relay.decide.calls import FederatedSignal
from relay.decide.effects import ConnectionId, Deliver, Effect
from relay.decide.federation import MOST_HOPS, Federation, relay_id
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import Fingerprint, TlsFingerprint, parse_fingerprint
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import DirectCallOffer, Hangup, HangupReason
from wzp_core.protocol.signal.federation import FederatedSignalForward

_MOST_LEARNED = 10_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """A signal that has come to the relay of its addressee."""

    message: FederatedSignal
    sender: Fingerprint | None  # as other relays say; older ones say nothing


class Forwarder:
    """One relay's part in passing signals on; implements `elsewhere.Elsewhere`."""

    def __init__(self, own: TlsFingerprint, federation: Federation) -> None:
        self._own, self._id = own, relay_id(own)
        self._federation = federation
        self._older: set[ConnectionId] = set()  # links with relays that do not tell of their clients
        self._learned: dict[Fingerprint, ConnectionId] = {}  # of whom the lobby does not tell; longest ago first

    # --- who is where ------------------------------------------------------------------------------------------

    def link_up(self, link: ConnectionId, *, is_older: bool) -> None:
        self._older.discard(link)
        if is_older:
            self._older.add(link)

    def is_refusal(self, link: ConnectionId, arrived: Arrival) -> bool:
        """Whether a relay on the way says that there is nobody to ring: not the word of a client."""
        return arrived.sender is None and link not in self._older and isinstance(arrived.message, Hangup)

    def link_down(self, link: ConnectionId) -> None:
        self._older.discard(link)
        self._learned = {who: way for who, way in self._learned.items() if way != link}

    def way(self, who: Fingerprint) -> ConnectionId | None:
        if (told := self._federation.way_to(who)) is not None:
            self._learned.pop(who, None)
            return told
        return self._learned.get(who)

    def may_have(self, who: Fingerprint) -> bool:
        return who not in self._learned and bool(self._older)

    def may_speak(self, link: ConnectionId, sender: Fingerprint) -> bool:
        """Whether words of that client may come by that link."""
        if self._federation.way_to(sender) is not None:
            return self._federation.tells_of(link, sender)
        return self._learned.get(sender, link) == link

    # --- out and in --------------------------------------------------------------------------------------------

    def send(self, to: Fingerprint, message: SignalMessage, by: Fingerprint | None) -> list[Effect]:
        """To a client of another relay; nothing where none is known to have it."""
        way = self.way(to)
        links = [way] if way is not None else []
        if way is None and isinstance(message, DirectCallOffer):
            links = sorted(self._older)
        forward = FederatedSignalForward(
            inner=message,
            origin_relay_fp=self._own,
            target_fingerprint=to,
            sender_fingerprint=by,
            visited=(self._id,),
            ttl=MOST_HOPS,
        )
        return [Deliver(link, forward) for link in links]

    def receive(self, link: ConnectionId, forward: FederatedSignalForward, *, is_ours: bool) -> Arrival | list[Effect]:
        """`is_ours`: whether the addressee is a client here. Raises RemoteViolation for what no honest relay sends."""
        if forward.origin_relay_fp == self._own or self._id in forward.visited:
            return []  # went in a circle
        message = forward.inner
        if not isinstance(message, get_args(FederatedSignal)):
            raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, what="forwarded signal", got=type(message).__name__)
        sender = None if forward.sender_fingerprint is None else parse_fingerprint(forward.sender_fingerprint)
        if sender is not None and not self.may_speak(link, sender):
            raise RemoteViolation(ErrorCode.WRONG_IDENTITY, what="sender of a forwarded signal", sender=sender)
        if sender is not None:
            self.learn(link, sender)
        target = self.target(forward)
        if is_ours or target is None:
            return Arrival(message, sender)
        return self._pass_on(link, forward, target)

    @staticmethod
    def target(forward: FederatedSignalForward) -> Fingerprint | None:
        """None for a signal of an older relay's call, whose id says to whom it goes."""
        text = forward.target_fingerprint
        if text is None and isinstance(forward.inner, DirectCallOffer):
            text = forward.inner.target_fingerprint
        return None if text is None else parse_fingerprint(text)

    def learn(self, link: ConnectionId, sender: Fingerprint) -> None:
        """Words of that client have come by that link."""
        if self._federation.way_to(sender) is None:
            self._learned.pop(sender, None)
            self._learned[sender] = link
            if len(self._learned) > _MOST_LEARNED:
                del self._learned[next(iter(self._learned))]

    def _pass_on(self, source: ConnectionId, forward: FederatedSignalForward, target: Fingerprint) -> list[Effect]:
        ttl, way = min(forward.ttl or 0, MOST_HOPS) - 1, self.way(target)
        is_open = way is not None and way != source and ttl > 0 and len(forward.visited) < MOST_HOPS
        if way is not None and is_open and self._federation.relay_at(way) not in forward.visited:
            visited = (*forward.visited, self._id)
            return [Deliver(way, replace(forward, target_fingerprint=target, visited=visited, ttl=ttl))]
        if not isinstance(forward.inner, DirectCallOffer):
            return []
        refusal = FederatedSignalForward(
            inner=Hangup(reason=HangupReason.NORMAL, call_id=forward.inner.call_id),
            origin_relay_fp=self._own,
            target_fingerprint=forward.inner.caller_fingerprint,
            sender_fingerprint=None,  # of somebody who is not here
            visited=(self._id,),
            ttl=MOST_HOPS,
        )
        return [Deliver(source, refusal)]
