"""Which kind of router is in the way, told by what several servers saw of one socket (calls.md §7.1)."""

from enum import Enum
from ipaddress import ip_address, ip_network
from typing import Final

from wzp_core.protocol.address import Address

_CARRIER: Final = ip_network("100.64.0.0/10")
_UNROUTED: Final = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))  # ip_address.is_private has more
)


class NatType(Enum):
    CONE = "Cone"  # one outside address for all destinations, or none in the way at all
    SYMMETRIC = "SymmetricPort"  # another port for each destination
    MULTIPLE = "Multiple"  # several outside addresses
    UNKNOWN = "Unknown"


def is_outside(host: str) -> bool:
    """Whether the internet could see a host by that address."""
    ip = ip_address(host)
    inside = ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast
    return not (inside or ip in _CARRIER or any(ip in network for network in _UNROUTED))


def nat_type_of(seen: tuple[Address, ...]) -> tuple[NatType, Address | None]:
    """The kind, and the address on which all agree."""
    outside = [address for address in seen if is_outside(address[0])]
    if len(outside) < 2:
        return NatType.UNKNOWN, None
    if len({host for host, _ in outside}) > 1:
        return NatType.MULTIPLE, None
    if len({port for _, port in outside}) > 1:
        return NatType.SYMMETRIC, None
    return NatType.CONE, outside[0]
