"""Which relays there are and how far each one is (calls.md §7.8)."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRelay:
    name: str
    addr: str
    region: str | None = None
    rtt_ms: int | None = None
    last_probed: float | None = None
    reachable: bool = False


@dataclass(frozen=True, slots=True)
class RelayMap:
    """Nearest first, those that do not answer last."""

    entries: tuple[KnownRelay, ...] = ()

    @property
    def preferred(self) -> KnownRelay | None:
        return next((entry for entry in self.entries if entry.reachable and entry.rtt_ms is not None), None)

    def upsert(self, name: str, addr: str, region: str | None = None) -> "RelayMap":
        """A new one, or another name for a known address; a region once told is kept."""
        known = self._at(addr)
        if known is None:
            return _sorted((*self.entries, KnownRelay(name=name, addr=addr, region=region)))
        return self._with(replace(known, name=name, region=region or known.region))

    def populate_from_ack(self, available_relays: tuple[str, ...]) -> "RelayMap":
        """`name|ip:port` each; what is not is passed over."""
        filled = self
        for name, bar, addr in (entry.partition("|") for entry in available_relays):
            if bar and name and addr:
                filled = filled.upsert(name, addr)
        return filled

    def update_rtt(self, addr: str, rtt_ms: int, now: float) -> "RelayMap":
        known = self._at(addr)
        return self if known is None else self._with(replace(known, rtt_ms=rtt_ms, last_probed=now, reachable=True))

    def mark_unreachable(self, addr: str, now: float) -> "RelayMap":
        known = self._at(addr)
        return self if known is None else self._with(replace(known, last_probed=now, reachable=False))

    def stale_entries(self, now: float, max_age_s: float) -> tuple[KnownRelay, ...]:
        return tuple(e for e in self.entries if e.last_probed is None or now - e.last_probed > max_age_s)

    def needs_reprobe(self, now: float, max_age_s: float) -> bool:
        return bool(self.stale_entries(now, max_age_s))

    def _at(self, addr: str) -> KnownRelay | None:
        return next((entry for entry in self.entries if entry.addr == addr), None)

    def _with(self, changed: KnownRelay) -> "RelayMap":
        return _sorted(tuple(changed if entry.addr == changed.addr else entry for entry in self.entries))


def _sorted(entries: tuple[KnownRelay, ...]) -> RelayMap:
    def order(entry: KnownRelay) -> tuple[bool, bool, int]:
        return not entry.reachable, entry.rtt_ms is None, entry.rtt_ms or 0

    return RelayMap(tuple(sorted(entries, key=order)))
