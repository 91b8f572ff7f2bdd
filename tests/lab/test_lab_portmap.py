"""A real UPnP IGD, NAT-PMP and PCP server in a laboratory router gives us a port, and packets come through it."""

import json
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from tests.lab.internet import Home, Host, Internet
from tests.lab.namespaces import why_no_lab
from tests.lab.routers import Kind

_SERVER = shutil.which("miniupnpd") or "/usr/sbin/miniupnpd"
_REASON = why_no_lab() or ("" if Path(_SERVER).exists() else "miniupnpd is missing (Debian: miniupnpd-nftables)")
pytestmark = pytest.mark.skipif(bool(_REASON), reason=f"no network laboratory: {_REASON}")

_TABLE = """
table inet igd {
  chain redirects { }
  chain masquerades { }
  chain prerouting { type nat hook prerouting priority -100; jump redirects; }
  chain postrouting { type nat hook postrouting priority 99; jump masquerades; }
}
"""
# Where the firewall asks whom to let in: what another table accepts it would still drop.
_PINHOLES = """
add chain inet firewall pinholes
insert rule inet firewall forward iifname "wan" jump pinholes
"""
_SETTINGS = """
ext_ifname=wan
listening_ip=lan
ext_ip={public}
enable_upnp={upnp}
enable_natpmp={natpmp}
secure_mode=yes
uuid=3b1d6d0a-1111-4222-8333-444455556666
upnp_table_name=firewall
upnp_nat_table_name=igd
upnp_forward_chain=pinholes
upnp_nat_chain=redirects
upnp_nat_postrouting_chain=masquerades
min_lifetime=1
allow 1024-65535 0.0.0.0/0 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"""
# holds a port by one protocol, says what it got, waits for a packet through it, gives it back
_CLIENT = """
import asyncio, sys
from wzp_core.io.interfaces import Interfaces
from wzp_core.io.portmap import PortMapper
from wzp_core.io.udp import bind_udp

async def main():
    loop = asyncio.get_running_loop()
    came = loop.create_future()
    udp = bind_udp(("0.0.0.0", 0), lambda data, address: came.set_result((data, address)))
    mapper = PortMapper(Interfaces().addresses)
    if sys.argv[1] == "Pcp":
        async def refuses(*_): raise OSError
        mapper._port._ways = (refuses, *mapper._port._ways[1:])
    async with mapper.hold(lambda: (udp.local_address,)):
        async with asyncio.timeout(10):
            while mapper.current() is None:
                await asyncio.sleep(0.02)
        print(mapper.protocol, mapper.current(), flush=True)
        async with asyncio.timeout(5):
            print(*(await came)[1], flush=True)
    print("given back", mapper.current(), flush=True)
    udp.close()

asyncio.run(main())
"""


# Is told by datagrams from its friend, to whom it wrote first, when to hold a pinhole and when to give it back; says
# what came, from whomever.
_FIREWALLED_CLIENT = """
import asyncio, sys
from wzp_core.io.interfaces import Interfaces
from wzp_core.io.portmap import PortMapper
from wzp_core.io.udp import bind_udp

async def main():
    came = asyncio.Queue()
    udp = bind_udp(("::", 0), lambda data, _address: came.put_nowait(data.decode()))

    async def until(word):
        while True:
            async with asyncio.timeout(10):
                said = await came.get()
            print(said, flush=True)
            if said == word:
                return

    mapper = PortMapper(Interfaces().addresses)
    udp.send(b"hello", (sys.argv[1], int(sys.argv[2])))
    await until("hold")
    async with mapper.hold(lambda: (udp.local_address,)):
        async with asyncio.timeout(20):
            while mapper.pinhole is None:
                await asyncio.sleep(0.02)
        print("held by", mapper.pinhole, flush=True)
        await until("let go")
    print("given back", mapper.pinhole, flush=True)
    await until("end")
    udp.close()

asyncio.run(main())
"""

# says which port and which pinhole it has, each time both are others than before
_MOVING_CLIENT = """
import asyncio
from wzp_core.io.interfaces import Interfaces
from wzp_core.io.portmap import PortMapper
from wzp_core.io.udp import bind_udp

async def main():
    mapper = PortMapper(Interfaces().addresses)
    sockets = tuple(bind_udp((host, 0), print).local_address for host in ("0.0.0.0", "::"))
    async with Interfaces().watch(mapper.network_changed), mapper.hold(lambda: sockets):
        told = None
        while True:
            if mapper.pinhole and mapper.current() and (mapper.current(), mapper._pinholes[0].held.address[0]) != told:
                told = mapper.current(), mapper._pinholes[0].held.address[0]
                print(*told, flush=True)
            await asyncio.sleep(0.02)

asyncio.run(main())
"""


