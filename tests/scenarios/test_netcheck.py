"""The network check from behind several kinds of router, with a real relay."""

import asyncio
from collections.abc import Callable

import pytest

from tests.sim.network import Router
from tests.sim.world import RELAY_IP, RELAY_PORT, STUN, Stage
from wzp_core.engine.commands import RunNetcheck
from wzp_core.nat.allocation import Allocation, AllocationKind
from wzp_core.nat.classify import NatType
from wzp_core.nat.report import NetcheckReport, verdict
from wzp_core.session.state import NetcheckStep
from wzp_core.settings.schema import NetworkSettings

Scene = Callable[..., None]

OUTSIDE = "198.51.100.7"


async def checked(stage: Stage, network: NetworkSettings | None = None) -> NetcheckReport:
    async with stage.relay(), stage.phone("alice", "10.0.0.2", network=network) as alice:
        await alice.online()
        alice.does(RunNetcheck())
        began = asyncio.get_running_loop().time()
        view = (await alice.until(lambda s: s.netcheck.report is not None)).netcheck
        assert asyncio.get_running_loop().time() - began < 10
        shown = [state.netcheck for state in alice.states]
        assert [len(each.done) for each in shown if each.running and each.done][-1] >= len(NetcheckStep) - 1
        assert not view.running
        assert view.report is not None
        return view.report


@pytest.mark.parametrize(
    ("router", "kind", "allocation"),
    [
        (Router(OUTSIDE), NatType.CONE, Allocation(AllocationKind.PRESERVING)),
        (
            Router(OUTSIDE, symmetric=True, allocation="sequential", delta=2),
            NatType.SYMMETRIC,
            Allocation(AllocationKind.SEQUENTIAL, 2),
        ),
        (Router(OUTSIDE, symmetric=True, allocation="random"), NatType.SYMMETRIC, Allocation(AllocationKind.RANDOM)),
    ],
)
def test_the_kind_of_router_and_how_it_gives_out_ports_are_told(
    scene: Scene, router: Router, kind: NatType, allocation: Allocation
) -> None:
    async def scenario(stage: Stage) -> None:
        stage.internet.router(router, "10.0.0.2")
        with stage.stun_servers():
            report = await checked(stage)
        assert (report.nat_type, report.port_allocation) == (kind, allocation)
        assert report.ipv4_reachable
        assert [probe.error for probe in report.stun_probes] == [None] * len(STUN.split())
        (relay,) = report.relay_latencies
        assert (relay.addr, relay.error) == (f"{RELAY_IP}:{RELAY_PORT}", None)
        assert relay.rtt_ms is not None
        assert 40 <= relay.rtt_ms <= 200, "several round trips of 20 ms"
        assert report.stun_latency_ms == 20
        if kind is NatType.CONE:
            assert report.reflexive_addr is not None
            assert report.reflexive_addr.startswith(OUTSIDE)
            assert report.hairpin_works is False, "these routers send nothing back inside"

    scene(scenario)


def test_without_servers_the_relay_alone_is_asked_and_nothing_else(scene: Scene) -> None:
    asked = set[str]()

    def tap(_source: str, target: str, data: bytes) -> bytes:
        asked.add(target)
        return data

    async def scenario(stage: Stage) -> None:
        stage.internet.router(Router(OUTSIDE), "10.0.0.2")
        stage.internet.tap = tap
        with stage.stun_servers():
            report = await checked(stage, NetworkSettings(use_stun=False))
        assert report.nat_type is NatType.UNKNOWN
        assert report.stun_probes == ()
        assert report.preferred_relay is not None
        assert asked <= {RELAY_IP, "10.0.0.2"}

    scene(scenario)


def test_servers_that_do_not_answer_cost_bounded_time_and_are_named(scene: Scene) -> None:
    async def scenario(stage: Stage) -> None:
        stage.internet.router(Router(OUTSIDE), "10.0.0.2")
        report = await checked(stage)
        assert [probe.error for probe in report.stun_probes] == ["no answer"] * len(STUN.split())
        assert not report.ipv4_reachable
        assert 3000 <= report.duration_ms <= 4000
        assert "through the relay" in verdict(report)

    scene(scenario)


def test_a_router_that_leads_back_inside_is_noticed(scene: Scene) -> None:
    async def scenario(stage: Stage) -> None:
        stage.internet.router(Router(OUTSIDE, filtering="none", hairpin=True), "10.0.0.2")
        with stage.stun_servers():
            assert (await checked(stage)).hairpin_works is True

    scene(scenario)
