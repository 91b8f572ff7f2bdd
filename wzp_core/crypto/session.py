"""Seals and opens the media packets of a call (e2e.md §3)."""

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from wzp_core.crypto.hkdf import hkdf
from wzp_core.crypto.replay import ReplayWindow
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.media.header import HEADER_BYTES, MediaPacket, decode_packet, encode_packet
from wzp_core.protocol.media.sequence import extend

EPOCH_PACKETS = 65_536
EPOCH_S = 600.0
OVERLAP_S = 5.0
"""How long packets of the epoch before are taken, and so the least time between two changes of path."""

_SEQUENCES = 1 << 16
_EPOCHS = 8  # three bits on the wire


class Direction(Enum):
    """Which way packets travel; each way has its own keys."""

    TO_CALLEE = 1
    TO_CALLER = 2


class _Epoch:
    """One key and what it has been used for."""

    __slots__ = ("_cipher", "_iv", "number", "root", "window")

    def __init__(self, root: bytes, direction: Direction, number: int) -> None:
        info = b"wzp-e2e-media-v1" + bytes([direction.value]) + number.to_bytes(4, "big")
        derived = hkdf(root, info, 32 + 12)
        self._cipher, self._iv = ChaCha20Poly1305(derived[:32]), int.from_bytes(derived[32:], "big")
        self.root, self.number, self.window = root, number, ReplayWindow()

    def seal(self, index: int, plaintext: bytes, associated: bytes) -> bytes:
        return self._cipher.encrypt(self._nonce(index), plaintext, associated)

    def open(self, index: int, sealed: bytes, associated: bytes) -> bytes | None:
        """None where this key did not seal that."""
        try:
            return self._cipher.decrypt(self._nonce(index), sealed, associated)
        except InvalidTag:
            return None

    def _nonce(self, index: int) -> bytes:
        return (self._iv ^ index).to_bytes(12, "big")


class Sealer:
    """One direction's sending end.

    A nonce cannot repeat: the index only ever grows, through every epoch, and each epoch has its own key.
    """

    def __init__(self, root: bytes, direction: Direction, *, now: float) -> None:
        self._root, self._direction = root, direction
        self._epoch = _Epoch(root, direction, 0)
        self._began, self._sealed = now, 0
        self._highest: int | None = None
        self._change_wanted = False

    def seal(self, packet: MediaPacket, now: float) -> bytes:
        """The datagram. Raises LocalMisuse where the packet's sequence number does not follow those before it."""
        if self._is_change_due(now):
            self._change_epoch(now)
        index = self._next_index(packet.header.sequence)
        header = replace(
            packet.header, sealed=True, epoch=self._epoch.number % _EPOCHS, has_report=packet.report is not None
        )
        clear = encode_packet(replace(packet, header=header, payload=b""))  # header and report
        self._highest, self._sealed = index, self._sealed + 1
        return clear[:HEADER_BYTES] + self._epoch.seal(index, packet.payload, clear) + clear[HEADER_BYTES:]

    def advance_epoch(self) -> None:
        """On a change of path: with the next packet, or 5 s after the last epoch began, so that the peer can follow."""
        self._change_wanted = True

    def adopt(self, root: bytes) -> None:
        """Takes a mixed root (`call_keys.mix_root`) for the next epoch, which begins as if the path had changed."""
        self._root = root
        self._change_wanted = True

    def _is_change_due(self, now: float) -> bool:
        age = now - self._began
        return self._sealed >= EPOCH_PACKETS or age >= EPOCH_S or (self._change_wanted and age >= OVERLAP_S)

    def _change_epoch(self, now: float) -> None:
        self._epoch = _Epoch(self._root, self._direction, self._epoch.number + 1)
        self._began, self._sealed, self._change_wanted = now, 0, False

    def _next_index(self, sequence: int) -> int:
        if self._highest is None:
            return sequence
        index = extend(sequence, self._highest)
        if index <= self._highest:
            raise LocalMisuse(ErrorCode.UNEXPECTED_INPUT, what="sequence number", sequence=sequence)
        return index


