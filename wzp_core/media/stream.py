"""One sender's packets → one continuous sound: ordered, decoded, gaps filled."""

from typing import Final

import numpy as np

from wzp_core.codec.conceal import Remedy, audible, faded, remedy
from wzp_core.codec.opus import OpusDecoder
from wzp_core.codec.voice import VoiceDecoder
from wzp_core.dsp.frame import FRAME_SAMPLES, RATE_HZ, Samples, silence
from wzp_core.dsp.meter import dbfs
from wzp_core.dsp.stretch import ROUGHLY, accelerated, expanded
from wzp_core.errors import RemoteViolation
from wzp_core.media.dtx import ComfortNoise
from wzp_core.media.intake import Arrival, Intake
from wzp_core.media.jitter import JitterBuffer, Missing, Play, Pushed, Wait
from wzp_core.media.loudness import Loudness
from wzp_core.media.pace import Pace
from wzp_core.media.reception import Reception
from wzp_core.media.stats import StreamTotals
from wzp_core.protocol.media.header import MediaHeader, MediaPacket
from wzp_core.protocol.profile import CodecId

_QUIET_DBFS: Final = -42.0
_SPEAKING_S: Final = 0.3
_PAUSE_S: Final = 0.3
_SAMPLES_PER_MS: Final = RATE_HZ // 1000


