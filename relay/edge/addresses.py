"""Addresses as text: what a client is seen as, and what it shall call us."""

import ipaddress
import socket

from wzp_core.ports import Address

_ANYWHERE = ("8.8.8.8", 80)  # nothing is sent there (relay.md §2)


def address_text(address: Address) -> str:
    """`1.2.3.4:5` or `[2001:db8::1]:5`; a mapped IPv4 address is written as what it is."""
    host, port = address
    ip = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return f"[{ip}]:{port}" if ip.version == 6 else f"{ip}:{port}"


def advertised_text(configured: str | None, listening: Address, client: Address) -> str:
    """The relay's address for one client: as configured, else as bound, else the one this client's packets come to.

    The last is asked of the routing table and right for clients on several networks at once (relay.md §2 item 3).
    """
    if configured:
        return configured
    host, port = listening
    if not ipaddress.ip_address(host).is_unspecified:
        return address_text(listening)
    return address_text((_local_host_toward(client), port))


def public_text(configured: str, listening: Address) -> str:
    """As other relays most likely reach this one."""
    return advertised_text(configured, listening, _ANYWHERE)


def _local_host_toward(client: Address) -> str:
    family = socket.AF_INET6 if ":" in client[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(client)  # of a datagram socket: sends nothing
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
