"""Home routers and what each kind of NAT is to the kernel.

`masquerade` keeps a free port and lets in only whom the client has written to: a port-restricted cone.  The two wider
cones remember the clients' ports in a map and send unasked packets on; the symmetric kinds take another port for each
destination.  Every kind firewalls IPv6, and drops unasked packets rather than refusing them: a refusal would make
the router itself the owner of that flow and take the port from the client.
"""

from enum import Enum
from typing import Final

UDP_TIMEOUT_S: Final = 60
_SEQUENTIAL_PORTS: Final = 4096
_FIRST_SEQUENTIAL: Final = 40_000


class Kind(Enum):
    """What stands between a client and the internet."""

    OPEN = "open"
    FULL_CONE = "full cone"
    ADDRESS_RESTRICTED = "address-restricted"
    PORT_RESTRICTED = "port-restricted"
    SEQUENTIAL = "symmetric +1"
    SEQUENTIAL_2 = "symmetric +2"
    BUSY_SEQUENTIAL = "symmetric +1, busy"
    RANDOM = "symmetric random"
    UDP_BLOCKED = "UDP only to the relay"


_FIREWALL = """
table inet firewall {{
  chain forward {{
    type filter hook forward priority 0; policy drop;
    {block}
    ct state established,related accept
    iifname != "wan" accept
    {let_in}
  }}
  chain input {{
    type filter hook input priority 0; policy accept;
    ct state established,related accept
    iifname "wan" meta l4proto {{ tcp, udp }} drop
  }}
}}
"""

_PLAIN = """
table ip nat {{
  chain out {{
    type nat hook postrouting priority 100;
    {first}
    oifname "wan" masquerade
  }}
}}
"""

_CONE = """
table ip nat {{
  map inside {{
    type inet_service : ipv4_addr . inet_service
    flags dynamic,timeout
    timeout {seconds}s
  }}
  set asked {{
    type inet_service . ipv4_addr
    flags dynamic,timeout
    timeout {seconds}s
  }}
  chain note {{
    type filter hook forward priority 10;
    oifname "wan" meta l4proto udp update @inside {{ udp sport : ip saddr . udp sport }}
    oifname "wan" meta l4proto udp update @asked {{ udp sport . ip daddr }}
  }}
  chain out {{
    type nat hook postrouting priority 100;
    oifname "wan" masquerade
  }}
  chain in {{
    type nat hook prerouting priority -100;
    iifname "wan" meta l4proto udp {only} dnat ip to udp dport map @inside
  }}
}}
"""


def rules(kind: Kind, *, public: str, relays: tuple[str, ...]) -> str:
    """The whole nftables rule set of a router whose address to the internet is `public`."""
    cone = kind in (Kind.FULL_CONE, Kind.ADDRESS_RESTRICTED)
    let_in = "ct status dnat accept" if cone else ""
    block = ""
    if kind is Kind.UDP_BLOCKED:
        allowed = ", ".join(relays)
        block = f"ip daddr != {{ {allowed} }} ip saddr != {{ {allowed} }} meta l4proto udp drop"
    if kind is Kind.OPEN:
        return _FIREWALL.format(block="", let_in="accept")
    return _FIREWALL.format(block=block, let_in=let_in) + _nat(kind, public)


def _nat(kind: Kind, public: str) -> str:
    match kind:
        case Kind.FULL_CONE:
            return _CONE.format(seconds=UDP_TIMEOUT_S, only="")
        case Kind.ADDRESS_RESTRICTED:
            return _CONE.format(seconds=UDP_TIMEOUT_S, only="udp dport . ip saddr @asked")
        case Kind.RANDOM:
            return _PLAIN.format(first='oifname "wan" meta l4proto udp masquerade fully-random')
        case Kind.SEQUENTIAL | Kind.BUSY_SEQUENTIAL:
            return _PLAIN.format(first=_sequential(public, 1))
        case Kind.SEQUENTIAL_2:
            return _PLAIN.format(first=_sequential(public, 2))
        case _:
            return _PLAIN.format(first="")


def _sequential(public: str, step: int) -> str:
    # a map, since a bare numgen comes out in the wrong byte order: steps of 256
    ports = ", ".join(f"{i} : {_FIRST_SEQUENTIAL + i * step}" for i in range(_SEQUENTIAL_PORTS))
    return f'oifname "wan" meta l4proto udp snat to {public} : numgen inc mod {_SEQUENTIAL_PORTS} map {{ {ports} }}'
