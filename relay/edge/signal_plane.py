"""The signal side of the relay: presence and calls, as its sessions use them."""

import asyncio
import logging
from typing import Protocol

from relay.config import RelayConfig
from relay.decide.admission import Admission
from relay.decide.calls import CallRegistry, CallSignal
from relay.decide.effects import ConnectionId, Deliver
from relay.decide.presence import Hub
from relay.edge.outbox import ListPump, Outbox
from relay.observe.counters import Counters
from wzp_core.errors import RemoteViolation
from wzp_core.limits import network_of
from wzp_core.logs import event, logger
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.call import DirectCallOffer, Hangup, HangupReason

log = logger("relay")

_TICK_S = 1.0


class Beyond(Protocol):
    """Clients of other relays."""

    def client_changed(self, who: Fingerprint) -> None:
        """A client of ours has registered or left."""


class SignalPlane:
    """Hub and call registry with their clock and their way out."""

    def __init__(
        self,
        config: RelayConfig,
        admission: Admission,
        hub: Hub,
        calls: CallRegistry,
        outbox: Outbox,
        counters: Counters,
    ) -> None:
        self.outbox = outbox
        self.counters = counters
        self.config = config
        self._admission = admission
        self._hub = hub
        self._calls = calls
        self._lists = ListPump(hub, outbox)
        self.beyond: Beyond | None = None
        self._loop = asyncio.get_running_loop()

    def admit(self, host: str, client: Fingerprint, *, is_signed: bool) -> None:
        """A place for a client, which `dismiss` gives back.

        Raises Unavailable(LIMIT), and RemoteViolation(BAD_SIGNATURE) for one that signed before and now does not.
        """
        self._hub.hold_to_signature(client, is_signed=is_signed)
        self._admission.register(host, client, self.config, self._loop.time(), replaces=client in self._hub)

    def dismiss(self, host: str) -> None:
        self._admission.deregister(host)

    def enter(
        self,
        connection: ConnectionId,
        fingerprint: Fingerprint,
        alias: str | None,
        relay_addr: str,
        *,
        takes_changes: bool,
    ) -> None:
        """Registers a client that has its Ack, hands over what it missed, and tells everybody."""
        self.counters.registrations += 1
        self.outbox.perform(self._hub.register(connection, fingerprint, alias, takes_changes=takes_changes))
        self.outbox.perform(self._calls.arrived(fingerprint, relay_addr))
        self._lists.run()
        self._tell_beyond(fingerprint)
        event(log, "relay:client_registered", fingerprint=fingerprint, clients=len(self._hub))

    def leave(self, connection: ConnectionId, fingerprint: Fingerprint) -> None:
        if self._hub.deregister(connection, fingerprint):
            self._calls.left(fingerprint, self._loop.time())
            self._lists.run()
            self._tell_beyond(fingerprint)
            event(log, "relay:client_left", fingerprint=fingerprint, clients=len(self._hub))

    def handle(self, connection: ConnectionId, sender: Fingerprint, message: CallSignal, host: str) -> None:
        """Acts on a call signal; one that breaks the rules is counted and otherwise ignored."""
        if self._hub.connection_of(sender) != connection:
            return
        now = self._loop.time()
        if isinstance(message, DirectCallOffer) and not self._admission.offer(host, sender, self.config, now):
            self.counters.offers_limited += 1
            self._turn_down(connection, message)
            return
        try:
            self.outbox.perform(self._calls.handle(sender, message, now, network_of(host)))
        except RemoteViolation as error:
            self.refuse(sender, error)
            if isinstance(message, DirectCallOffer):
                self._turn_down(connection, message)

    def refresh(self) -> None:
        """Other relays have other clients now."""
        self._hub.refresh()
        self._lists.run()

    def _tell_beyond(self, who: Fingerprint) -> None:
        if self.beyond is not None:
            self.beyond.client_changed(who)

    def _turn_down(self, connection: ConnectionId, offer: DirectCallOffer) -> None:
        """So that nobody waits for an answer."""
        self.outbox.perform([Deliver(connection, Hangup(reason=HangupReason.ERROR, call_id=offer.call_id))])

    def refuse(self, sender: Fingerprint, error: RemoteViolation) -> None:
        self.counters.signals_refused += 1
        event(log, "relay:signal_refused", level=logging.WARNING, fingerprint=sender, error=error)

    async def keep_time(self) -> None:
        """Ends calls that nobody answers or comes back to; runs until cancelled."""
        while True:
            await asyncio.sleep(_TICK_S)
            self.outbox.perform(self._calls.expire(self._loop.time()))

    def close(self) -> None:
        self._lists.close()