def _router(net: Internet, folder: Path, *, upnp: bool, natpmp: bool) -> Home:
    home = net.home(Kind.PORT_RESTRICTED)
    home.router.nft(_TABLE)
    home.router.nft(_PINHOLES)
    home.router.nft("insert rule inet firewall forward ct status dnat accept")
    yes = {True: "yes", False: "no"}
    if upnp:  # by IPv6 it answers PCP whatever the settings say
        home.router.nft("add rule inet firewall input meta nfproto ipv6 udp dport 5351 reject")
    settings = folder / "igd.conf"
    settings.write_text(_SETTINGS.format(public=home.public, upnp=yes[upnp], natpmp=yes[natpmp]), encoding="ascii")
    server = home.router.start(
        [_SERVER, "-d", "-f", settings, "-P", folder / "pid"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert server.stdout is not None
    for line in server.stdout:
        if ("HTTP listening" in line and not natpmp) or "Listening for NAT-PMP" in line:
            return home
    raise AssertionError("miniupnpd does not run")


@pytest.mark.parametrize("protocol", ["NatPmp", "Pcp", "UPnP"])
def test_a_port_of_the_router_leads_to_us_until_it_is_given_back(protocol: str, tmp_path: Path) -> None:
    with ExitStack() as lifetime:
        net = Internet(lifetime)
        home = _router(net, tmp_path, upnp=protocol == "UPnP", natpmp=protocol != "UPnP")
        client, outside = net.client(home), net.host("outside", "11.0.0.9")
        process = client.net.start(
            [sys.executable, "-c", _CLIENT, protocol], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stderr is not None
        got, address = (process.stdout.readline().split() or [process.stderr.read(), ""])[:2]
        assert got == protocol
        host, _, port = address.rpartition(":")
        assert host == home.public
        with outside.net.socket() as sender:
            sender.sendto(b"hello", (host, int(port)))
        assert process.stdout.readline().split()[0] == "11.0.0.9"
        assert process.stdout.readline().split() == ["given", "back", "None"]


def _by_the_link_local_router(client: Host, home: Home, device: str = "eth0", metric: int = 100) -> None:
    """As router advertisements have it."""
    (router,) = [
        address["local"]
        for link in json.loads(home.router.ip("-6 -j addr show dev lan scope link"))
        for address in link["addr_info"]
        if "local" in address
    ]
    client.net.ip(f"-6 route replace default via {router} dev {device} metric {metric}")


@pytest.mark.parametrize("protocol", ["Pcp", "UPnP"])
def test_the_ipv6_firewall_lets_strangers_in_while_a_pinhole_is_held_and_no_longer(
    protocol: str, tmp_path: Path
) -> None:
    with ExitStack() as lifetime:
        net = Internet(lifetime)
        home = _router(net, tmp_path, upnp=protocol == "UPnP", natpmp=protocol != "UPnP")
        client, outside = net.client(home, v6=True), net.host("outside", "11.0.0.9", v6="2a00:0:0:9::9")
        _by_the_link_local_router(client, home)
        friend = lifetime.enter_context(outside.net.socket(socket.AF_INET6))
        friend.bind(("2a00:0:0:9::9", 0))
        friend.settimeout(20)
        process = client.net.start(
            [sys.executable, "-c", _FIREWALLED_CLIENT, *friend.getsockname()[:2]],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        data, place = friend.recvfrom(100)
        assert (data, place[0]) == (b"hello", client.addresses[1])

        def says(*words: str) -> None:
            """Strangers first, each a new one; then the friend, whose word is not overtaken."""
            *strange, last = words
            for word in strange:
                with outside.net.socket(socket.AF_INET6) as stranger:
                    stranger.sendto(word.encode(), place)
            friend.sendto(last.encode(), place)

        def heard() -> str:
            return process.stdout.readline().strip() or process.stderr.read()

        says("too early", "hold")
        assert heard() == "hold"
        assert heard() == f"held by {protocol}"
        says("a call", "let go")
        assert (heard(), heard(), heard()) == ("a call", "let go", "given back None")
        says("too late", "end")
        assert heard() == "end"


def test_in_another_network_its_router_is_asked(tmp_path: Path) -> None:
    with ExitStack() as lifetime:
        net = Internet(lifetime)
        folders = [tmp_path / "first", tmp_path / "second"]
        for folder in folders:
            folder.mkdir()
        first, second = (_router(net, folder, upnp=False, natpmp=True) for folder in folders)
        client = net.client(first, v6=True)
        _by_the_link_local_router(client, first)
        device = net.uplink(client, second, v6=True)
        _by_the_link_local_router(client, second, device, 200)
        process = client.net.start(
            [sys.executable, "-c", _MOVING_CLIENT], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stderr is not None
        for home, address6 in ((first, client.addresses[1]), (second, client.addresses[3])):
            mapped, pinhole = process.stdout.readline().split() or [process.stderr.read(), ""]
            assert (mapped.rpartition(":")[0], pinhole) == (home.public, address6)
            opened = home.router.run("nft", "list", "chain", "inet", "firewall", "pinholes")
            assert opened.count(IPv6Address(address6).packed.hex()) == 1
            client.net.ip("link set eth0 down")


_MANY_ADDRESSES = """
import asyncio
from wzp_core.io.interfaces import Interfaces
from wzp_core.io.portmap import PortMapper
from wzp_core.io.udp import bind_udp

async def main():
    mapper = PortMapper(Interfaces().addresses)
    udp = bind_udp(("::", 0), print)
    async with mapper.hold(lambda: (udp.local_address,)):
        async with asyncio.timeout(20):
            while not all(lease.held for lease in mapper._pinholes):
                await asyncio.sleep(0.02)
        print(*(lease.held.address[0] for lease in mapper._pinholes), flush=True)
        input()
    print("given back", flush=True)

asyncio.run(main())
"""


def test_each_of_three_ipv6_addresses_has_its_pinhole_until_the_end(tmp_path: Path) -> None:
    with ExitStack() as lifetime:
        net = Internet(lifetime)
        home = _router(net, tmp_path, upnp=False, natpmp=True)
        client = net.client(home, v6=True)
        for number in ("a", "b", "c"):
            client.net.ip(f"addr add {home.lan6}::{number}/64 dev eth0 nodad")
        _by_the_link_local_router(client, home)
        process = client.net.start(
            [sys.executable, "-c", _MANY_ADDRESSES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        held = process.stdout.readline().split()
        assert len(held) == 3, process.stderr.read()

        def opened(address: str) -> bool:
            chain = home.router.run("nft", "list", "chain", "inet", "firewall", "pinholes")
            return IPv6Address(address).packed.hex() in chain

        assert all(map(opened, held))
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "given back\n"
        assert not any(map(opened, held))
