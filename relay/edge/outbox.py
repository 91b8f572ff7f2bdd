"""The way out: effects become signals on links."""

import asyncio
import itertools
import logging
from collections.abc import Iterable
from typing import Protocol

from relay.decide.effects import ConnectionId, Cut, Deliver, Effect, Send
from relay.decide.presence import Hub
from relay.observe.counters import Counters
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.logs import event, logger
from wzp_core.ports import Link
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.base import SignalMessage

log = logger("relay")

_AWAITED_BYTES = 1000  # of signals: with fewer on the way, more would not wait for long


class Elsewhere(Protocol):
    """Clients of other relays."""

    def send(self, to: Fingerprint, message: SignalMessage, by: Fingerprint | None) -> list[Effect]: ...


class Outbox:
    """Knows the links by number and performs what was decided; one slow reader never holds up another."""

    def __init__(self, hub: Hub, counters: Counters) -> None:
        self._hub = hub
        self._counters = counters
        self._links: dict[ConnectionId, Link] = {}
        self._numbers = itertools.count(1)
        self.elsewhere: Elsewhere | None = None
        hub.has_heard = self._has_heard

    def adopt(self, link: Link) -> ConnectionId:
        connection = ConnectionId(next(self._numbers))
        self._links[connection] = link
        return connection

    def release(self, connection: ConnectionId) -> None:
        self._links.pop(connection, None)

    def _has_heard(self, connection: ConnectionId) -> bool:
        link = self._links.get(connection)
        return link is None or link.stats().unheard_bytes < _AWAITED_BYTES

    def perform(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(to=to, message=message, by=by):
                    connection = self._hub.connection_of(to)
                    if connection is None and self.elsewhere is not None:
                        self.perform(self.elsewhere.send(to, message, by))
                    else:
                        self._deliver(connection, message)
                case Deliver(to=connection, message=message):
                    self._deliver(connection, message)
                case Cut(connection=connection, reason=reason):
                    if (link := self._links.get(connection)) is not None:
                        link.close(reason)

    def _deliver(self, connection: ConnectionId | None, message: SignalMessage) -> None:
        link = self._links.get(connection) if connection is not None else None
        if link is None:
            return
        try:
            link.send_signal(message)
        except Unavailable as error:
            if error.code is ErrorCode.LIMIT:
                self._counters.slow_readers_cut += 1
                event(log, "relay:slow_reader_cut", level=logging.WARNING, peer=link.remote_address[0])
                link.close("reads too slowly")


class ListSource(Protocol):
    """Something with paced lists: the hub, the rooms."""

    @property
    def updates_due_at(self) -> float | None: ...

    def updates(self, now: float) -> list[Effect]: ...


class ListPump:
    """Gives out the lists whose turn it is, at once and for as long as some wait."""

    def __init__(self, source: ListSource, outbox: Outbox) -> None:
        self._source = source
        self._outbox = outbox
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_open = True

    def run(self) -> None:
        """After every change of the source."""
        if not self._is_open:
            return
        self._outbox.perform(self._source.updates(self._loop.time()))
        due = self._source.updates_due_at
        if due is not None and self._timer is None:
            self._timer = self._loop.call_at(due, self._fire)

    def close(self) -> None:
        self._is_open = False
        if self._timer is not None:
            self._timer.cancel()

    def _fire(self) -> None:
        self._timer = None
        self.run()
