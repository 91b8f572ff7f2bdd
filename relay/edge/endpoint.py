"""What the relay needs of QUIC beyond the contract of clients."""

from dataclasses import replace
from typing import Protocol

from relay.observe.counters import Counters
from wzp_core.ports import Address, InboundLimits, Link
from wzp_core.protocol.ids import TlsFingerprint


class ServerLink(Link, Protocol):
    """An accepted link."""

    def lift_limits(self) -> None:
        """The peer is no client, and trusted: `limit_inbound` is not for it."""

    def send_build(self, build: bytes) -> None:
        """Answers SNI `version`: raw bytes on one unidirectional stream (transport.md §3)."""


class ServerEndpoint(Protocol):
    """A listening socket."""

    malformed_datagrams: int
    packets_refused: int

    @property
    def handshakes_refused(self) -> int: ...

    @property
    def local_address(self) -> Address: ...

    def limit_inbound(self, limits: InboundLimits) -> None: ...

    def accept_strangers(self, accept: bool) -> None:
        """Otherwise they get no answer."""

    async def all_heard(self, limit_s: float) -> None:
        """Returns when every peer has acknowledged all signals, or after `limit_s`."""

    async def accept(self) -> ServerLink: ...

    async def dial(
        self,
        address: Address,
        server_name: str,
        *,
        pin: TlsFingerprint | None = None,
        timeout_s: float = 10.0,
        show_certificate: bool = False,
    ) -> Link:
        """A link to another relay; raises as `Endpoint.dial`."""


def counted(counters: Counters, endpoint: ServerEndpoint) -> Counters:
    """A copy, with what the endpoint counts itself."""
    return replace(
        counters,
        malformed_datagrams=endpoint.malformed_datagrams,
        handshakes_refused=endpoint.handshakes_refused,
        packets_refused=endpoint.packets_refused,
    )
