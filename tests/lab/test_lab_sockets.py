"""Real phones in a call whose machine takes their network, or their very port, away under them."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.audio.speech import needs_speech
from tests.lab.calls import DIRECT, Talk, begin, finish, pause
from tests.lab.cells import cell_named, plan_in
from tests.lab.internet import Home, Host, Internet
from tests.lab.namespaces import why_no_lab
from tests.lab.phones import Program
from tests.lab.routers import Kind

_REASON = why_no_lab()
pytestmark = [pytest.mark.skipif(bool(_REASON), reason=f"no network laboratory: {_REASON}"), needs_speech]

Away = Callable[[Talk, Host, Home], None]


def _address_goes_and_returns(talk: Talk, host: Host, home: Home) -> None:
    host.net.ip("addr flush dev eth0")
    pause(talk, 3.0)
    host.net.ip(f"addr add {host.addresses[0]}/24 dev eth0")
    host.net.ip(f"route add default via {home.lan}.1 dev eth0 metric 100")


def _port_is_forbidden(_talk: Talk, host: Host, _home: Home) -> None:
    """By a firewall of this machine: the system refuses what is sent from it."""
    ports = {
        line.split()[3].rpartition(":")[2] for line in host.net.run("ss", "-Huan").splitlines() if "0.0.0.0:" in line
    }
    host.net.nft("table inet own { chain output { type filter hook output priority 0; }\n}")
    host.net.nft(f"add rule inet own output udp sport {{ {', '.join(ports)} }} drop")


def _received(phone: Program) -> int:
    return max(int(event["opened"]) for event in list(phone.events) if event["event"] == "stats")


@pytest.mark.parametrize("away", [_address_goes_and_returns, _port_is_forbidden])
def test_a_call_goes_on_when_it_can(away: Away, tmp_path: Path) -> None:
    with ExitStack() as lifetime:
        net = Internet(lifetime)
        homes = [net.home(Kind.PORT_RESTRICTED) for _ in range(2)]
        hosts = [net.client(home) for home in homes]
        plan = plan_in(net, lifetime, tmp_path, *hosts, cell=cell_named("port-restricted → port-restricted"))
        talk = begin(plan, tmp_path / "call", 1)
        assert isinstance(talk, Talk), talk
        assert talk.until_path(DIRECT, 10)
        pause(talk, 1.0)
        away(talk, hosts[0], homes[0])
        pause(talk, 6.0)
        before = [_received(phone) for phone in talk.both]
        pause(talk, 3.0)
        for phone, was in zip(talk.both, before, strict=True):
            assert _received(phone) > was + 50
        assert talk.until_path(DIRECT, 40)
        outcome = finish(talk)
    assert (outcome.success, outcome.problem) == (True, "")
