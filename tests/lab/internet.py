"""The laboratory's internet: public hosts, homes behind routers, one delay for all, paths that can be cut.

Addresses are of ranges that programs take for public (documentation ranges count as private); no packet leaves here.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.impairer import Weather
from tests.lab.namespaces import Net
from tests.lab.routers import UDP_TIMEOUT_S, Kind, rules

RELAY_HOST = "11.0.0.1"
RELAY_HOST_6 = "2a00:0:0:1::1"
_IMPAIRER = Path(__file__).with_name("impairer.py")
_THROUGH_IMPAIRER = 100  # the routing table that leads there
_GATEWAY = "10.254.0.1"
_CUTS = "table inet cuts { chain forward { type filter hook forward priority 0; policy accept; }\n}\n"


@dataclass
class Host:
    """Where programs run: a public host, or a client in a home."""

    net: Net
    addresses: list[str]  # IPv4 first; of a client: those of its own interfaces
    uplinks: int = 0


@dataclass
class Home:
    """A router and its LAN."""

    router: Net
    kind: Kind
    public: str
    public6: str
    lan: str  # 192.168.7
    lan6: str  # 2a00:0:7:1
    wire: str = ""  # the internet's end of its line
    gateway_taken: int = 1
    clients: list[Host] = field(default_factory=list)

    def plug(self, net: Net, device: str) -> tuple[str, str]:
        """A cable from a new port of the LAN; the addresses for its far end."""
        self.gateway_taken += 1
        port = f"p{self.gateway_taken}"
        self.router.wire(port, self.gateway_taken, net, device)
        self.router.up(port, "master lan")
        net.up(device)
        return f"{self.lan}.{self.gateway_taken}", f"{self.lan6}::{self.gateway_taken:x}"


class Internet:
    """Routes between wires, each packet once through the impairer."""

    def __init__(self, lifetime: ExitStack, *, rtt_ms: float = 50.0, loss_percent: float = 0.0, seed: int = 1) -> None:
        self._lifetime = lifetime
        self.has_stun = False
        self._wires = self._homes = 0
        self.net = Net("internet", lifetime)
        self._forward(self.net)
        self.net.nft(_CUTS)
        self._seed = seed
        self._bad_line(Weather(delay_ms=rtt_ms / 2, loss=loss_percent / 100), "slow", _THROUGH_IMPAIRER)

    def access_line(self, home: Home, *, up: Weather, down: Weather) -> "AccessLine":
        """From now on all IPv4 packets of this home take this line too, to the internet and from it."""
        table = _THROUGH_IMPAIRER + 2 * self._homes
        one, other = (
            self._bad_line(each, name, table + i) for i, (each, name) in enumerate(((up, "out"), (down, "in")))
        )
        self.net.ip(f"rule add prio 900 from {home.public} iif {home.wire} lookup {table}")
        self.net.ip(f"rule add prio 900 to {home.public} iif slow lookup {table + 1}")
        self.net.ip(f"rule add prio 1000 iif out lookup {_THROUGH_IMPAIRER}")
        return AccessLine(self.net, one, other)

    def host(self, name: str, *addresses: str, v6: str = "") -> Host:
        net = Net(name, self._lifetime)
        self._attach(net, addresses, v6)
        return Host(net, [*addresses, *([v6] if v6 else [])])

    def home(self, kind: Kind, *, behind: Home | None = None, carrier: bool = False) -> Home:
        """A router on the internet, or in another's LAN: a double NAT, of which the outer half is a carrier's."""
        self._homes += 1
        number = self._homes
        router = Net(f"home{number}", self._lifetime)
        self._forward(router)
        for key in ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"):
            router.sysctl(f"netfilter/{key}", UDP_TIMEOUT_S)
        lan = f"11.2.{number}" if kind is Kind.OPEN else f"100.64.{number}" if carrier else f"192.168.{number}"
        lan6 = f"2a00:0:{number:x}:1"
        router.ip("link add lan type bridge")
        router.up("lan")
        router.ip(f"addr add {lan}.1/24 dev lan")
        router.ip(f"addr add {lan6}::1/64 dev lan nodad")
        if behind is None:
            public, public6 = f"11.1.0.{number}", f"2a00:0:0:2::{number:x}"
            wire = self._attach(router, [public], public6)
            self.net.ip(f"-6 route add {lan6}::/64 via {public6} dev {wire}")
            if kind is Kind.OPEN:
                self.net.ip(f"route add {lan}.0/24 via {public} dev {wire}")
        else:  # of double NATs only the IPv4 half is laid
            wire = ""
            public, public6 = behind.plug(router, "wan")
            router.ip(f"addr add {public}/24 dev wan")
            router.ip(f"route add default via {behind.lan}.1")
        router.nft(rules(kind, public=public, relays=(RELAY_HOST,)))
        return Home(router, kind, public, public6, lan, lan6, wire)

    def client(self, home: Home, *, v4: bool = True, v6: bool = False) -> Host:
        net = Net(f"client of {home.router.name}", self._lifetime)
        client = Host(net, [])
        self.uplink(client, home, v4=v4, v6=v6)
        return client

    def uplink(self, client: Host, home: Home, *, v4: bool = True, v6: bool = False) -> str:
        """One more way out, used when those before it are gone; the name of its interface."""
        device = f"eth{client.uplinks}"
        client.uplinks += 1
        address4, address6 = home.plug(client.net, device)
        metric = 100 * client.uplinks
        if v4:
            client.net.ip(f"addr add {address4}/24 dev {device}")
            client.net.ip(f"route add default via {home.lan}.1 dev {device} metric {metric}")
            client.addresses.append(address4)
        if v6:
            client.net.ip(f"addr add {address6}/64 dev {device} nodad")
            client.net.ip(f"-6 route add default via {home.lan6}::1 dev {device} metric {metric}")
            client.addresses.append(address6)
        home.clients.append(client)
        return device

    def cut(self, one: str, other: str) -> None:
        """No packet passes between these two IPv4 addresses, as seen on the internet, until `mend`."""
        for source, target in ((one, other), (other, one)):
            self.net.nft(f"add rule inet cuts forward ip saddr {source} ip daddr {target} drop")

    def mend(self) -> None:
        self.net.nft("flush chain inet cuts forward")

    def _bad_line(self, weather: Weather, name: str, table: int) -> "subprocess.Popen[str]":
        """A device, and whoever looks up this table goes through it."""
        self.net.ip(f"tuntap add dev {name} mode tun")
        process = self.net.start(
            [sys.executable, "-S", _IMPAIRER, name, self._seed, weather.json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise OSError("the impairer does not run")
        self.net.ip(f"link set {name} up")
        for family in ("-4", "-6"):
            self.net.ip(f"{family} route add default dev {name} table {table}")
        return process

    def _attach(self, net: Net, addresses: "tuple[str, ...] | list[str]", v6: str) -> str:
        self._wires += 1
        wire = f"w{self._wires}"
        self.net.wire(wire, self._wires, net, "wan")
        self.net.up(wire)
        net.up("wan")
        self.net.ip(f"addr add {_GATEWAY}/32 dev {wire}")
        self.net.ip(f"addr add fe80::1/64 dev {wire} nodad")
        for address in addresses:
            net.ip(f"addr add {address}/32 dev wan")
            self.net.ip(f"route add {address}/32 dev {wire}")
        net.ip(f"route add default via {_GATEWAY} dev wan onlink")
        if v6:
            net.ip(f"addr add {v6}/128 dev wan nodad")
            net.ip("-6 route add default via fe80::1 dev wan")
            self.net.ip(f"-6 route add {v6}/128 dev {wire}")
        for family in ("-4", "-6"):
            self.net.ip(f"{family} rule add prio 1000 iif {wire} lookup {_THROUGH_IMPAIRER}")
        return wire

    @staticmethod
    def _forward(net: Net) -> None:
        net.sysctl("ipv4/ip_forward", 1)
        net.sysctl("ipv4/conf/all/rp_filter", 0)
        net.sysctl("ipv4/conf/default/rp_filter", 0)
        net.sysctl("ipv6/conf/all/forwarding", 1)


@dataclass
class AccessLine:
    """What one home's packets pass, each way."""

    _net: Net
    _up: "subprocess.Popen[str]"
    _down: "subprocess.Popen[str]"

    def change(self, *, up: Weather, down: Weather) -> None:
        for process, weather in ((self._up, up), (self._down, down)):
            assert process.stdin is not None
            process.stdin.write(weather.json() + "\n")
            process.stdin.flush()

    def most(self, size: int) -> None:
        """Bigger packets are refused as routers do, with an ICMP error."""
        for name in ("out", "in"):
            self._net.ip(f"link set {name} mtu {size}")

    def sent(self) -> tuple[int, int]:
        """Bytes so far, to the internet and to the home, before anything was lost."""
        found = [json.loads(self._net.ip(f"-s -j link show dev {name}"))[0]["stats64"] for name in ("out", "in")]
        return found[0]["tx"]["bytes"], found[1]["tx"]["bytes"]


@contextmanager
def internet(*, rtt_ms: float = 50.0, loss_percent: float = 0.0, seed: int = 1) -> Iterator[Internet]:
    with ExitStack() as lifetime:
        yield Internet(lifetime, rtt_ms=rtt_ms, loss_percent=loss_percent, seed=seed)
