"""A real UPnP IGD, NAT-PMP and PCP server in a laboratory router gives us a port, and packets come through it."""

import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lab.internet import Home, Internet
from tests.lab.namespaces import why_no_lab
from tests.lab.routers import Kind

_SERVER = shutil.which("miniupnpd") or "/usr/sbin/miniupnpd"
_REASON = why_no_lab() or ("" if Path(_SERVER).exists() else "miniupnpd is missing (Debian: miniupnpd-nftables)")
pytestmark = pytest.mark.skipif(bool(_REASON), reason=f"no network laboratory: {_REASON}")

_TABLE = """
table inet igd {
  chain pinholes { }
  chain redirects { }
  chain masquerades { }
  chain forward { type filter hook forward priority -1; policy accept; jump pinholes; }
  chain prerouting { type nat hook prerouting priority -100; jump redirects; }
  chain postrouting { type nat hook postrouting priority 99; jump masquerades; }
}
"""
_SETTINGS = """
ext_ifname=wan
listening_ip=lan
ext_ip={public}
enable_upnp={upnp}
enable_natpmp={natpmp}
secure_mode=yes
uuid=3b1d6d0a-1111-4222-8333-444455556666
upnp_table_name=igd
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
from wzp_core.io.portmap import PortMapper
from wzp_core.io.udp import bind_udp

async def main():
    loop = asyncio.get_running_loop()
    came = loop.create_future()
    udp = bind_udp(("0.0.0.0", 0), lambda data, address: came.set_result((data, address)))
    mapper = PortMapper()
    if sys.argv[1] == "Pcp":
        async def refuses(*_): raise OSError
        mapper._by_natpmp = refuses
    async with mapper.hold(udp.local_address[1]):
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


def _router(net: Internet, folder: Path, *, upnp: bool, natpmp: bool) -> Home:
    home = net.home(Kind.PORT_RESTRICTED)
    home.router.nft(_TABLE)
    home.router.nft("insert rule inet firewall forward ct status dnat accept")
    yes = {True: "yes", False: "no"}
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
