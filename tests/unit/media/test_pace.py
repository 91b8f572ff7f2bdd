import pytest

from wzp_core.media.pace import Pace, Pacing


def paces(count: int, *, delay_ms: float, target_ms: float = 60.0, quiet: bool = False) -> list[Pace]:
    """What is asked for when every wish is fulfilled but the delay stays."""
    pacing, asked = Pacing(), []
    for _ in range(count):
        asked.append(pacing.pace(delay_ms=delay_ms, target_ms=target_ms, awaited=False, quiet=quiet))
        if asked[-1] is not Pace.NORMAL:
            pacing.stretched()
    return asked


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("delay_ms", [50.0, 60.0, 72.0])
def test_near_the_target_nothing_is_done(delay_ms: float, quiet: bool) -> None:
    assert set(paces(10, delay_ms=delay_ms, quiet=quiet)) == {Pace.NORMAL}


def test_too_much_delay_is_played_off_and_too_little_is_made() -> None:
    assert paces(1, delay_ms=90.0) == [Pace.ACCELERATE]
    assert paces(1, delay_ms=40.0) == [Pace.EXPAND]


def test_a_little_too_much_delay_waits_for_the_next_pause() -> None:
    assert set(paces(10, delay_ms=80.0)) == {Pace.NORMAL}
    assert paces(1, delay_ms=80.0, quiet=True) == [Pace.ACCELERATE]


def test_in_speech_there_is_a_rest_between_two_stretches() -> None:
    assert paces(7, delay_ms=90.0) == [Pace.ACCELERATE, *[Pace.NORMAL] * 2] * 2 + [Pace.ACCELERATE]


def test_between_words_there_is_none() -> None:
    assert paces(3, delay_ms=80.0, quiet=True) == [Pace.ACCELERATE] * 3


def test_a_stretch_that_could_not_be_made_is_tried_again_at_once() -> None:
    pacing = Pacing()
    asked = [pacing.pace(delay_ms=90.0, target_ms=60.0, awaited=False, quiet=False) for _ in range(3)]
    assert asked == [Pace.ACCELERATE] * 3


def test_far_behind_there_is_no_rest() -> None:
    assert paces(3, delay_ms=300.0) == [Pace.HURRY] * 3


def test_a_packet_is_drawn_out_only_where_the_next_should_be_there() -> None:
    pacing = Pacing()
    assert pacing.pace(delay_ms=60.0, target_ms=60.0, awaited=True, quiet=False) is Pace.EXPAND
    assert pacing.pace(delay_ms=45.0, target_ms=40.0, awaited=True, quiet=False) is Pace.NORMAL
    assert pacing.pace(delay_ms=300.0, target_ms=60.0, awaited=True, quiet=False) is Pace.HURRY
