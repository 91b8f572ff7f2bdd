"""The cells of the matrix: which homes stand at the two ends of a call, and whether a direct path is expected."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.calls import DIRECT, Outcome, Plan, Side
from tests.lab.internet import RELAY_HOST, RELAY_HOST_6, Home, Host, Internet
from tests.lab.natpmp_server import LET_IN, TABLE
from tests.lab.phones import RELAY_PORT, STUN_PORT, start_relay, start_stun
from tests.lab.routers import Kind
from tests.lab.speech import write_voices

STUN_HOSTS = ("11.0.0.2", "11.0.0.3")
EASY_S, HARD_S = 4.0, 20.0  # how long a direct path is waited for
_GIVES_PORTS = Path(__file__).with_name("natpmp_server.py")
_OTHER_TRAFFIC = Path(__file__).with_name("other_traffic.py")


@dataclass(frozen=True)
class Cell:
    name: str
    lay: Callable[[Internet], tuple[Host, Host]]
    limit_s: float = EASY_S
    direct: float = 1.0  # the least share of calls that have to become direct
    caller6: bool = False  # reaches the relay by IPv6
    callee6: bool = False

    def direct_enough(self, outcomes: Sequence[Outcome]) -> bool:
        return sum(outcome.path == DIRECT for outcome in outcomes) >= self.direct * len(outcomes)


def _homes(caller: Kind, callee: Kind) -> Callable[[Internet], tuple[Host, Host]]:
    def lay(net: Internet) -> tuple[Host, Host]:
        return _client(net, net.home(caller)), _client(net, net.home(callee))

    return lay


def _client(net: Internet, home: Home) -> Host:
    client = net.client(home)
    if home.kind is Kind.BUSY_SEQUENTIAL:
        net.client(home).net.start([sys.executable, "-S", _OTHER_TRAFFIC], stdout=subprocess.DEVNULL)
    return client


def _carrier(outer: Kind) -> Callable[[Internet], tuple[Host, Host]]:
    """One behind a home router behind a carrier's, the other in an ordinary home."""

    def lay(net: Internet) -> tuple[Host, Host]:
        inner = net.home(Kind.PORT_RESTRICTED, behind=net.home(outer, carrier=True))
        return net.client(inner), net.client(net.home(Kind.PORT_RESTRICTED))

    return lay


def _same_lan(net: Internet) -> tuple[Host, Host]:
    home = net.home(Kind.PORT_RESTRICTED)
    return net.client(home), net.client(home)


def _same_carrier(net: Internet) -> tuple[Host, Host]:
    carrier = net.home(Kind.PORT_RESTRICTED, carrier=True)
    one, other = (net.home(Kind.PORT_RESTRICTED, behind=carrier) for _ in range(2))
    return net.client(one), net.client(other)


def _same_carrier_mapped(net: Internet) -> tuple[Host, Host]:
    """The home routers give ports, which lead from the carrier's network only."""
    carrier = net.home(Kind.PORT_RESTRICTED, carrier=True)
    homes = [net.home(Kind.PORT_RESTRICTED, behind=carrier) for _ in range(2)]
    for home in homes:
        home.router.nft(TABLE)
        home.router.nft(LET_IN)
        server = home.router.start(
            [sys.executable, "-S", _GIVES_PORTS, f"{home.lan}.1", home.public], stdout=subprocess.PIPE
        )
        if server.stdout is None or server.stdout.readline() != "ready\n":
            raise OSError("the router's NAT-PMP server does not run")
    return net.client(homes[0]), net.client(homes[1])


def _both_ip6(net: Internet) -> tuple[Host, Host]:
    one, other = (net.client(net.home(Kind.RANDOM), v6=True) for _ in range(2))
    return one, other


def _ip4_to_ip6(net: Internet) -> tuple[Host, Host]:
    return net.client(net.home(Kind.PORT_RESTRICTED)), net.client(net.home(Kind.PORT_RESTRICTED), v4=False, v6=True)


