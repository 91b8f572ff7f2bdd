"""Two parties whose clocks differ hear each other without gaps and without a growing delay."""

import pytest

from tests.audio.clocks import talk
from tests.audio.speech import needs_speech

pytestmark = needs_speech


@pytest.mark.parametrize("ppm", [-1000, 1000])
def test_a_minute_of_clocks_ten_times_worse_than_real_ones_costs_a_few_stretches(ppm: int) -> None:
    heard = talk(70, ppm=ppm)
    made_up_ms = heard.stretched_ms + heard.guessed_ms
    assert made_up_ms == pytest.approx(ppm * 60 * 1e-3, abs=30)
    assert heard.stretches <= 30
    assert heard.guessed_ms <= 60
    assert max(heard.delays_ms) < 45
    assert (heard.late, heard.discarded) == (0, 0)
