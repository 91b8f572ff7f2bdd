"""One stream's decoder, whatever codec its packets have: switches without a click (media.md §5.3)."""

from typing import Final, TypeAlias

import numpy as np

from wzp_core.codec.codec2 import MODES, Codec2Decoder
from wzp_core.codec.opus import OpusDecoder, has_inband_fec
from wzp_core.dsp.frame import Samples
from wzp_core.dsp.mix import spliced
from wzp_core.protocol.profile import CodecId

Decoder: TypeAlias = OpusDecoder | Codec2Decoder

_FADE_SAMPLES: Final = 480  # 10 ms from one decoder to the other


class VoiceDecoder:
    """Follows each payload's codec id; needs `close()`."""

    def __init__(self, opus: OpusDecoder) -> None:
        """Takes over `opus`, which serves all rates of that codec."""
        self._opus = opus
        self._current: Decoder = opus
        self._codec: CodecId | None = None  # of what was decoded last

    def decode(self, codec: CodecId, payload: bytes) -> Samples:
        """One payload of a codec that `can_decode`.

        Raises RemoteViolation(MALFORMED_PACKET), and Unavailable(NO_CODEC) where the codec's library is missing.
        """
        decoder = self._decoder_for(codec)
        if self._codec is None or not self._seam(decoder, codec):
            samples = decoder.decode(payload)
        elif decoder is self._current:
            ending = decoder.conceal(_FADE_SAMPLES)  # before: it is the same object
            samples = _blended(ending, decoder.decode(payload))
        else:
            samples = _blended(self._current.conceal(_FADE_SAMPLES), decoder.decode(payload))
        if decoder is not self._current:
            self._leave()
            self._current = decoder
        self._codec = codec
        return samples

    def conceal(self, count: int) -> Samples:
        """`count` samples (a multiple of 120) that go on with what was heard last."""
        return self._current.conceal(count)

    def redundancy(self, codec: CodecId, payload: bytes) -> int:
        """How many samples before `payload` its deep redundancy reaches; kept for `reconstruct` until the next call."""
        return self._opus.redundancy(payload) if self._is_opus(codec) else 0

    def reconstruct(self, offset: int, count: int) -> Samples:
        """The `count` samples that start `offset` before the payload last given to `redundancy`."""
        return self._opus.reconstruct(offset, count)

    def has_fec(self, codec: CodecId, payload: bytes) -> bool:
        """Whether `payload` carries the frame before it."""
        return self._is_opus(codec) and has_inband_fec(payload)

    def decode_fec(self, payload: bytes, count: int) -> Samples:
        """The frame of `count` samples before `payload`; raises RemoteViolation(MALFORMED_PACKET)."""
        return self._opus.decode_fec(payload, count)

    def close(self) -> None:
        self._leave()
        self._opus.close()

    def _is_opus(self, codec: CodecId) -> bool:
        """Redundancy is about frames of the same codec: across a switch it means nothing."""
        return codec.is_opus and self._current is self._opus

    def _seam(self, decoder: Decoder, codec: CodecId) -> bool:
        """Whether sound would break off: between decoders, and where the lowest Opus rate changes the bandwidth."""
        return decoder is not self._current or (codec is CodecId.OPUS_6K) != (self._codec is CodecId.OPUS_6K)

    def _decoder_for(self, codec: CodecId) -> Decoder:
        if codec not in MODES:
            return self._opus
        return self._current if codec is self._codec else Codec2Decoder(codec)

    def _leave(self) -> None:
        if self._current is not self._opus:
            self._current.close()


def _blended(ending: Samples, beginning: Samples) -> Samples:
    """`beginning`, faded in over its first samples while `ending` fades out."""
    count = min(ending.size, beginning.size)
    return np.concatenate((spliced(ending[:count], beginning[:count]), beginning[count:]))
