"""What a network check found, for scripts and as text (calls.md §7.7)."""

from dataclasses import dataclass
from typing import Any

from wzp_core.nat.allocation import UNKNOWN, Allocation, AllocationKind
from wzp_core.nat.classify import NatType


@dataclass(frozen=True, slots=True, kw_only=True)
class NatProbe:
    """How one server or relay sees us."""

    relay_name: str
    relay_addr: str
    observed_addr: str | None = None
    latency_ms: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLatency:
    """`rtt_ms` is that of a whole exchange: connect, ask, be answered."""

    name: str
    addr: str
    rtt_ms: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetcheckReport:
    nat_type: NatType = NatType.UNKNOWN
    reflexive_addr: str | None = None
    ipv4_reachable: bool = False
    ipv6_reachable: bool = False
    hairpin_works: bool | None = None  # None where it could not be tried
    port_mapping: str | None = None  # NatPmp, Pcp, UPnP
    mapped_addr: str | None = None
    inside_addr: str | None = None  # instead, where the router is behind another one: what it gave there
    ipv6_pinhole: str | None = None  # Pcp, UPnP: by which the router's IPv6 firewall lets in who sends to us
    relay_latencies: tuple[RelayLatency, ...] = ()  # nearest first
    gateway: str | None = None
    duration_ms: int = 0
    stun_probes: tuple[NatProbe, ...] = ()
    port_allocation: Allocation = UNKNOWN

    @property
    def preferred_relay(self) -> str | None:
        return next((relay.name for relay in self.relay_latencies if relay.rtt_ms is not None), None)

    @property
    def stun_latency_ms(self) -> int | None:
        return min((probe.latency_ms for probe in self.stun_probes if probe.latency_ms is not None), default=None)


def as_json(report: NetcheckReport) -> dict[str, Any]:
    """The fields that scripts rely on."""
    return {
        "nat_type": report.nat_type.value,
        "reflexive_addr": report.reflexive_addr,
        "ipv4_reachable": report.ipv4_reachable,
        "ipv6_reachable": report.ipv6_reachable,
        "hairpin_works": report.hairpin_works,
        "port_mapping": report.port_mapping,
        "relay_latencies": [
            {"name": each.name, "addr": each.addr, "rtt_ms": each.rtt_ms, "error": each.error}
            for each in report.relay_latencies
        ],
        "preferred_relay": report.preferred_relay,
        "stun_latency_ms": report.stun_latency_ms,
        "upnp_available": report.port_mapping == "UPnP",
        "pcp_available": report.port_mapping == "Pcp",
        "nat_pmp_available": report.port_mapping == "NatPmp",
        "gateway": report.gateway,
        "duration_ms": report.duration_ms,
        "stun_probes": [
            {
                "relay_name": each.relay_name,
                "relay_addr": each.relay_addr,
                "observed_addr": each.observed_addr,
                "latency_ms": each.latency_ms,
                "error": each.error,
            }
            for each in report.stun_probes
        ],
        "port_allocation": _allocation(report.port_allocation),
        "mapped_addr": report.mapped_addr,
        "ipv6_pinhole": report.ipv6_pinhole,
        "inside_addr": report.inside_addr,
    }


def as_text(report: NetcheckReport) -> str:
    lines = [
        "=== WarzonePhone Netcheck ===",
        f"NAT Type:       {report.nat_type.value}",
        f"Reflexive Addr: {report.reflexive_addr or '-'}",
        f"IPv4:           {_yes(report.ipv4_reachable)}",
        f"IPv6:           {_yes(report.ipv6_reachable)}",
        f"Hairpin:        {'not tried' if report.hairpin_works is None else _yes(report.hairpin_works)}",
        f"Gateway:        {report.gateway or '-'}",
        f"Port Alloc:     {report.port_allocation.text()}",
        "--- Port Mapping ---",
        f"  {report.port_mapping or 'none'} {report.mapped_addr or ''}".rstrip(),
        *([f"  only behind the router's own router: {report.inside_addr}"] if report.inside_addr else []),
        f"  IPv6 firewall opened: {report.ipv6_pinhole or 'no'}",
        "--- STUN Probes ---",
        *(_probe(each.relay_name, each.observed_addr, each.latency_ms, each.error) for each in report.stun_probes),
        "--- Relay Latencies ---",
        *(_probe(each.name, each.addr, each.rtt_ms, each.error) for each in report.relay_latencies),
        f"Preferred: {report.preferred_relay or '-'}",
        f"Completed in {report.duration_ms}ms",
        verdict(report),
    ]
    return "\n".join(lines)


def verdict(report: NetcheckReport) -> str:
    """What that means for calls, in one sentence or two."""
    answered = any(probe.observed_addr for probe in report.stun_probes)
    if not answered and report.preferred_relay is None:
        return "Nothing answered: this network lets no UDP out, or there is no network. Try another network."
    if report.mapped_addr is not None:
        return "Direct calls will work with nearly everybody: the router keeps a port open for you."
    by_ipv4 = _by_the_router(report)
    if report.inside_addr is not None:
        by_ipv4 += (
            " The router is behind another one, as of a provider that shares one address among many: "
            "the port it gave is of use to people behind that one only."
        )
    if report.ipv6_pinhole is None:
        return by_ipv4
    return f"{by_ipv4} With people who have IPv6 as you do they will be direct: the router's firewall lets them in."


def _by_the_router(report: NetcheckReport) -> str:
    if report.nat_type is NatType.CONE:
        return "Direct calls will work with most people; where they do not, calls go through the relay."
    if report.nat_type in (NatType.SYMMETRIC, NatType.MULTIPLE):
        sequential = report.port_allocation.kind is AllocationKind.SEQUENTIAL
        odds = "often take a few seconds to become direct" if sequential else "become direct with some people only"
        return (
            f"This network's router is strict: calls {odds}, and go through the relay until then. "
            "Port mapping (UPnP or NAT-PMP) switched on in the router would help."
        )
    if report.stun_probes and not any(probe.observed_addr for probe in report.stun_probes):
        if report.ipv6_reachable:
            return (
                "No public server answered by IPv4. With people who have IPv6 as you do calls may become direct; "
                "all others are reached through the relay."
            )
        return (
            "The relay answers, but no public server does: this network lets UDP out to few places. "
            "Calls go through the relay, and directly within the same network."
        )
    return (
        "Too few servers answered to know the kind of router. Calls work through the relay, "
        "and directly within the same network."
    )


def _allocation(allocation: Allocation) -> Any:
    match allocation.kind:
        case AllocationKind.PRESERVING:
            return "PortPreserving"
        case AllocationKind.SEQUENTIAL:
            return {"Sequential": {"delta": allocation.delta}}
        case AllocationKind.RANDOM:
            return "Random"
        case AllocationKind.UNKNOWN:
            return "Unknown"


def _probe(name: str, seen: str | None, took_ms: int | None, error: str | None) -> str:
    words = [seen if seen != name else None, f"{took_ms}ms" if error is None else f"({error})"]
    return f"  {name}: {' '.join(word for word in words if word)}"


def _yes(claim: bool) -> str:
    return "yes" if claim else "no"
