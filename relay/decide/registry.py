"""Who is on which relay: our own clients, and what other relays tell of theirs (relay.md §5, §10)."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeAlias

from relay.decide.presence import Hub
from wzp_core.protocol.address import Address, address_text, numeric_address
from wzp_core.protocol.ids import Fingerprint, RoomName

MOST_PEERS = 256
MOST_FINGERPRINTS = 10_000  # of one relay; as JSON less than half of what one signal may hold
STALE_S = 30.0
SWEEP_S = 10.0

_FINGERPRINT = re.compile(r"[0-9a-f]{4}(?::[0-9a-f]{4}){7}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """On this relay, by a signal connection or in a room."""

    alias: str | None = None
    room: RoomName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """On another relay, as that one says."""

    relay: str  # `ip:port`
    last_seen: float


Location: TypeAlias = Local | Remote


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What one relay told last."""

    fingerprints: frozenset[Fingerprint]
    told: tuple[str, ...]  # the same before it was checked
    last_update: float
    told_from: str  # the host; nobody else may replace this while it is fresh
    rtt_ms: float | None = None


class Whereabouts(Protocol):
    """Who is in which room."""

    def whereabouts(self) -> Mapping[Fingerprint, RoomName]: ...

    def room_with(self, fingerprint: Fingerprint) -> RoomName | None: ...


class Registry:
    """Local clients are read from where they are kept; what others tell is kept here and forgotten unless repeated."""

    def __init__(self, hub: Hub, rooms: Whereabouts) -> None:
        self._hub = hub
        self._rooms = rooms
        self._hosts_of_targets: dict[str, str] = {}
        self._peers: dict[str, Peer] = {}

    def expect(self, targets: Iterable[Address]) -> None:
        """The configured targets: their addresses are theirs, whether they have told anything or not."""
        self._hosts_of_targets = {address_text(target): target[0] for target in targets}

    @property
    def peers(self) -> Mapping[str, Peer]:
        """By address."""
        return MappingProxyType(self._peers)

    def local_fingerprints(self) -> tuple[Fingerprint, ...]:
        """Of everybody with a connection of any kind, in an order that does not change by itself."""
        return tuple(dict.fromkeys((*self._hub.fingerprints(), *self._rooms.whereabouts())))

    def registered(self) -> tuple[Fingerprint, ...]:
        """Those whom every client is told of."""
        return tuple(self._hub.fingerprints())

    def lookup(self, fingerprint: Fingerprint) -> Location | None:
        """Where somebody is. Our own clients come first, then who told first: a later claim takes nobody over."""
        room = self._rooms.room_with(fingerprint)
        if room is not None or fingerprint in self._hub:
            return Local(alias=self._hub.alias_of(fingerprint), room=room)
        for address, peer in self._peers.items():
            if fingerprint in peer.fingerprints:
                return Remote(relay=address, last_seen=peer.last_update)
        return None

    def all_known(self) -> dict[Fingerprint, str | None]:
        """The relay of everybody; None for our own clients, who come first."""
        known: dict[Fingerprint, str | None] = dict.fromkeys(self.local_fingerprints())
        for address, peer in self._peers.items():
            for fingerprint in peer.fingerprints:
                known.setdefault(fingerprint, address)
        return known

    def address_of(self, claimed: str, seen: Address, own: Collection[str]) -> str:
        """Under which address a relay's clients are filed: the one it claims, or the one it was seen at.

        A claim does not count where it is no address, our own (older relays send the receiver's), that of a
        configured target elsewhere, or one that a relay elsewhere has told of.
        """
        address = numeric_address(claimed)
        text = "" if address is None else address_text(address)
        if address is None or text in own:
            return address_text(seen)
        peer = self._peers.get(text)
        holder = self._hosts_of_targets.get(text, seen[0] if peer is None else peer.told_from)
        return text if holder == seen[0] else address_text(seen)

    def update_peer(
        self, address: str, told: tuple[str, ...], *, told_from: str, now: float, rtt_ms: float | None = None
    ) -> int:
        """Replaces what the relay at `address` told before; returns how many entries were left out."""
        peer = self._peers.get(address)
        if peer is None and len(self._peers) >= MOST_PEERS:
            return len(told)
        if peer is not None and peer.told == told:  # nearly always, and thousands need not be looked at again
            fingerprints = peer.fingerprints
        else:
            fingerprints = frozenset(
                Fingerprint(text) for text in told[:MOST_FINGERPRINTS] if _FINGERPRINT.fullmatch(text)
            )
        self._peers[address] = Peer(
            fingerprints=fingerprints,
            told=told[:MOST_FINGERPRINTS],
            last_update=now,
            told_from=told_from,
            rtt_ms=rtt_ms,
        )
        return len(told) - len(fingerprints)

    def expire_stale(self, now: float) -> None:
        """Forgets relays that have told nothing for 30 s, and their clients."""
        for address in [address for address, peer in self._peers.items() if now - peer.last_update > STALE_S]:
            del self._peers[address]