def _pair(caller: Kind, callee: Kind, limit_s: float = EASY_S, *, direct: float = 1.0) -> Cell:
    return Cell(f"{caller.value} → {callee.value}", _homes(caller, callee), limit_s, direct)


_CONES = (Kind.OPEN, Kind.FULL_CONE, Kind.ADDRESS_RESTRICTED, Kind.PORT_RESTRICTED)
_HARD = (Kind.SEQUENTIAL, Kind.SEQUENTIAL_2, Kind.BUSY_SEQUENTIAL, Kind.RANDOM)

CELLS: tuple[Cell, ...] = (
    *(_pair(Kind.PORT_RESTRICTED, kind) for kind in _CONES),
    _pair(Kind.OPEN, Kind.OPEN),
    _pair(Kind.FULL_CONE, Kind.ADDRESS_RESTRICTED),
    *(_pair(kind, Kind.FULL_CONE) for kind in (Kind.SEQUENTIAL, Kind.RANDOM)),
    *(_pair(kind, Kind.ADDRESS_RESTRICTED) for kind in (Kind.SEQUENTIAL, Kind.RANDOM)),
    *(_pair(kind, Kind.PORT_RESTRICTED, HARD_S, direct=0.9 if kind is Kind.RANDOM else 0.95) for kind in _HARD),
    _pair(Kind.PORT_RESTRICTED, Kind.RANDOM, HARD_S, direct=0.9),
    _pair(Kind.SEQUENTIAL, Kind.SEQUENTIAL, HARD_S, direct=0.9),
    _pair(Kind.RANDOM, Kind.RANDOM, EASY_S, direct=0),
    Cell("carrier NAT → port-restricted", _carrier(Kind.PORT_RESTRICTED)),
    Cell("symmetric carrier NAT → port-restricted", _carrier(Kind.RANDOM), HARD_S, direct=0.9),
    Cell("same LAN, no hairpin", _same_lan),
    Cell("same carrier NAT, no hairpin", _same_carrier, direct=0),
    Cell("same carrier NAT, no hairpin, ports mapped", _same_carrier_mapped),
    _pair(Kind.UDP_BLOCKED, Kind.PORT_RESTRICTED, direct=0),
    Cell("IPv6 firewalls, IPv4 symmetric", _both_ip6),
    Cell("only IPv4 → only IPv6", _ip4_to_ip6, direct=0, callee6=True),
)


def cell_named(name: str) -> Cell:
    return next(cell for cell in CELLS if cell.name == name)


@contextmanager
def laid(cell: Cell, folder: Path, *, seed: int = 1, answer: str = "trusted") -> Iterator[Plan]:
    """The cell's network with a relay and STUN servers in it, ready for calls."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as lifetime:
        net = Internet(lifetime, seed=seed)
        caller, callee = cell.lay(net)
        yield plan_in(net, lifetime, folder, caller, callee, cell=cell, answer=answer)


def plan_in(
    net: Internet, lifetime: ExitStack, folder: Path, caller: Host, callee: Host, *, cell: Cell, answer: str = "trusted"
) -> Plan:
    relay = start_relay(net.host("relay", RELAY_HOST, v6=RELAY_HOST_6), folder, v6=cell.caller6 or cell.callee6)
    lifetime.callback(relay.stop)
    return Plan(
        Side(caller, relay_address(v6=cell.caller6), flags(net)),
        Side(callee, relay_address(v6=cell.callee6), flags(net)),
        write_voices(folder),
        cell.limit_s,
        answer,
    )


def relay_address(*, v6: bool = False) -> str:
    return f"[{RELAY_HOST_6}]:{RELAY_PORT}" if v6 else f"{RELAY_HOST}:{RELAY_PORT}"


def flags(net: Internet) -> tuple[str, ...]:
    """The laboratory's STUN servers, started once per internet; none where there are none."""
    if not net.has_stun:
        net.has_stun = start_stun(net.host("stun", *STUN_HOSTS))
    if not net.has_stun:
        return ("--no-stun",)
    return "--stun", *(f"{host}:{STUN_PORT}" for host in STUN_HOSTS)
