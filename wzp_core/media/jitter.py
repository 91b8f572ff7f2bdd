"""One stream's packets in order, each at most once, held until they are due (media.md §8)."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeAlias, TypeVar

from wzp_core.dsp.frame import FRAME_MS
from wzp_core.media.pace import Pace, Pacing
from wzp_core.media.playout import TargetDelay
from wzp_core.protocol.media.sequence import extend

T = TypeVar("T")

MOST_HELD: Final = 100  # packets: 2 s

_FAR: Final = 100  # sequence numbers: beyond it the sender may have started anew
_SEEN: Final = 128
_LONGEST_PAUSE_MS: Final = 10_000  # a sender that suppresses silence jumps ahead in its timestamps
_LONGEST_PACKET_MS: Final = 120
_SMOOTHING: Final = 0.1
_FILL_MS: Final = FRAME_MS // 2  # the shortest guess every codec makes well
_FADED_MS: Final = 160.0  # of waiting in a row: from here on a pause is no worse for being longer
_HURRY_MS: Final = 100.0  # this much too late, what was lost is no longer worth its time
_JUMP_MS: Final = 400.0  # and this much, time is won by leaving audio out


class Pushed(Enum):
    """What became of a packet."""

    QUEUED = "queued"
    DUPLICATE = "duplicate"
    LATE = "late"
    RESET = "reset"  # queued, as the first of a new sequence


@dataclass(frozen=True, slots=True)
class Play(Generic[T]):
    """The next packet is due."""

    packet: T
    pace: Pace = Pace.NORMAL


@dataclass(frozen=True, slots=True)
class Missing(Generic[T]):
    """The next packet is due and not here; `later` comes `distance` packets after it."""

    distance: int
    later: T
    pace: Pace = Pace.NORMAL


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is due: fill the time, the position stays."""

    started: bool
    fill_ms: int = FRAME_MS


Taken: TypeAlias = Play[T] | Missing[T] | Wait


@dataclass(frozen=True, slots=True)
class _Held(Generic[T]):
    media_ms: float
    packet: T


