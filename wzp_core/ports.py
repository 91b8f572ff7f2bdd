"""What the engine and the relay need of the world: links, sound, storage."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from wzp_core.limits import Rate
from wzp_core.protocol.address import Address as Address
from wzp_core.protocol.ids import Fingerprint, TlsFingerprint
from wzp_core.protocol.signal.base import SignalMessage

if TYPE_CHECKING:  # the relay has no use for it and need not have it
    import numpy as np
    import numpy.typing as npt

    Samples: TypeAlias = npt.NDArray[np.int16]
else:
    Samples = object  # a type, since annotations elsewhere are read where they stand
"""Mono, 48 kHz."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStats:
    """One connection's path, as its own QUIC stack sees it; totals since connect."""

    rtt_ms: float = 0.0
    first_kbit_s: float = math.inf  # about what its first packets, which are long, got through; inf: fast enough
    sent_packets: int = 0
    lost_packets: int = 0
    silent_s: float = 0.0  # since anything came, while something waits for its acknowledgement
    unanswered: int = 0  # packets sent since anything came
    media_sent: int = 0
    media_received: int = 0
    media_dropped: int = 0  # stale, oversized or over the queue's bound
    signals_received: int = 0
    signals_refused: int = 0  # unknown or malformed, skipped
    unheard_bytes: int = 0  # of signals, not yet acknowledged


class Link(Protocol):
    """One QUIC connection: signals on reliable streams, media in datagrams."""

    @property
    def server_name(self) -> str:
        """SNI the dialler asked for: says what the connection is for (transport.md §3)."""

    @property
    def remote_address(self) -> Address: ...

    @property
    def peer_certificate(self) -> TlsFingerprint | None:
        """Fingerprint of the certificate whose key the peer has proved to hold; None where it showed none."""

    @property
    def closed(self) -> bool: ...

    def send_signal(self, message: SignalMessage) -> None:
        """Queues one signal on a stream of its own; never blocks.

        Raises Unavailable(LINK_CLOSED) on a closed link and Unavailable(LIMIT) where the peer reads too slowly.
        """

    async def receive_signal(self) -> SignalMessage:
        """The next known signal, in stream order; unknown and malformed ones are counted and skipped.

        Raises Unavailable(LINK_CLOSED) once the link has ended and all signals were read.
        """

    def send_media(self, datagram: bytes) -> bool:
        """Queues one datagram (at most 1170 bytes), dropping the oldest where the queue is full; False = not sent."""

    def on_media(self, handler: Callable[[bytes], None]) -> None:
        """Calls `handler` with every datagram from now on, on the loop; a few that came before come first."""

    def send_build(self, build: bytes) -> None:
        """Answers server name `version`: at most 256 raw bytes on a stream of their own (transport.md §3)."""

    async def receive_build(self) -> bytes:
        """What the peer sent by `send_build`; raises Unavailable(LINK_CLOSED)."""

    def stats(self) -> LinkStats: ...

    def probe(self) -> None:
        """Sends something that the peer must acknowledge, so that `silent_s` tells whether it is still there."""

    def close(self, reason: str = "normal close") -> None: ...

    async def wait_closed(self) -> str:
        """Returns the reason once the link has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundLimits:
    """What those who dial an endpoint may cost it. `each`: every IPv4 address, or IPv6 /64."""

    handshakes: Rate = Rate(per_s=150.0, burst=500.0)
    handshakes_each: Rate = Rate(per_s=50.0, burst=250.0)
    packets: Rate = Rate(per_s=500.0, burst=1000.0)  # of one link, and as many as were sent to it; more are lost
    packets_each: Rate = Rate(per_s=5000.0, burst=10_000.0)
    signal_bytes: Rate = Rate(per_s=65_536.0, burst=2_097_152.0)  # of one link, which is closed beyond


class UdpPort(Protocol):
    """One UDP socket of an endpoint."""

    @property
    def local_address(self) -> Address: ...

    def send_raw(self, data: bytes, address: Address) -> None: ...


RawHandler: TypeAlias = Callable[[bytes, Address, UdpPort], bool]
"""One datagram that is no QUIC, from whom and on which socket; True where it was for this handler."""


class Endpoint(Protocol):
    """A UDP socket, or one for each address family, that listens, dials and carries probes."""

    @property
    def local_address(self) -> Address: ...

    @property
    def local_addresses(self) -> tuple[Address, ...]:
        """Of the main sockets, IPv4 first where there are two."""

    @property
    def own_certificate(self) -> TlsFingerprint | None:
        """What those who dial this endpoint are shown; None where nobody can."""

    def on_raw(self, handler: RawHandler) -> Callable[[], None]:
        """Shows `handler` what is no QUIC (first two bits 00: STUN, probes); returns how to stop that."""

    def send_raw(self, data: bytes, address: Address) -> None:
        """From the main socket of the address's family; dropped where there is none."""

    def accept_strangers(self, accept: bool) -> None:
        """Otherwise those who dial or write to this endpoint unasked get no answer, by which they would know of it."""

    def vouch(self, address: Address) -> None:
        """It has shown that it hears us: a handshake of its may begin at once."""

    def more_ports(self, count: int) -> AbstractContextManager[tuple[UdpPort, ...]]:
        """Further IPv4 sockets that can do all that a main one can; as many as the system grants.

        Those that carry a link at the end of the block stay open as long as the link.
        """

    def network_changed(self) -> None:
        """This machine's addresses are others now: every link has to show its peer the new one."""

    async def dial(
        self,
        address: Address,
        server_name: str,
        *,
        pin: TlsFingerprint | None = None,
        timeout_s: float = 10.0,
        via: UdpPort | None = None,
        show_certificate: bool = False,
    ) -> Link:
        """A connected link, from the main socket of the family or from `via`.

        `show_certificate`: our own, if the peer asks for one.
        Raises Unavailable(UNREACHABLE) and RemoteViolation(RELAY_KEY_CHANGED, expected, got), the latter before
        anything was sent, where the peer's certificate is not the pinned one.
        """

    async def accept(self) -> Link:
        """The next inbound link whose handshake is complete."""


