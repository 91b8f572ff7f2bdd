"""How this network treats us, and which ways a call may take."""

from dataclasses import dataclass

from wzp_core.nat.report import NetcheckReport, RelayLatency, verdict
from wzp_core.protocol.address import split_address
from wzp_core.session.state import NetcheckStep, NetcheckView
from wzp_desktop.presenters.words import NAT_TYPE, NETCHECK_STEP


@dataclass(frozen=True, slots=True)
class NetworkScreen:
    button: str
    running: bool
    progress: str  # empty unless running
    verdict: str  # empty before the first check
    findings: tuple[str, ...]
    relays: tuple[str, ...]  # nearest first


def network_screen(view: NetcheckView) -> NetworkScreen:
    report = view.report
    return NetworkScreen(
        button="Checking…" if view.running else "Check network",
        running=view.running,
        progress=_progress(view.done) if view.running else "",
        verdict=verdict(report) if report is not None else "",
        findings=_findings(report) if report is not None else (),
        relays=tuple(_relay(each, report.preferred_relay) for each in report.relay_latencies) if report else (),
    )


def typed_servers(text: str) -> str | None:
    """The servers as the settings keep them; None where one of them is no address."""
    servers = text.replace(",", " ").split()
    return None if any(split_address(server) is None for server in servers) else " ".join(servers)


def servers_hint(text: str) -> str:
    """What is wrong with typed servers; empty when nothing is."""
    if typed_servers(text) is not None:
        return ""
    return "One of these is not an address. Each looks like stun.example.org:3478, with spaces between them."


def _progress(done: tuple[NetcheckStep, ...]) -> str:
    steps = tuple(NetcheckStep)
    now = next((step for step in steps if step not in done), steps[-1])
    return f"Step {min(len(done) + 1, len(steps))} of {len(steps)}: {NETCHECK_STEP[now]}"


def _findings(report: NetcheckReport) -> tuple[str, ...]:
    seen = report.reflexive_addr or next((p.observed_addr for p in report.stun_probes if p.observed_addr), None)
    parts = (
        ("Your address on the internet", seen or "unknown"),
        ("Router", NAT_TYPE[report.nat_type] + (f", at {report.gateway}" if report.gateway else "")),
        ("Open port granted by the router", _granted(report)),
        ("IPv6", _ipv6(report)),
    )
    return tuple(f"{name}: {value}" for name, value in parts)


def _granted(report: NetcheckReport) -> str:
    if report.inside_addr is not None:
        return f"{report.inside_addr}, but only within a network that this router shares with others"
    return report.mapped_addr or "none"


def _ipv6(report: NetcheckReport) -> str:
    if not report.ipv6_reachable:
        return "no"
    return "yes" if report.ipv6_pinhole is None else "yes, and the router's firewall lets in who calls you"


def _relay(relay: RelayLatency, preferred: str | None) -> str:
    if relay.rtt_ms is None:
        return f"{relay.name}: does not answer"
    nearest = ", the nearest" if relay.name == preferred else ""
    return f"{relay.name}: answers in {relay.rtt_ms} ms{nearest}"
