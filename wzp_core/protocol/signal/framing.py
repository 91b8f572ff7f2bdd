"""Length-prefixed frames, one on each stream (transport.md §4.1)."""

from typing import Final

from wzp_core.errors import ErrorCode, RemoteViolation

LONGEST_FRAME: Final = 1 << 20

_PREFIX_BYTES: Final = 4


def frame(payload: bytes) -> bytes:
    """What one signal stream carries. Raises RemoteViolation(TOO_LARGE): only what a peer sent can have grown so."""
    if len(payload) > LONGEST_FRAME:
        raise RemoteViolation(ErrorCode.TOO_LARGE, what="signal", length=len(payload))
    return len(payload).to_bytes(_PREFIX_BYTES, "big") + payload


class FrameReader:
    """Puts one stream's frame together; holds no more than was announced and has come."""

    def __init__(self) -> None:
        self.received = 0
        """Bytes fed, whatever became of them."""
        self._length: int | None = None  # of the payload, once its prefix is here
        self._held = bytearray()
        self._is_done = False

    def feed(self, data: bytes, end: bool) -> bytes | None:
        """The payload, once it is complete; what follows it is ignored.

        Raises RemoteViolation: TOO_LARGE for more than 1 MiB, MALFORMED_SIGNAL where the stream ended early.
        """
        self.received += len(data)
        if self._is_done:
            return None
        if self._length is None:
            data = self._take_prefix(data)
        if self._length is not None:
            self._held += data[: self._length - len(self._held)]
            if len(self._held) == self._length:
                return self._finish()
        if end:
            raise self._refused(ErrorCode.MALFORMED_SIGNAL, wanted=self._length)
        return None

    def _take_prefix(self, data: bytes) -> bytes:
        """What is left of `data` behind the prefix."""
        missing = _PREFIX_BYTES - len(self._held)
        self._held += data[:missing]
        if len(self._held) == _PREFIX_BYTES:
            length = int.from_bytes(self._finish(), "big")
            if length > LONGEST_FRAME:
                raise self._refused(ErrorCode.TOO_LARGE, wanted=length)
            self._length, self._is_done = length, False
        return data[missing:]

    def _finish(self) -> bytes:
        held, self._held, self._is_done = bytes(self._held), bytearray(), True
        return held

    def _refused(self, code: ErrorCode, *, wanted: int | None) -> RemoteViolation:
        held = self._finish()
        return RemoteViolation(code, what="signal frame", wanted=wanted, held=len(held))
