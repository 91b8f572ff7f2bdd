"""What was received, lost, late and rebuilt, as totals."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTotals:
    """One sender's audio since its first packet, or the sum over several senders."""

    expected: int = 0  # sequence numbers up to the newest that came
    missed: int = 0  # of them: did not come by themselves, whether or not they could be rebuilt
    gaps: int = 0  # runs of missed ones
    lost: int = 0  # packets due and not here, whether they came later or never
    late: int = 0  # packets after their turn
    duplicated: int = 0
    discarded: int = 0  # packets here and never played, to get rid of delay
    undecodable: int = 0  # packets the codec refused
    concealed_ms: float = 0.0  # audible playing time that was not received: the three below
    silent_ms: float = 0.0  # and what was left silent in between, once a guess had faded out
    dred_frames: int = 0
    fec_frames: int = 0
    plc_frames: int = 0

    def __add__(self, other: "StreamTotals") -> "StreamTotals":
        sums = {spec.name: getattr(self, spec.name) + getattr(other, spec.name) for spec in fields(self)}
        return StreamTotals(**sums)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveStats:
    """A downlink since it was made; `received` = `opened` + `rejected` + replays, which count as `duplicated`."""

    received: int = 0  # datagrams
    opened: int = 0
    rejected: int = 0
    rejected_by: tuple[tuple[str, int], ...] = ()  # cause and count
    no_decoder: int = 0  # opened, of a codec we cannot play
    expected: int = 0
    missed: int = 0
    gaps: int = 0
    lost: int = 0
    late: int = 0
    duplicated: int = 0
    discarded: int = 0
    undecodable: int = 0
    concealed_ms: float = 0.0
    silent_ms: float = 0.0
    dred_frames: int = 0
    fec_frames: int = 0
    plc_frames: int = 0
    jitter_delay_ms: float = 0.0  # now, of the most delayed stream
    last_packet_at: float | None = None  # opened; s
    codec: str = ""  # JSON name, of the latest packet we could play
    speaking: tuple[int, ...] = ()  # stream ids heard in the last moments

    @property
    def loss_pct(self) -> float:
        """Of the packets sent to us; what was rebuilt counts too."""
        return round(100 * self.missed / self.expected, 1) if self.expected else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStats:
    """An uplink since it was made."""

    frames: int = 0  # encoded
    packets: int = 0
    bytes: int = 0  # of datagrams
    reports: int = 0
    repairs: int = 0  # of the packets
    noises: int = 0  # of the packets: comfort noise
    codec: str = ""
