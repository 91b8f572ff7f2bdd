"""This relay as other relays see it: what it tells them, and what it takes from them."""

from collections.abc import Iterator
from contextlib import contextmanager

from relay.config import RelayConfig
from relay.decide.registry import MOST_FINGERPRINTS, Registry
from relay.decide.relay_trust import RelayTrust, plain_host
from relay.edge.addresses import address_text, advertised_text
from relay.observe.counters import Counters
from wzp_core.ports import Address, Link
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.signal.presence import PresenceUpdate


class MeshNode:
    """Shared by everything that speaks to other relays about who is where."""

    def __init__(
        self, config: RelayConfig, registry: Registry, *, listening: Address, own_id: TlsFingerprint, counters: Counters
    ) -> None:
        self.registry = registry
        self.counters = counters
        self.own_id = own_id
        self.tells_strangers = False
        self._advertised = config.advertised_addr
        self._listening = listening
        self._inbound: dict[Link, bool] = {}  # from other relays, and whether those were trusted
        self._trust = RelayTrust()

    def reconfigure(self, config: RelayConfig) -> None:
        """Links that would be judged in another way now end: if they are dialled again, they are."""
        self._trust = RelayTrust.of(config)
        self.tells_strangers = not config.auth_url  # where everybody may register and is told who is here
        self.registry.expect(config.probe)
        for link, was_trusted in list(self._inbound.items()):
            if self._trusts(link) != was_trusted:
                link.close("trust changed")

    @contextmanager
    def judged(self, link: Link) -> Iterator[bool]:
        """Whether the relay that dialled this link is trusted; the link ends when that changes."""
        self._inbound[link] = is_trusted = self._trusts(link)
        try:
            yield is_trusted
        finally:
            del self._inbound[link]

    def own_address(self, toward: Address | None = None) -> str:
        """Ours as that relay may use it; without one, as configured or as bound."""
        if toward is None:
            return self._advertised or address_text(self._listening)
        return advertised_text(self._advertised, self._listening, toward)

    def own_addresses(self, link: Link) -> set[str]:
        """All that mean this relay."""
        return {self.own_address(), address_text(self._listening), self.own_address(link.remote_address)}

    def gossip(self, link: Link, *, is_trusted: bool) -> PresenceUpdate:
        """Who is here; strangers are told what every client is told, and nobody who is only in a room."""
        told = self.registry.local_fingerprints() if is_trusted else self.registry.registered()
        return PresenceUpdate(fingerprints=told[:MOST_FINGERPRINTS], relay_addr=self.own_address(link.remote_address))

    def learn(self, link: Link, update: PresenceUpdate, now: float, rtt_ms: float | None = None) -> None:
        """Takes what a trusted relay told on `link`; what makes no sense in it is counted."""
        host, port = link.remote_address
        seen = (plain_host(host), port)
        address = self.registry.address_of(update.relay_addr, seen, self.own_addresses(link))
        self.counters.gossip_refused += self.registry.update_peer(
            address, update.fingerprints, told_from=seen[0], now=now, rtt_ms=rtt_ms
        )

    def _trusts(self, link: Link) -> bool:
        return self._trust.covers(link.remote_address, link.peer_certificate)
