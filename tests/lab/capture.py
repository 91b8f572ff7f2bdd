"""What leaves a namespace: the addresses to which its packets go, and the ports they come from."""

import ipaddress
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.internet import Host

_EVERY_PROTOCOL = 3
_UDP = 17
_QUANTUM_S = 0.2


class Capture:
    def __init__(self) -> None:
        self.packets_to: Counter[str] = Counter()
        self.udp_ports: Counter[int] = Counter()  # of our own IPv4 sockets

    def note(self, packet: bytes) -> None:
        if packet[0] >> 4 == 6:
            self.packets_to[str(ipaddress.IPv6Address(packet[24:40]))] += 1
            return
        self.packets_to[str(ipaddress.IPv4Address(packet[16:20]))] += 1
        if packet[9] == _UDP:
            at = (packet[0] & 15) * 4
            self.udp_ports[int.from_bytes(packet[at : at + 2], "big")] += 1

    def strangers(self, *allowed: str) -> set[str]:
        """Whom packets went to besides those allowed and the link's own multicast."""
        return {to for to in self.packets_to if to not in allowed and not ipaddress.ip_address(to).is_multicast}


@contextmanager
def captured(host: Host) -> Iterator[Capture]:
    """Of all IP packets that the host sends within the block."""
    capture, over = Capture(), threading.Event()
    sock = host.net.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERY_PROTOCOL))
    sock.settimeout(_QUANTUM_S)

    def listen() -> None:
        while not over.is_set():
            try:
                packet, source = sock.recvfrom(65_535)
            except TimeoutError:
                continue
            if source[2] == socket.PACKET_OUTGOING and source[1] in (0x0800, 0x86DD) and source[0] != "lo":  # type: ignore[attr-defined]
                capture.note(packet)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield capture
    finally:
        over.set()
        thread.join()
        sock.close()
