"""What a side can play and understand, as words that an older peer ignores."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from wzp_core.codec.fec import fec_available
from wzp_core.codec.libopus import opus_library
from wzp_core.codec.table import can_decode
from wzp_core.errors import Unavailable
from wzp_core.protocol.profile import CodecId

DRED: Final = "dred"
LIFEBOAT: Final = "lifeboat"
SHORT_REPAIR: Final = "short_repair"
REPEATS: Final = "repeats"

_MOST_WORDS: Final = 64
_CODECS: Final = {codec.wire_name: codec for codec in CodecId}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """A side's receiving half; the default is what a peer can do that says nothing about itself."""

    codecs: frozenset[CodecId] = frozenset(CodecId)  # media.md §5.3: all are always accepted
    dred: bool = False
    lifeboat: bool = False  # takes bundles of frames
    short_repair: bool = False  # puts the zeros back that repair packets left away
    repeats: bool = False  # finds earlier packets in the padding of Opus

    def words(self) -> tuple[str, ...]:
        """For the wire, in a fixed order."""
        flags = {DRED: self.dred, LIFEBOAT: self.lifeboat, SHORT_REPAIR: self.short_repair, REPEATS: self.repeats}
        names = tuple(codec.wire_name for codec in CodecId if codec in self.codecs)
        return (*names, *(word for word, present in flags.items() if present))

    @classmethod
    def of_words(cls, words: Iterable[str]) -> "Capability":
        """Unknown words are a later build's and ignored, as is everything beyond 64 words."""
        known = {word for _, word in zip(range(_MOST_WORDS), words, strict=False)}
        return cls(
            codecs=frozenset(codec for name, codec in _CODECS.items() if name in known),
            dred=DRED in known,
            lifeboat=LIFEBOAT in known,
            short_repair=SHORT_REPAIR in known,
            repeats=REPEATS in known,
        )


def own_capability() -> Capability:
    """What the libraries of this machine allow."""
    codecs = frozenset(codec for codec in CodecId if codec is CodecId.COMFORT_NOISE or can_decode(codec))
    return Capability(
        codecs=codecs,
        dred=_has_dred(),
        lifeboat=can_decode(CodecId.CODEC2_1200),
        short_repair=fec_available(),
        repeats=True,
    )


def _has_dred() -> bool:
    try:
        return opus_library().has_dred
    except Unavailable:
        return False
