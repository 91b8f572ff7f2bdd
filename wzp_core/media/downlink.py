"""Datagrams → what the speaker plays: opened, told apart by sender, mixed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import numpy as np

from wzp_core.codec.opus import OpusDecoder
from wzp_core.codec.table import can_decode
from wzp_core.dsp.frame import Samples
from wzp_core.dsp.limiter import Limiter
from wzp_core.dsp.meter import meter
from wzp_core.dsp.mix import mixed
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.media.stats import ReceiveStats, StreamTotals
from wzp_core.media.stream import StreamReceiver
from wzp_core.protocol.media.header import MediaPacket, decode_packet
from wzp_core.protocol.profile import CodecId

Open = Callable[[bytes, float], MediaPacket]
"""Datagram and time in s → packet; raises RemoteViolation."""

VolumeOf = Callable[[int], float]
"""Stream id → what to multiply that sender's sound by; asked for every frame."""

MOST_STREAMS: Final = 16

_IDLE_S: Final = 10.0


class Downlink:
    """All senders of one call or room; needs `close()`."""

    def __init__(
        self, open_packet: Open, volume_of: VolumeOf = lambda _stream_id: 1.0, *, withheld: bool = False
    ) -> None:
        """`withheld`: in a room, where a relay may pass on only the loudest."""
        self.levelled = False
        """Whether everybody is brought to one loudness."""
        self._open, self._volume_of, self._withheld = open_packet, volume_of, withheld
        self._limiter = Limiter()
        self._streams: dict[int, StreamReceiver] = {}
        self._gone = StreamTotals()  # of streams that left
        self._refused: Counter[str] = Counter()
        self._received = self._opened = self._replayed = self._no_decoder = 0
        self._last_packet_at: float | None = None
        self._codec = ""
        self._level = 0.0
        self._now = 0.0

    @property
    def level(self) -> float:
        """Loudness of the latest mix, 0…1."""
        return self._level

    def receive(self, datagram: bytes, now: float) -> MediaPacket | None:
        """Takes in one datagram; the packet is for its header and report, None where it could not be opened.

        Raises Unavailable(NO_CODEC) where there is no libopus.
        """
        self._received += 1
        self._now = now
        try:
            packet = self._open(datagram, now)
        except RemoteViolation as violation:
            if violation.code is ErrorCode.REPLAYED:  # the same packet by two ways, or again
                self._came_again(datagram, now)
            else:
                self._refused[violation.code.value] += 1
            return None
        self._opened += 1
        self._last_packet_at = now
        self._note_codec(packet)
        stream = self._stream_of(packet.header.stream_id, now)
        if stream is not None:
            stream.receive(packet, now)
        return packet

    def pull(self, now: float, volume: float = 1.0) -> Samples:
        """The next 20 ms of everybody, times `volume`; exactly 960 samples."""
        self._now = now
        self._dismiss_idle(now)
        heard = [
            stream.loudness.process(stream.pull(now), self._volume_of(number), levelled=self.levelled)
            for number, stream in self._streams.items()
        ]
        frame = self._limiter.process(mixed(heard) * np.float32(volume))
        self._level = meter(frame)
        return frame

    def stats(self) -> ReceiveStats:
        totals = sum((stream.totals() for stream in self._streams.values()), self._gone)
        sums = asdict(totals)
        sums["duplicated"] += self._replayed
        return ReceiveStats(
            **sums,
            received=self._received,
            opened=self._opened,
            rejected=self._refused.total(),
            rejected_by=tuple(sorted(self._refused.items())),
            no_decoder=self._no_decoder,
            jitter_delay_ms=max((stream.delay_ms for stream in self._streams.values()), default=0.0),
            last_packet_at=self._last_packet_at,
            codec=self._codec,
            speaking=tuple(sorted(number for number, stream in self._streams.items() if stream.speaking(self._now))),
        )

    def close(self) -> None:
        """Frees the decoders; the totals stay."""
        for number in list(self._streams):
            self._dismiss(number)

    def _came_again(self, datagram: bytes, now: float) -> None:
        self._replayed += 1
        header = decode_packet(datagram).header
        if (stream := self._streams.get(header.stream_id)) is not None:
            stream.came_again(header, now)

    def _note_codec(self, packet: MediaPacket) -> None:
        codec = packet.header.codec
        if can_decode(codec):
            self._codec = codec.wire_name
        elif codec is not CodecId.COMFORT_NOISE:
            self._no_decoder += 1

    def _stream_of(self, number: int, now: float) -> StreamReceiver | None:
        if number not in self._streams:
            self._dismiss_idle(now)
            if len(self._streams) >= MOST_STREAMS:
                self._opened -= 1
                self._refused[ErrorCode.LIMIT.value] += 1
                return None
            self._streams[number] = StreamReceiver(OpusDecoder(), now, withheld=self._withheld)
        return self._streams[number]

    def _dismiss_idle(self, now: float) -> None:
        for number in [n for n, stream in self._streams.items() if now - stream.last_packet_at > _IDLE_S]:
            self._dismiss(number)

    def _dismiss(self, number: int) -> None:
        stream = self._streams.pop(number)
        self._gone += stream.totals()
        stream.close()