class NetworkMonitor(Protocol):
    """This machine's network interfaces."""

    def addresses(self) -> tuple[str, ...]:
        """Numeric, of both families, without scope ids."""

    def watch(self, changed: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        """Calls `changed` on the loop after addresses or routes changed, and after the machine slept."""


class PortMapping(Protocol):
    """What a router does for our ports: forwards one of its own by IPv4, and lets in what is sent to us by IPv6."""

    @property
    def protocol(self) -> str | None:
        """`NatPmp`, `Pcp` or `UPnP`, by which a port is forwarded now."""

    def current(self) -> str | None:
        """`ip:port`; None while there is none, and where the router is behind another one."""

    def current_inside(self) -> str | None:
        """`ip:port` where the router is behind another one: of use to those who are behind that one too."""

    @property
    def pinhole(self) -> str | None:
        """`Pcp` or `UPnP`, by which the IPv6 firewall lets in now whoever sends to our global address."""

    def network_changed(self) -> None:
        """There may be another router now, which knows nothing of us."""

    def hold(self, sockets: Callable[[], tuple[Address, ...]]) -> AbstractAsyncContextManager[None]:
        """Asks for the ports of these, one of each family, renews them, and gives them back at the end of the block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundStats:
    """What a listener may have heard as a click or a gap; totals since the device was opened."""

    capture_overflows: int = 0  # times captured samples were overwritten because nobody read them
    playback_underruns: int = 0  # callbacks that had to play silence
    device_xruns: int = 0  # as the sound system itself reports them

    def __add__(self, other: SoundStats) -> SoundStats:
        return SoundStats(
            capture_overflows=self.capture_overflows + other.capture_overflows,
            playback_underruns=self.playback_underruns + other.playback_underruns,
            device_xruns=self.device_xruns + other.device_xruns,
        )


class AudioDevice(Protocol):
    """An open microphone and speaker; nothing here blocks."""

    def read(self, count: int) -> Samples | None:
        """The oldest `count` captured samples, or None until so many are there."""

    def wanted(self) -> int:
        """How many samples playback can take now without growing its delay."""

    def write(self, samples: Samples) -> None: ...

    async def ready(self) -> None:
        """Returns when there may be something to read or room to write.

        Raises Unavailable(NO_DEVICE) if it died, or where opening again would be better: a missing side is back.
        """

    def delay_ms(self) -> tuple[float | None, float | None]:
        """Capture and playback delay inside device and ring; None for a side that is missing and is silence."""

    def stats(self) -> SoundStats: ...


class AudioSystem(Protocol):
    """The sound devices of the machine."""

    async def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Inputs and outputs."""

    def open(self, input_name: str, output_name: str) -> AbstractAsyncContextManager[AudioDevice]:
        """Opens both; empty names mean the system's choice. Raises Unavailable(NO_DEVICE) where both are missing."""


class Recording(Protocol):
    """A file of several tracks being written."""

    @property
    def path(self) -> str: ...

    async def write(self, tracks: Sequence[Samples]) -> None:
        """Appends to every track, equally long. Raises Unavailable(CANNOT_RECORD)."""


class Recordings(Protocol):
    """Where recordings for finding faults go."""

    @property
    def folder(self) -> str: ...

    def open(self, tracks: int) -> AbstractAsyncContextManager[Recording]:
        """A new file, complete at the end of the block. Raises Unavailable(CANNOT_RECORD)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What is remembered about one fingerprint."""

    fingerprint: Fingerprint
    alias: str = ""
    verified: bool = False  # the user confirmed the spoken code
    mismatched: bool = False  # the user heard a different code
    end_to_end: bool = False  # has been end-to-end capable once
    last_seen_unix: int = 0
    volume_percent: int = 100  # at which we hear it


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One call that was."""

    call_id: str
    fingerprint: Fingerprint
    alias: str
    direction: str  # placed, received, missed, declined
    started_unix: int
    duration_s: int = 0


class PhoneBook(Protocol):
    """Contacts and history that survive a restart."""

    async def contacts(self) -> tuple[Contact, ...]: ...
    async def save_contact(self, contact: Contact) -> None: ...
    async def history(self, limit: int = 50) -> tuple[HistoryEntry, ...]:
        """Newest first."""

    async def save_history(self, entry: HistoryEntry) -> None:
        """Adds the entry, or replaces the one with its call id; at most 200 are kept."""

    async def clear_history(self) -> None: ...


class RelayTrust(Protocol):
    """Trust on first use of relays' certificates, by address."""

    async def known(self, address: str) -> TlsFingerprint | None: ...
    async def remember(self, address: str, fingerprint: TlsFingerprint) -> None: ...