class StreamReceiver:
    """Needs `close()`; one decoder serves decoding, concealment and reconstruction."""

    def __init__(self, decoder: OpusDecoder, now: float, *, withheld: bool = False) -> None:
        """`withheld`: a relay passes on only the loudest, so that what is missing in a pause was not lost."""
        self.last_packet_at = now
        self.loudness = Loudness()
        self._withheld = withheld
        self._decoder = VoiceDecoder(decoder)
        self._intake = Intake()
        self._reception = Reception()
        self._jitter: JitterBuffer[MediaPacket] = JitterBuffer()
        self._pending = silence(0)
        self._frame_samples = FRAME_SAMPLES  # of the latest packet
        self._parsed: MediaPacket | None = None  # whose redundancy the decoder holds
        self._reach = 0
        self._guessed = 0.0  # frames of 20 ms in a row
        self._noise = False  # the sender suppresses silence
        self._comfort = ComfortNoise()
        self._quiet = True
        self._heard_at = -_SPEAKING_S
        self._concealed_samples = 0
        self._silent_samples = self._unfilled_samples = 0  # the latter until something follows
        self._counts = dict.fromkeys(Remedy, 0)
        self._undecodable = 0

    @property
    def delay_ms(self) -> float:
        return self._jitter.delay_ms

    def speaking(self, now: float) -> bool:
        """Whether something above the room's murmur was played in the last 300 ms."""
        return now - self._heard_at < _SPEAKING_S

    def totals(self) -> StreamTotals:
        return StreamTotals(
            expected=self._reception.expected,
            missed=max(0, self._reception.expected - self._reception.received),
            gaps=self._reception.gaps,
            lost=self._jitter.lost,
            late=self._jitter.late,
            duplicated=self._jitter.duplicated,
            discarded=self._jitter.discarded,
            undecodable=self._undecodable,
            concealed_ms=self._concealed_samples / _SAMPLES_PER_MS,
            silent_ms=self._silent_samples / _SAMPLES_PER_MS,
            dred_frames=self._counts[Remedy.DRED],
            fec_frames=self._counts[Remedy.FEC],
            plc_frames=self._counts[Remedy.PLC],
        )

    def receive(self, packet: MediaPacket, now: float) -> None:
        """Queues an opened packet; one that carries no audio we can play only keeps its place in the order."""
        if self._withheld and now - self.last_packet_at > _PAUSE_S:
            self._jitter.resume(packet.header.sequence, now)
            self._reception.resume(packet.header.sequence)
        self.last_packet_at = now
        missing = self._jitter.missing_before(packet.header.sequence)
        try:
            arrivals = self._intake.arrivals(packet, missing, now)
        except RemoteViolation:
            self._undecodable += 1
            arrivals = [Arrival(packet.header.sequence, packet.header.timestamp_ms, None)]
        self._reception.note(packet.header.sequence, self._intake.numbers)
        self._jitter.floor_ms = self._intake.hold_ms(now)
        for arrival in arrivals:
            if not self._is_needless(arrival):
                self._push(arrival, now)

    def came_again(self, header: MediaHeader, now: float) -> None:
        """Another copy of a packet that was received."""
        self._jitter.came_again(header.sequence, header.timestamp_ms, now)

    def _is_needless(self, arrival: Arrival) -> bool:
        """Opus packets come again whether they were lost or not, and nothing is counted for those that were not."""
        packet = arrival.packet
        again = packet is not None and packet.header.repair and packet.header.codec.is_opus
        return again and not self._jitter.lacks(arrival.sequence)

    def _push(self, arrival: Arrival, now: float) -> None:
        sequence, packet = arrival.sequence, arrival.packet
        reach_ms = self._reach_ms(packet) if packet is not None and self._jitter.missing_before(sequence) else 0.0
        if self._jitter.push(sequence, arrival.timestamp_ms, packet, now, reach_ms=reach_ms) is Pushed.RESET:
            self._guessed, self._noise = 0.0, False

    def pull(self, now: float) -> Samples:
        """The next 20 ms."""
        while self._pending.size < FRAME_SAMPLES:
            self._pending = np.concatenate((self._pending, self._following(now)))
        frame, self._pending = self._pending[:FRAME_SAMPLES], self._pending[FRAME_SAMPLES:]
        loudness = dbfs(frame)
        self._quiet = loudness < _QUIET_DBFS
        if not self._quiet:
            self._heard_at = now
        return frame

    def close(self) -> None:
        self._decoder.close()

    def _following(self, now: float) -> Samples:
        """What comes after the pending samples."""
        match self._jitter.take(now, pending_ms=self._pending.size / _SAMPLES_PER_MS, quiet=self._quiet):
            case Play(packet=packet, pace=pace):
                return self._paced(self._decoded(packet), pace)
            case Missing(distance=distance, later=later, pace=pace):
                return self._paced(self._rebuilt(distance, later), pace)
            case Wait(started=started, fill_ms=fill_ms):
                return self._filled(started, fill_ms * _SAMPLES_PER_MS)

    def _paced(self, samples: Samples, pace: Pace) -> Samples:
        match pace:
            case Pace.NORMAL:
                return samples
            case Pace.ACCELERATE:
                played = accelerated(samples)
            case Pace.HURRY:
                played = accelerated(samples, likeness=ROUGHLY)
            case Pace.EXPAND:
                played = expanded(samples)
        if played.size != samples.size:
            self._jitter.stretched((played.size - samples.size) / _SAMPLES_PER_MS)
        return played

    def _decoded(self, packet: MediaPacket) -> Samples:
        self._noise = packet.header.codec is CodecId.COMFORT_NOISE
        if self._noise:
            self._comfort.heed(packet.payload)
            return self._comfort.frame(FRAME_SAMPLES)
        try:
            samples = self._decoder.decode(packet.header.codec, packet.payload)
        except RemoteViolation:
            self._undecodable += 1
            return self._guess(self._frame_samples)
        self._guessed = 0.0
        self._silent_samples, self._unfilled_samples = self._silent_samples + self._unfilled_samples, 0
        self._frame_samples = samples.size
        self._jitter.frame_ms = samples.size / _SAMPLES_PER_MS
        if packet.header.repair:  # it was made from repairs, or repeated by the packet after it
            return self._recovered(Remedy.FEC, samples)
        return samples

    def _rebuilt(self, distance: int, later: MediaPacket) -> Samples:
        count = self._frame_samples
        has_fec = self._decoder.has_fec(later.header.codec, later.payload)
        match remedy(distance=distance, frame_samples=count, dred_reach=self._reach_of(later), has_fec=has_fec):
            case Remedy.DRED:
                return self._recovered(Remedy.DRED, self._decoder.reconstruct(distance * count, count))
            case Remedy.FEC:
                return self._recovered(Remedy.FEC, self._decoder.decode_fec(later.payload, count))
            case Remedy.PLC:
                return self._guess(count)

    def _recovered(self, source: Remedy, samples: Samples) -> Samples:
        self._guessed = 0.0
        self._counts[source] += 1
        self._concealed_samples += samples.size
        return samples

    def _filled(self, started: bool, count: int) -> Samples:
        if not started:
            return silence(count)
        return self._comfort.frame(count) if self._noise else self._guess(count)

    def _guess(self, count: int) -> Samples:
        """Classical or deep interpolation; silence once it has faded out, which is no longer counted."""
        run, self._guessed = self._guessed, self._guessed + count / FRAME_SAMPLES
        if not audible(run):
            self._unfilled_samples += count
            return silence(count)
        self._counts[Remedy.PLC] += 1
        self._concealed_samples += count
        return faded(self._decoder.conceal(count), run)

    def _reach_of(self, packet: MediaPacket) -> int:
        if self._parsed is not packet:
            self._parsed, self._reach = packet, self._decoder.redundancy(packet.header.codec, packet.payload)
        return self._reach

    def _reach_ms(self, packet: MediaPacket) -> float:
        """How far back lost audio can be rebuilt from this packet."""
        in_band = self._frame_samples if self._decoder.has_fec(packet.header.codec, packet.payload) else 0
        return max(self._reach_of(packet), in_band) / _SAMPLES_PER_MS
