"""Length-prefixed frames out of a byte stream, bounded (transport.md §4.1)."""

from wzp_core.errors import ErrorCode, RemoteViolation

LONGEST_FRAME = 1 << 20
_PREFIX = 4


def frame(payload: bytes) -> bytes:
    """What one signal stream carries. Raises RemoteViolation(TOO_LARGE)."""
    if len(payload) > LONGEST_FRAME:
        raise RemoteViolation(ErrorCode.TOO_LARGE, length=len(payload))
    return len(payload).to_bytes(_PREFIX, "big") + payload


class FrameReader:
    """Collects the one frame of a stream; never keeps more than the frame announces."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.received = 0  # bytes fed, kept or not

    def feed(self, data: bytes, end: bool) -> bytes | None:
        """The payload once it is complete; bytes after it are ignored.

        Raises RemoteViolation: TOO_LARGE, or MALFORMED_SIGNAL where the stream ends early.
        """
        self.received += len(data)
        self._buffer += data
        if len(self._buffer) >= _PREFIX:
            length = int.from_bytes(self._buffer[:_PREFIX], "big")
            if length > LONGEST_FRAME:
                raise RemoteViolation(ErrorCode.TOO_LARGE, length=length)
            if len(self._buffer) >= _PREFIX + length:
                return bytes(self._buffer[_PREFIX : _PREFIX + length])
        if end:
            raise RemoteViolation(ErrorCode.MALFORMED_SIGNAL, what="stream ended early", got=len(self._buffer))
        return None