class Opener:
    """One direction's receiving end. Only a packet that opened changes anything here."""

    def __init__(self, root: bytes, direction: Direction) -> None:
        self._direction = direction
        self._roots: tuple[bytes, ...] = (root,)  # newest first, at most three
        self._current = _Epoch(root, direction, 0)
        self._previous: _Epoch | None = None
        self._changed_at = self._opened_at = float("-inf")
        self._highest: int | None = None
        self._later: dict[int, tuple[_Epoch, ...]] = {}  # keys the peer may use next; at most six numbers

    @property
    def root(self) -> bytes:
        """What the newest packet that opened was sealed under."""
        return self._current.root

    def open(self, datagram: bytes, now: float) -> MediaPacket:
        """The packet in clear.

        Raises RemoteViolation: MALFORMED_PACKET, CANNOT_OPEN (also for one in clear) or REPLAYED, which is said of
        the peer's own packets only. At most six keys and indices are tried.
        """
        packet = decode_packet(datagram)
        if not packet.header.sealed:
            raise RemoteViolation(ErrorCode.CANNOT_OPEN, why="not sealed")
        clear = datagram[:HEADER_BYTES] + datagram[HEADER_BYTES + len(packet.payload) :]  # header and report
        replayed = False
        for epoch in self._candidates(packet.header.epoch, now):
            for index in self._indices(packet.header.sequence):
                if (payload := epoch.open(index, packet.payload, clear)) is None:
                    continue
                if epoch.window.is_fresh(index):
                    self._opened(epoch, index, now)
                    return replace(packet, payload=payload)
                replayed = True
        raise RemoteViolation(ErrorCode.REPLAYED if replayed else ErrorCode.CANNOT_OPEN)

    def adopt(self, root: bytes) -> None:
        """Takes a mixed root for epochs to come.

        The old one, and one adopted in between, stay good until the first packet under a newer one.
        """
        if root not in self._roots:
            self._roots = (root, *self._roots[:-1][:1], self._roots[-1])
        self._later.clear()

    def _candidates(self, epoch_bits: int, now: float) -> tuple[_Epoch, ...]:
        """The keys a packet with these three bits may have been sealed with."""
        ahead = (epoch_bits - self._current.number) % _EPOCHS
        if ahead == 0:
            return (self._current,)
        if ahead == _EPOCHS - 1:  # the one before
            return (self._previous,) if self._previous and now - self._changed_at <= OVERLAP_S else ()
        # Several changes may have been lost with a dead path: after a silence any later epoch will do.
        if ahead == 1 or now - self._opened_at > OVERLAP_S:
            return self._later_epochs(self._current.number + ahead)
        return ()

    def _later_epochs(self, number: int) -> tuple[_Epoch, ...]:
        if number not in self._later:
            self._later[number] = tuple(_Epoch(root, self._direction, number) for root in self._roots)
        return self._later[number]

    def _indices(self, sequence: int) -> Iterator[int]:
        """Likely full indices of a 16-bit sequence number (RFC 3711 §3.3.1)."""
        if self._highest is None:  # the first packets may be lost, up to and over the first wrap
            yield sequence
            yield sequence + _SEQUENCES
        elif (index := extend(sequence, self._highest)) >= 0:
            yield index

    def _opened(self, epoch: _Epoch, index: int, now: float) -> None:
        epoch.window.mark(index)
        self._opened_at = now
        self._highest = index if self._highest is None else max(self._highest, index)
        if epoch.number > self._current.number:
            self._previous = self._current if epoch.number == self._current.number + 1 else None
            self._current, self._changed_at = epoch, now
            self._later.clear()
            self._roots = self._roots[: self._roots.index(epoch.root) + 1]
