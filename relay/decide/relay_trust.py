"""Which other relays are believed: whoever else gossips is a stranger."""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from relay.config import RelayConfig
from wzp_core.protocol.address import Address, numeric_address
from wzp_core.protocol.ids import TlsFingerprint


def plain_host(host: str) -> str:
    """Without scope, and an IPv4 address as what it is where a socket for both families shows it mapped."""
    ip = ip_address(host.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return str(ip)


def pinned_targets(config: RelayConfig) -> list[tuple[Address, TlsFingerprint | None]]:
    """Whom to probe, and which certificate a target that is a configured peer has to show."""
    pins = {numeric_address(peer.url): peer.fingerprint for peer in config.peers}
    return [(target, pins.get(target)) for target in config.probe]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayTrust:
    """A relay is known by its certificate, or by the host of a probe target: QUIC proves that it answers there."""

    certificates: Collection[TlsFingerprint] = ()
    hosts: Collection[str] = ()

    @classmethod
    def of(cls, config: RelayConfig) -> "RelayTrust":
        """A target that is also a configured peer has to show its certificate: to be at its address is not enough."""
        targets = pinned_targets(config)
        return cls(
            certificates={relay.fingerprint for relay in (*config.peers, *config.trusted)},
            hosts={plain_host(host) for (host, _), pin in targets if pin is None or config.federation_trust_hello},
        )

    def covers(self, address: Address, certificate: TlsFingerprint | None) -> bool:
        return certificate in self.certificates or plain_host(address[0]) in self.hosts