class JitterBuffer(Generic[T]):
    """Sequence numbers are 16 bits, timestamps 32 bits of ms, both wrap; `now` is in s."""

    def __init__(self) -> None:
        self.lost = 0  # due and not here, whether it came later or never
        self.late = 0
        self.duplicated = 0
        self.discarded = 0  # here, but never played: too many, or far behind
        self.frame_ms = float(FRAME_MS)  # of the packets in use; the owner keeps it true
        self.floor_ms = 0.0  # the owner's least target: what repairs of a block need to be in time
        self._delay = TargetDelay()
        self._held: dict[int, _Held[T]] = {}
        self._places: set[int] = set()  # packets without audio: only their sequence number counts
        self._next: int | None = None
        self._highest = 0
        self._seen = 0  # bit k: `highest - k` was here
        self._clock = (0, 0, 0.0)  # sequence, timestamp and media time of the newest packet
        self._arrived_at = 0.0
        self._far: int | None = None
        self._started = False
        self._waited_ms = 0.0  # since the last packet was played
        self._pending_ms = 0.0
        self._lag_ms = 0.0
        self._pacing = Pacing()

    @property
    def delay_ms(self) -> float:
        """How long packets are held, on average, after the earliest moment they could have come."""
        return max(0.0, self._lag_ms)

    @property
    def target_ms(self) -> float:
        return max(self.floor_ms, self._delay.target_ms)

    def __len__(self) -> int:
        return len(self._held)

    def missing_before(self, sequence: int) -> int:
        """How many packets between the newest one and this one have not come; 0 for the first and for older ones."""
        return 0 if self._next is None else max(0, extend(sequence, self._highest) - self._highest - 1)

    def lacks(self, sequence: int) -> bool:
        """Whether a packet would still be of use: it has not come, and its time has not passed."""
        number = extend(sequence, self._highest)
        return self._next is not None and number >= self._next and not self._was_seen(number)

    def resume(self, sequence: int, now: float) -> None:
        """The packets missing before this one, which comes after a pause, were never on their way to us."""
        number = extend(sequence, self._highest)
        if self._next is not None and not self._held and number > self._highest and not self._is_far(number, now):
            self._next, self._highest, self._seen = number, number - 1, 0

    def push(self, sequence: int, timestamp_ms: int, packet: T | None, now: float, *, reach_ms: float = 0.0) -> Pushed:
        """Takes in one packet; None for one without audio. `reach_ms` is how far back it can rebuild lost audio."""
        number = extend(sequence, self._highest)
        if self._next is None:
            self._restart(number, timestamp_ms, now)
            return self._queue(number, timestamp_ms, packet, now, 0.0)
        if self._is_far(number, now):
            return self._doubted(number, timestamp_ms, packet, now)
        if self._was_seen(number):
            self.duplicated += 1
            return Pushed.DUPLICATE
        missing_ms = min(reach_ms, max(0, number - self._highest - 1) * self.frame_ms)
        return self._queue(number, timestamp_ms, packet, now, missing_ms)

    def came_again(self, sequence: int, timestamp_ms: int, now: float) -> None:
        """A copy, by another way, of a packet that was pushed."""
        number = extend(sequence, self._highest)
        if self._next is not None and self._was_seen(number):
            self._delay.came_again(self._media_time(number, timestamp_ms), now)

    def take(self, now: float, *, pending_ms: float = 0.0, quiet: bool = True) -> Taken[T]:
        """What to play after the `pending_ms` that are left; `quiet` says that a change of pace would hardly be heard.

        To be asked until 20 ms are there; `stretched` takes the length that a pace has won or lost.
        """
        self._pending_ms = pending_ms
        self._pass_by()
        if self._next is None or not self._held:
            return self._wait()
        due = self._held.get(self._next)
        if due is None:
            return self._take_missing(now, quiet)
        lag = self._lag_of(due.media_ms, now)
        if self._may_wait(quiet) and self._is_early(lag):
            self._lag_ms = lag + FRAME_MS
            return self._wait()
        self._go_on(lag)
        if self._lag_ms - self.target_ms > _JUMP_MS:
            self._jump(now)
        return Play(self._pop(), self._pace(quiet))

    def stretched(self, by_ms: float) -> None:
        """What was taken last became so much longer (or shorter) in playing; not to be called for 0."""
        self._lag_ms += by_ms
        self._pacing.stretched()

    # --- arrival

    def _restart(self, number: int, timestamp_ms: int, now: float) -> None:
        if self._next is not None:
            self.discarded += len(self._held)
        self._delay = TargetDelay()
        self._held.clear()
        self._places.clear()
        self._next = self._highest = number
        self._seen, self._far, self._started, self._waited_ms = 0, None, False, 0.0
        self._clock, self._arrived_at = (number, timestamp_ms, 0.0), now

    def _is_far(self, number: int, now: float) -> bool:
        """Far behind, or further ahead than the time that passed can explain."""
        if number < (self._next or 0) - _FAR:
            return True
        passed_ms = (now - self._arrived_at) * 1000.0
        return number > self._highest + _FAR and (number - self._highest) * self.frame_ms > 2.0 * passed_ms

    def _doubted(self, number: int, timestamp_ms: int, packet: T | None, now: float) -> Pushed:
        """One stray packet must not end a stream; two in a row are a new one (as in RFC 3550 A.1)."""
        if self._far is not None and 0 < number - self._far <= 3:
            self._restart(number, timestamp_ms, now)
            self._queue(number, timestamp_ms, packet, now, 0.0)
            return Pushed.RESET
        self._far = number
        self.late += 1
        return Pushed.LATE

    def _was_seen(self, number: int) -> bool:
        back = self._highest - number
        return 0 <= back < _SEEN and bool(self._seen >> back & 1)

    def _queue(self, number: int, timestamp_ms: int, packet: T | None, now: float, missing_ms: float) -> Pushed:
        self._far = None
        media_ms = self._media_time(number, timestamp_ms)
        if packet is not None:
            self._note_arrival(media_ms, now, missing_ms)
        clock = (number, timestamp_ms, media_ms) if packet is not None else self._clock
        self._mark(number, clock, now)
        if number < (self._next or 0):
            if self._started:
                self.late += 1
                return Pushed.LATE
            self._next = number
        if packet is None:
            self._places.add(number)
        else:
            self._held[number] = _Held(media_ms, packet)
        if len(self._held) + len(self._places) > MOST_HELD:
            self._evict()
        return Pushed.QUEUED

    def _note_arrival(self, media_ms: float, now: float, missing_ms: float) -> None:
        before = self._delay.lag_ms(media_ms, now)
        self._delay.arrived(media_ms, now, missing_ms=missing_ms)
        if self._started:  # where delays are counted from may have moved
            self._lag_ms += self._delay.lag_ms(media_ms, now) - before

    def _media_time(self, number: int, timestamp_ms: int) -> float:
        """Where in the stream a packet's audio starts; from its timestamp where that can be true, else by counting."""
        last_number, last_timestamp, last_media_ms = self._clock
        step = number - last_number
        passed = ((timestamp_ms - last_timestamp + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
        forward = passed if step >= 0 else -passed
        if not 0 < forward <= abs(step) * _LONGEST_PACKET_MS + _LONGEST_PAUSE_MS:
            return last_media_ms + step * self.frame_ms
        return last_media_ms + passed

    def _mark(self, number: int, clock: tuple[int, int, float], now: float) -> None:
        ahead = number - self._highest
        self._arrived_at = now
        if ahead > 0:
            self._seen = (self._seen << min(ahead, _SEEN)) & ((1 << _SEEN) - 1)
            self._highest = number
        if ahead >= 0:
            self._clock = clock
        if self._highest - number < _SEEN:
            self._seen |= 1 << (self._highest - number)

    def _evict(self) -> None:
        """Gives up the oldest packet; the position moves past it."""
        oldest = min(self._held.keys() | self._places)
        self.discarded += self._held.pop(oldest, None) is not None
        self._places.discard(oldest)
        self.lost += oldest - (self._next or 0)
        self._next = oldest + 1

    # --- playing

    def _pass_by(self) -> None:
        """Steps over packets without audio."""
        if self._next is None or not self._places:
            return
        number = self._next
        while number in self._places:
            number += 1
        self._next = number
        self._places = {place for place in self._places if place > number}

    def _wait(self) -> Wait:
        fill_ms = FRAME_MS if self._pending_ms < FRAME_MS - _FILL_MS else _FILL_MS
        if self._started:
            self._waited_ms += fill_ms
        return Wait(self._started, fill_ms)

    def _may_wait(self, quiet: bool) -> bool:
        return quiet or not self._started or self._waited_ms >= _FADED_MS

    def _is_early(self, lag: float) -> bool:
        """Whether waiting meets the target better than playing.

        In a stream that runs, gaps are only made for what packets are seen to need; stretching does the rest.
        """
        if self._started:
            return lag + FRAME_MS <= self._delay.needed_ms
        return lag + FRAME_MS / 2 <= self.target_ms

    def _lag_of(self, media_ms: float, now: float) -> float:
        return self._delay.lag_ms(media_ms, now) + self._pending_ms

    def _go_on(self, lag: float) -> None:
        """Single pulls come unevenly, so the lag is smoothed; after a pause the old value says nothing."""
        if self._started and not self._waited_ms and abs(lag - self._lag_ms) <= _JUMP_MS:
            lag = self._lag_ms + _SMOOTHING * (lag - self._lag_ms)
        self._lag_ms = lag
        self._started, self._waited_ms = True, 0.0

    def _pace(self, quiet: bool) -> Pace:
        awaited = not self._held and not self._places  # behind a gap there may be loss, which no waiting brings back
        return self._pacing.pace(delay_ms=self._lag_ms, target_ms=self.target_ms, awaited=awaited, quiet=quiet)

    def _take_missing(self, now: float, quiet: bool) -> Taken[T]:
        number = self._next or 0
        first = min(self._held)  # places in between are stepped over when their turn comes
        absent = first - number - sum(number < place < first for place in self._places)
        lag = self._lag_of(self._held[first].media_ms - absent * self.frame_ms, now)
        if self._may_wait(quiet) and self._is_early(lag):
            return self._wait()
        skipped = self._skippable(lag - self.target_ms, first - number)
        if skipped:
            self.lost += skipped - sum(number < place < number + skipped for place in self._places)
            self._next = number + skipped
            self._waited_ms = 0.0 if self._next < first else self._waited_ms
            return self.take(now, pending_ms=self._pending_ms, quiet=quiet)
        self.lost += 1
        self._next = number + 1
        self._go_on(lag)
        return Missing(first - number, self._held[first].packet, self._pace(quiet))

    def _skippable(self, excess_ms: float, missing: int) -> int:
        """Lost frames whose time was filled while waiting are not played again, unless the target wants them."""
        excess = max(0, int(excess_ms / self.frame_ms))
        filled = missing if excess_ms > _HURRY_MS else int(self._waited_ms / self.frame_ms)
        return min(excess, filled, missing)

    def _jump(self, now: float) -> None:
        """After a stall of the player: leaves out what is there until the target is met."""
        while (self._next or 0) + 1 in self._held:
            self._lag_ms = self._lag_of(self._held[self._next or 0].media_ms, now)
            if self._lag_ms <= self.target_ms:
                break
            self._pop()
            self.discarded += 1

    def _pop(self) -> T:
        number = self._next or 0
        self._next = number + 1
        return self._held.pop(number).packet
