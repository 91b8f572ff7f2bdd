"""Addresses of a call's parties, and which of the peer's are worth trying (calls.md §4, §6.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from wzp_core.protocol.address import Address, address_text, numeric_address

_MOST_ADDRESSES = 16
_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"))
) + tuple(map(ip_network, ("fc00::/7", "fe80::/10", "::1/128")))
_GLOBAL_IPV6 = ip_network("2000::/3")
_UNIQUE_LOCAL = ip_network("fc00::/7")


@dataclass(frozen=True, slots=True)
class Candidates:
    """What one party says about itself, as texts: `1.2.3.4:5` or `[v6]:5`."""

    reflexive: str | None = None
    hosts: tuple[str, ...] = ()
    mapped: str | None = None


def is_private(host: str) -> bool:
    """Whether a numeric address means something in one network only, so that it says nothing about the outside."""
    return any(ip_address(host) in network for network in _PRIVATE)


def host_candidates(addresses: tuple[str, ...], *, port4: int, port6: int | None) -> tuple[str, ...]:
    """Our interfaces' addresses that another machine may reach: private IPv4, and IPv6 where a socket has it."""
    found: dict[str, None] = {}
    for text in addresses:
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            continue
        if isinstance(address, IPv4Address):
            if _is_usable(address) and is_private(str(address)):
                found[address_text((str(address), port4))] = None
        elif port6 is not None and (address in _GLOBAL_IPV6 or address in _UNIQUE_LOCAL):
            found[address_text((str(address), port6))] = None
    return tuple(found)[:_MOST_ADDRESSES]


def dial_order(own: Candidates, peer: Candidates) -> tuple[Address, ...]:
    """The peer's addresses worth trying: hosts, mapped, reflexive, each once.

    Addresses of its own network only where that may be ours too: elsewhere they would be some stranger's.
    """
    near = _may_be_one_network(own.reflexive, peer.reflexive)
    hosts = [address for address in _parsed(peer.hosts) if near or not is_private(address[0])]
    mapped = [address for address in _parsed((peer.mapped,)) if near or not is_private(address[0])]
    reflexive = _parsed((peer.reflexive,))
    # Hosts are the peer's to make up and must not crowd out the rest.
    room = _MOST_ADDRESSES - len(mapped) - len(reflexive)
    return tuple(dict.fromkeys([*hosts[:room], *mapped, *reflexive]))


def _may_be_one_network(own: str | None, peer: str | None) -> bool:
    """Behind one public address, or where one of us is seen under a private one: then the relay is within a network."""
    seen = [numeric_address(text) if text else None for text in (own, peer)]
    hosts = [address[0] for address in seen if address]
    return any(map(is_private, hosts)) or (len(hosts) == 2 and hosts[0] == hosts[1])


def _parsed(texts: Iterable[str | None]) -> list[Address]:
    found = [numeric_address(text) for text in texts if text]
    return [address for address in found if address and _is_usable(ip_address(address[0]))]


def _is_usable(address: IPv4Address | IPv6Address) -> bool:
    """One machine and not our own. Link-local addresses need an interface, and IPv4 in IPv6 would hide what it is."""
    if isinstance(address, IPv6Address):
        return address in _GLOBAL_IPV6 or address in _UNIQUE_LOCAL
    return not (
        address.is_loopback
        or address.is_unspecified
        or address.is_multicast
        or address.is_reserved
        or address.is_link_local
        or address in ip_network("0.0.0.0/8")
    )
