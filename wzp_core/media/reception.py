"""What of one sender's packets comes by itself, whatever is rebuilt or repeated later (RFC 3550 §6.4.1, A.3)."""

from typing import Final

from wzp_core.protocol.media.sequence import extend

_FAR: Final = 1000  # a sender that jumps so far has begun anew
_WINDOW: Final = 128  # a packet later than that is not counted as received any more

_ALL: Final = (1 << _WINDOW) - 1


class Reception:
    """One stream's; `expected` - `received` are lost, in `gaps` runs."""

    def __init__(self) -> None:
        self.expected = self.received = self.gaps = 0
        self._highest: int | None = None
        self._seen = _ALL  # bit k: `highest - k` was here, or comes before the first

    def resume(self, sequence: int) -> None:
        """The packets missing before this one were never on their way to us."""
        if self._highest is not None and (first := extend(sequence, self._highest)) > self._highest:
            self._highest, self._seen = first - 1, _ALL

    def note(self, sequence: int, numbers: int = 1) -> None:
        """A packet that takes `numbers` sequence numbers, as a bundle does."""
        first = extend(sequence, self._highest) if self._highest is not None else sequence
        ahead = first - self._highest if self._highest is not None else 1
        if abs(ahead) > _FAR:
            self._highest, self._seen, ahead = first - 1, _ALL, 1
        if ahead <= 0:
            self._note_late(-ahead, numbers)
            return
        self.gaps += ahead > 1
        self.expected += ahead - 1 + numbers
        self.received += numbers
        self._highest = first + numbers - 1
        self._seen = ((self._seen << min(ahead - 1 + numbers, _WINDOW)) | ((1 << numbers) - 1)) & _ALL

    def _note_late(self, back: int, numbers: int) -> None:
        if back >= _WINDOW:
            return
        last = max(0, back - numbers + 1)
        bits = ((1 << (back - last + 1)) - 1) << last & ~self._seen
        self.received += bits.bit_count()
        self._seen |= bits
