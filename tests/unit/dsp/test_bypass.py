import numpy as np

from wzp_core.dsp.bypass import Slot
from wzp_core.dsp.frame import FRAME_SAMPLES, Samples, silence

FRAME = np.full(FRAME_SAMPLES, 8_000, np.int16)


def inverted(frame: Samples, reference: Samples) -> Samples:
    return -frame


def halved(frame: Samples, reference: Samples) -> Samples:
    return frame // 2


def played(slot: Slot, frames: int) -> np.ndarray:
    return np.concatenate([slot.process(FRAME, silence()) for _ in range(frames)]).astype(int)


def test_an_empty_slot_passes_what_it_gets() -> None:
    assert Slot(None).process(FRAME, silence()) is FRAME


def test_a_stage_that_comes_fades_in_and_one_that_goes_fades_out() -> None:
    slot = Slot(None)
    for stage, end in ((inverted, -8_000), (halved, 4_000), (None, 8_000)):
        slot.use(stage)
        sound = played(slot, 6)
        assert sound[-1] == end
        assert np.abs(np.diff(sound)).max() <= 20


def test_a_new_stage_is_not_heard_while_it_settles() -> None:
    slot, calls = Slot(None), []

    def settling(frame: Samples, reference: Samples) -> Samples:
        calls.append(len(calls))
        return silence() if len(calls) <= 2 else frame

    slot.use(settling)
    assert (played(slot, 8) == 8_000).all()
    assert len(calls) == 8


def test_a_change_of_mind_is_followed_before_and_after_the_fade() -> None:
    slot = Slot(None)
    slot.use(inverted)
    played(slot, 2)
    slot.use(None)
    assert (played(slot, 8) == 8_000).all()


def test_the_reference_reaches_the_stage() -> None:
    slot = Slot(lambda frame, reference: frame - reference)
    assert not slot.process(FRAME, FRAME).any()
