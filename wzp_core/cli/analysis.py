"""What the packets of a room tell about its streams, without opening one: codec, loss, jitter. Pure; times in s."""

from dataclasses import dataclass, field
from typing import Any, Final

from wzp_core.errors import RemoteViolation
from wzp_core.protocol.media.header import MediaHeader, decode_packet
from wzp_core.protocol.media.sequence import distance
from wzp_core.protocol.profile import profile_of

MOST_STREAMS: Final = 64
MOST_SECONDS: Final = 4 * 3600  # of the course that is kept
_ANONYMOUS: Final = 256  # from here on: numbers of streams whose sender has no id
_SAME_STREAM: Final = 50  # numbers ahead that a packet without sender's id may be
_MOST_MISSING: Final = 99  # in a row; beyond it the sender began anew
_SMOOTHING: Final = 0.1


@dataclass(slots=True)
class Second:
    """What one second of a stream was like."""

    packets: int = 0
    lost: int = 0
    jitter_ms: float = 0.0

    @property
    def loss_pct(self) -> float:
        return 100.0 * self.lost / (self.packets + self.lost) if self.packets + self.lost else 0.0


@dataclass(slots=True)
class Stream:
    """One sender's."""

    name: str
    codec: str = ""
    packets: int = 0
    lost: int = 0
    jitter_ms: float = 0.0  # of |interval - frame|, smoothed
    switches: int = 0
    began: float = 0.0
    latest: float = 0.0
    sequence: int = 0
    course: dict[int, Second] = field(default_factory=dict)  # by second of the whole

    @property
    def loss_pct(self) -> float:
        return 100.0 * self.lost / (self.packets + self.lost) if self.packets else 0.0

    def note(self, header: MediaHeader, now: float) -> None:
        codec, profile = header.codec.wire_name, profile_of(header.codec)
        lost = 0
        if self.packets:
            ahead = distance(self.sequence, header.sequence)
            if 0 < ahead <= _MOST_MISSING + 1:
                lost = ahead - 1
            elif -_MOST_MISSING <= ahead <= 0:  # late, not lost, or there a second time
                self.lost = max(0, self.lost - 1)
            if profile is not None and not header.repair:
                off_ms = abs((now - self.latest) * 1000.0 - profile.frame_duration_ms)
                self.jitter_ms += _SMOOTHING * (off_ms - self.jitter_ms)
            self.switches += codec != self.codec
            self.sequence = self.sequence if -_MOST_MISSING <= ahead <= 0 else header.sequence
        else:
            self.began, self.sequence = now, header.sequence
        self.codec, self.latest = codec, now
        self.packets, self.lost = self.packets + 1, self.lost + lost
        if int(now) < MOST_SECONDS:
            second = self.course.setdefault(int(now), Second())
            second.packets, second.lost, second.jitter_ms = second.packets + 1, second.lost + lost, self.jitter_ms

    def figures(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "codec": self.codec,
            "packets": self.packets,
            "lost": self.lost,
            "loss_pct": round(self.loss_pct, 2),
            "jitter_ms": round(self.jitter_ms, 1),
            "switches": self.switches,
            "duration_s": round(self.latest - self.began, 1),
        }


class Analysis:
    """Of one room; `now` counts from its beginning."""

    def __init__(self) -> None:
        self.streams: dict[int, Stream] = {}
        self.packets = self.malformed = self.ignored = 0
        self.participants: dict[int, str] = {}  # names by stream id

    def receive(self, datagram: bytes, now: float) -> None:
        self.packets += 1
        try:
            header = decode_packet(datagram).header
        except RemoteViolation:
            self.malformed += 1
            return
        number = header.stream_id or self._guessed(header.sequence)
        if number not in self.streams:
            if len(self.streams) >= MOST_STREAMS:
                self.ignored += 1
                return
            self.streams[number] = Stream(self.participants.get(number) or f"Stream {len(self.streams) + 1}")
        self.streams[number].note(header, now)

    def name(self, participants: dict[int, str]) -> None:
        self.participants = participants
        for number, name in participants.items():
            if number in self.streams and name:
                self.streams[number].name = name

    def totals(self) -> dict[str, int]:
        return {"participants": len(self.participants), "packets": self.packets, "malformed": self.malformed}

    def figures(self) -> list[dict[str, Any]]:
        return [stream.figures() for stream in self.streams.values()]

    def _guessed(self, sequence: int) -> int:
        """Senders of older builds have no id: the first whose numbers go on like that, else somebody new."""
        without_id = [number for number in self.streams if number >= _ANONYMOUS]
        near = (n for n in without_id if 0 < distance(self.streams[n].sequence, sequence) < _SAME_STREAM)
        return next(near, _ANONYMOUS + len(without_id))
