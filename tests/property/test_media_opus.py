"""A peer's payload can be refused, and nothing worse."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from wzp_core.codec.opus import MOST_DECODED_SAMPLES, OpusDecoder, OpusEncoder, OpusSettings, has_inband_fec
from wzp_core.dsp.frame import FRAME_SAMPLES, silence
from wzp_core.errors import RemoteViolation

DECODER = OpusDecoder()
SEED = OpusEncoder(OpusSettings(bitrate=24_000, frame_samples=960, dred_10ms=20)).encode(silence())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600) | st.binary(max_size=60).map(lambda tail: SEED[:4] + tail))
def test_any_payload_is_decoded_to_a_bounded_length_or_refused(payload: bytes) -> None:
    with suppress(RemoteViolation):
        assert 0 < DECODER.decode(payload).size <= MOST_DECODED_SAMPLES
    with suppress(RemoteViolation):
        assert DECODER.decode_fec(payload, FRAME_SAMPLES).size <= FRAME_SAMPLES
    reach = DECODER.redundancy(payload)
    if reach >= FRAME_SAMPLES:
        assert DECODER.reconstruct(FRAME_SAMPLES, FRAME_SAMPLES).size == FRAME_SAMPLES
    assert has_inband_fec(payload) in (True, False)
