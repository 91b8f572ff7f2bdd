"""Which relays may link with this one, and which of two links with the same relay survives (relay.md §9.1)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from relay.config import PeerRelay, TrustedRelay
from relay.decide.effects import ConnectionId, Cut
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import TlsFingerprint, parse_tls_fingerprint
from wzp_core.protocol.signal.federation import FederationHello

AT_ONCE_S, FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0, 300.0
STEADY_S = 10.0  # a link that ends sooner counts as refused


class Peers:
    """The configured relays."""

    def __init__(
        self,
        own: TlsFingerprint,
        peers: Iterable[PeerRelay],
        trusted: Iterable[TrustedRelay],
        *,
        trust_hello: bool = False,
    ) -> None:
        self._own = own
        self._proven: set[TlsFingerprint] = set()
        self.configure(peers, trusted, trust_hello=trust_hello)

    def configure(self, peers: Iterable[PeerRelay], trusted: Iterable[TrustedRelay], *, trust_hello: bool) -> None:
        """These, and no others, from now on."""
        self._labels = {each.fingerprint: each.label or each.fingerprint[:16] for each in trusted}
        self._labels |= {each.fingerprint: each.label or each.url for each in peers}
        self._labels.pop(self._own, None)  # a relay that lists itself, as all relays of one shared file do
        self._trust_hello = trust_hello

    @property
    def labels(self) -> dict[TlsFingerprint, str]:
        return dict(self._labels)

    def may_say_hello(self, certificate: TlsFingerprint | None) -> bool:
        """Whether what an inbound link has shown is reason enough to listen to it."""
        return self._trust_hello if certificate is None else certificate in self._labels

    def judge(self, certificate: TlsFingerprint | None, hello: FederationHello) -> TlsFingerprint:
        """Whose inbound link this is. Raises RemoteViolation(WRONG_IDENTITY).

        Without a certificate a hello is only a claim: taken from older builds where the configuration says so, and
        never again once that relay has shown a certificate.
        """
        claimed = parse_tls_fingerprint(hello.tls_fingerprint)
        is_proven = certificate == claimed or (certificate is None and claimed not in self._proven)
        if not (is_proven and claimed in self._labels and self.may_say_hello(certificate)):
            raise RemoteViolation(ErrorCode.WRONG_IDENTITY, what="relay", shown=certificate, claimed=claimed)
        if certificate is not None:
            self._proven.add(certificate)
        return claimed


def peer_block(url: str, fingerprint: TlsFingerprint, label: str) -> str:
    """What the operator of another relay adds to its configuration."""
    return f'[[peers]]\nurl = "{url}"\nfingerprint = "{fingerprint}"\nlabel = {json.dumps(label)}'


def trusted_block(fingerprint: TlsFingerprint) -> str:
    """What an operator who knows that relay adds to the configuration."""
    return f'[[trusted]]\nfingerprint = "{fingerprint}"\nlabel = ""'


def pause_after(pause_s: float, *, lasted_s: float, answered: bool) -> float:
    """How long to wait before the next dial, given the wait before this one.

    Twice as long for a relay that refuses us. One that does not answer at all is away: it costs a few packets to
    try again soon, and it shall be found within seconds of its return although it may not be able to dial us.
    """
    if lasted_s >= STEADY_S:
        return AT_ONCE_S
    return min(LONGEST_PAUSE_S, max(FIRST_PAUSE_S, 2 * pause_s)) if answered else FIRST_PAUSE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLink:
    """One link with another relay."""

    connection: ConnectionId
    peer: TlsFingerprint
    is_dialled: bool  # by us
    instance: int | None = None  # of the peer's process, where it says so


class PeerLinks:
    """At most one link with each relay."""

    def __init__(self, own: TlsFingerprint) -> None:
        self._own = own
        self._links: dict[TlsFingerprint, PeerLink] = {}

    def of(self, peer: TlsFingerprint) -> PeerLink | None:
        return self._links.get(peer)

    def enter(self, link: PeerLink) -> list[Cut]:
        """Takes the link in, perhaps in place of an older one.

        Where both relays have dialled, both keep the link dialled by the smaller fingerprint; but a newer link of
        the same direction, or from a process that has started since, shows that the older one is dead. Raises
        RemoteViolation(BUSY) where the older one stays.
        """
        older = self._links.get(link.peer)
        if older is not None and not self._replaces(link, older):
            raise RemoteViolation(ErrorCode.BUSY, what="second link", peer=link.peer)
        self._links[link.peer] = link
        return [] if older is None else [Cut(older.connection, "replaced")]

    def introduced(self, connection: ConnectionId, peer: TlsFingerprint, instance: int | None) -> None:
        """The relay that we dialled has answered the hello."""
        link = self._links.get(peer)
        if link is not None and link.connection == connection:
            self._links[peer] = replace(link, instance=instance)

    def leave(self, connection: ConnectionId, peer: TlsFingerprint) -> bool:
        """Whether the peer is without a link now: a replaced link takes nothing with it."""
        link = self._links.get(peer)
        if link is None or link.connection != connection:
            return False
        del self._links[peer]
        return True

    def _replaces(self, newer: PeerLink, older: PeerLink) -> bool:
        restarted = None not in (newer.instance, older.instance) and newer.instance != older.instance
        if restarted or newer.is_dialled == older.is_dialled:
            return True
        return newer.is_dialled == (self._own < newer.peer)
