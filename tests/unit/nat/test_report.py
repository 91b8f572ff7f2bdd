"""The report of a network check, for scripts and for people."""

import json
from dataclasses import replace

import pytest

from wzp_core.nat.allocation import UNKNOWN, Allocation, AllocationKind
from wzp_core.nat.classify import NatType
from wzp_core.nat.report import NatProbe, NetcheckReport, RelayLatency, as_json, as_text, verdict

FULL = NetcheckReport(
    nat_type=NatType.CONE,
    reflexive_addr="203.0.113.7:4000",
    ipv4_reachable=True,
    hairpin_works=False,
    port_mapping="Pcp",
    mapped_addr="203.0.113.7:4000",
    relay_latencies=(
        RelayLatency(name="near", addr="203.0.113.1:4433", rtt_ms=31),
        RelayLatency(name="gone", addr="203.0.113.2:4433", error="no answer"),
    ),
    gateway="192.168.1.1",
    duration_ms=812,
    stun_probes=(
        NatProbe(relay_name="stun:a:1", relay_addr="1.2.3.4:1", observed_addr="203.0.113.7:4000", latency_ms=22),
        NatProbe(relay_name="stun:b:1", relay_addr="b:1", error="no such server"),
    ),
    port_allocation=Allocation(AllocationKind.PRESERVING),
)
FIELDS = {
    "nat_type", "reflexive_addr", "ipv4_reachable", "ipv6_reachable", "hairpin_works", "port_mapping",
    "relay_latencies", "preferred_relay", "stun_latency_ms", "upnp_available", "pcp_available", "nat_pmp_available",
    "gateway", "duration_ms", "stun_probes", "port_allocation", "ipv6_pinhole", "inside_addr",
}  # fmt: skip


def test_scripts_find_every_field() -> None:
    told = json.loads(json.dumps(as_json(FULL)))
    assert set(told) >= FIELDS
    assert told["nat_type"] == "Cone"
    assert (told["pcp_available"], told["upnp_available"], told["nat_pmp_available"]) == (True, False, False)
    assert told["relay_latencies"][0] == {"name": "near", "addr": "203.0.113.1:4433", "rtt_ms": 31, "error": None}
    assert (told["preferred_relay"], told["stun_latency_ms"]) == ("near", 22)
    assert told["stun_probes"][1] == {
        "relay_name": "stun:b:1",
        "relay_addr": "b:1",
        "observed_addr": None,
        "latency_ms": None,
        "error": "no such server",
    }
    assert set(as_json(NetcheckReport())) >= FIELDS


@pytest.mark.parametrize(
    ("allocation", "spelled"),
    [
        (Allocation(AllocationKind.PRESERVING), "PortPreserving"),
        (Allocation(AllocationKind.SEQUENTIAL, -2), {"Sequential": {"delta": -2}}),
        (Allocation(AllocationKind.RANDOM), "Random"),
        (UNKNOWN, "Unknown"),
    ],
)
def test_port_allocation_is_spelled_as_scripts_know_it(allocation: Allocation, spelled: object) -> None:
    assert as_json(NetcheckReport(port_allocation=allocation))["port_allocation"] == spelled


def test_the_text_has_its_headings_and_lines() -> None:
    lines = as_text(FULL).splitlines()
    assert lines[0] == "=== WarzonePhone Netcheck ==="
    starts = ["NAT Type:", "Reflexive Addr:", "IPv4:", "IPv6:", "Gateway:", "Port Alloc:", "Preferred: near"]
    starts += ["--- Port Mapping ---", "--- STUN Probes ---", "--- Relay Latencies ---", "Completed in 812ms"]
    for start in starts:
        assert sum(line.startswith(start) for line in lines) == 1, start
    assert lines[-1] == verdict(FULL)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (NetcheckReport(), "lets no UDP out"),
        (FULL, "nearly everybody"),
        (NetcheckReport(nat_type=NatType.CONE, stun_probes=FULL.stun_probes), "most people"),
        (NetcheckReport(nat_type=NatType.SYMMETRIC, stun_probes=FULL.stun_probes), "some people only"),
        (
            NetcheckReport(
                nat_type=NatType.SYMMETRIC,
                stun_probes=FULL.stun_probes,
                port_allocation=Allocation(AllocationKind.SEQUENTIAL, 1),
            ),
            "a few seconds",
        ),
        (NetcheckReport(relay_latencies=FULL.relay_latencies), "Too few servers"),
        (
            NetcheckReport(relay_latencies=FULL.relay_latencies, stun_probes=FULL.stun_probes[1:]),
            "UDP out to few places",
        ),
        (
            NetcheckReport(relay_latencies=FULL.relay_latencies, stun_probes=FULL.stun_probes[1:], ipv6_reachable=True),
            "have IPv6 as you do",
        ),
        (
            NetcheckReport(nat_type=NatType.CONE, stun_probes=FULL.stun_probes, inside_addr="100.64.1.2:4000"),
            "behind another one",
        ),
        (
            NetcheckReport(nat_type=NatType.SYMMETRIC, stun_probes=FULL.stun_probes, ipv6_pinhole="Pcp"),
            "people who have IPv6 as you do",
        ),
    ],
)
def test_people_are_told_what_it_means_for_calls(report: NetcheckReport, words: str) -> None:
    assert words in verdict(report)


def test_nothing_is_said_of_a_firewall_that_was_not_opened() -> None:
    closed = NetcheckReport(nat_type=NatType.SYMMETRIC, stun_probes=FULL.stun_probes)
    assert "IPv6" not in verdict(closed)
    assert "  IPv6 firewall opened: no" in as_text(closed).splitlines()
    assert "  IPv6 firewall opened: UPnP" in as_text(replace(closed, ipv6_pinhole="UPnP")).splitlines()
    assert as_json(replace(closed, ipv6_pinhole="UPnP"))["ipv6_pinhole"] == "UPnP"
