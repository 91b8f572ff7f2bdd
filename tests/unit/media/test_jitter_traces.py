"""Arrival traces, replayed: what the buffer makes of them in delay, gaps and stretches."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from wzp_core.media.jitter import JitterBuffer, Missing, Play, Wait
from wzp_core.media.pace import Pace

STRETCHABLE = 0.58  # share of the frames of real speech in which `dsp.stretch` finds a period
MOST_STRETCH_MS = 12.5


@dataclass
class Replay:
    """One entry per 20 ms of playing, but for `held_ms`: how long each packet waited to be played."""

    delay_ms: list[float] = field(default_factory=list)
    concealed_ms: list[float] = field(default_factory=list)
    stretched_ms: list[float] = field(default_factory=list)
    held_ms: list[float] = field(default_factory=list)
    played: list[int] = field(default_factory=list)
    discarded: int = 0
    duplicated: int = 0

    @property
    def concealed_pct(self) -> float:
        return 100.0 * sum(self.concealed_ms) / (20.0 * len(self.concealed_ms))


def replayed(arrivals: list[tuple[float, int]], seed: int = 0, *, by_two_ways: bool = False) -> Replay:
    """`arrivals`: time in s and packet number k, sent at k × 20 ms; pulled 10 ms after each sending.

    `by_two_ways`: copies are taken out before the buffer, which is told of them.
    """
    random = np.random.default_rng(seed)
    buffer: JitterBuffer[int] = JitterBuffer()
    waiting = iter(sorted(arrivals))
    coming = next(waiting, None)
    came: dict[int, float] = {}
    replay, pending = Replay(), 0.0
    for tick in range(max(number for _, number in arrivals)):
        now, quiet = tick * 0.020 + 0.010, tick // 50 % 5 == 4  # a second of quiet in five
        while coming is not None and coming[0] <= now:
            if by_two_ways and coming[1] in came:
                buffer.came_again(coming[1] & 0xFFFF, coming[1] * 20, coming[0])
            else:
                came.setdefault(coming[1], coming[0])
                buffer.push(coming[1] & 0xFFFF, coming[1] * 20, coming[1], coming[0])
            coming = next(waiting, None)
        concealed = stretched = 0.0
        while pending < 20.0:
            match buffer.take(now, pending_ms=pending, quiet=quiet):
                case Wait(started=started, fill_ms=fill_ms):
                    concealed += fill_ms * started
                    pending += fill_ms
                    continue
                case Play(packet=number, pace=pace):
                    replay.held_ms.append((now - came[number]) * 1000.0 + pending)
                    replay.played.append(number)
                case Missing(pace=pace):
                    concealed += 20.0
            by_ms = _stretch(pace, quiet, random)
            if by_ms:
                buffer.stretched(by_ms)
            stretched += by_ms
            pending += 20.0 + by_ms
        pending -= 20.0
        replay.delay_ms.append(buffer.delay_ms)
        replay.concealed_ms.append(concealed)
        replay.stretched_ms.append(stretched)
    replay.discarded, replay.duplicated = buffer.discarded, buffer.duplicated
    return replay


def _stretch(pace: Pace, quiet: bool, random: np.random.Generator) -> float:
    if pace is Pace.NORMAL or not (quiet or random.random() < STRETCHABLE):
        return 0.0
    return float(random.uniform(4.0, MOST_STRETCH_MS)) * (1.0 if pace is Pace.EXPAND else -1.0)


def sent(delays_s: "np.typing.NDArray[np.float64]") -> list[tuple[float, int]]:
    return [(number * 0.020 + float(delay), number) for number, delay in enumerate(delays_s)]


def queued(arrivals: list[tuple[float, int]]) -> Iterator[tuple[float, int]]:
    """The same through one queue: nobody overtakes."""
    last = 0.0
    for at, number in sorted(arrivals, key=lambda arrival: arrival[1]):
        last = max(last, at)
        yield last, number


def pareto(shape: float, seed: int, packets: int = 6_000, mean_s: float = 0.025) -> list[tuple[float, int]]:
    least = mean_s * (shape - 1.0) / shape
    return sent(least * (1.0 + np.random.default_rng(seed).pareto(shape, packets)))


def with_stalls(at: list[int], length_s: float, packets: int = 1_500) -> list[tuple[float, int]]:
    """A clean path that stands still for a while after the packets named."""
    delays = np.full(packets, 0.002)
    delays[at] += length_s
    return list(queued(sent(delays)))


def test_pareto_jitter_costs_little_delay_and_few_gaps() -> None:
    replays = [replayed(pareto(3.0, seed), seed) for seed in range(8)]  # two minutes each
    assert np.mean([np.mean(replay.held_ms) for replay in replays]) <= 70.0
    assert np.mean([replay.concealed_pct for replay in replays]) <= 1.0
    assert max(np.mean(replay.held_ms) for replay in replays) <= 75.0
    assert max(replay.concealed_pct for replay in replays) <= 1.15


@pytest.mark.parametrize("seed", range(4))
def test_jitter_in_one_queue_which_comes_in_trains_costs_hardly_more(seed: int) -> None:
    replay = replayed(list(queued(pareto(4.0, seed))))
    assert np.mean(replay.held_ms) <= 70.0
    assert replay.concealed_pct <= 1.0


def test_a_clean_link_costs_one_frame_and_nothing_is_touched() -> None:
    replay = replayed(with_stalls([], 0.0))
    assert np.mean(replay.held_ms) < 30.0
    assert sum(replay.concealed_ms) == 0.0
    assert not any(replay.stretched_ms)


def test_a_spike_is_bridged_and_its_delay_played_off_within_five_seconds() -> None:
    replay = replayed(with_stalls([500], 0.300))
    before = replay.delay_ms[490]
    assert max(replay.delay_ms[500:530]) > before + 250.0  # at once: what comes late is still played
    assert 250.0 <= sum(replay.concealed_ms) <= 320.0
    assert max(replay.delay_ms[500 + 250 :]) <= before + 15.0
    assert replay.played == list(range(replay.played[-1] + 1))  # nothing left out on the way back
    assert replay.discarded == 0
    assert max(map(abs, replay.stretched_ms)) <= 3 * MOST_STRETCH_MS


def test_one_spike_does_not_raise_the_delay_of_what_follows_but_a_series_does() -> None:
    rare = replayed(with_stalls([300, 1_100], 0.200))
    assert np.mean(rare.delay_ms[600:1_050]) < 35.0
    often = replayed(with_stalls(list(range(100, 1_500, 100)), 0.120))
    assert np.mean(often.delay_ms[600:]) > 90.0
    assert sum(often.concealed_ms[600:]) < 0.4 * sum(often.concealed_ms[:600])


def test_a_path_that_becomes_slower_for_good_is_followed_and_forgotten() -> None:
    delays = np.full(2_000, 0.002)
    delays[500:] += 0.090
    replay = replayed(sent(delays))
    assert sum(replay.concealed_ms[:490]) == sum(replay.concealed_ms[520:]) == 0.0
    assert np.mean(replay.delay_ms[1_200:]) < 45.0
    forgotten = replay.stretched_ms[650:750]  # what is held is then counted from elsewhere; it is no longer or shorter
    assert sum(by_ms != 0.0 for by_ms in forgotten) <= 4


def test_two_paths_that_both_carry_everything_are_heard_once_and_as_soon_as_the_faster() -> None:
    first, second = pareto(3.0, 1, 3_000), pareto(3.0, 2, 3_000)
    both = replayed(first + second)
    assert both.played == sorted(set(both.played))
    assert both.duplicated > 2_900
    assert both.concealed_pct < 0.5 * replayed(first).concealed_pct
    assert np.mean(both.delay_ms) < np.mean(replayed(first).delay_ms)


def test_a_sender_that_starts_anew_far_behind_is_heard_within_a_frame_or_two() -> None:
    buffer: JitterBuffer[int] = JitterBuffer()
    heard = []
    for tick in range(400):
        number = 1_000 + tick if tick < 200 else tick - 200
        buffer.push(number, number * 20, number, tick * 0.020)
        taken = buffer.take(tick * 0.020 + 0.010)
        heard += [taken.packet] if isinstance(taken, Play) else []
    restart = heard.index(1)
    assert 195 <= restart <= 200
    assert heard[restart:] == list(range(1, 199))


def test_a_trace_is_replayed_the_same_every_time() -> None:
    assert replayed(pareto(3.0, 9, 1_000)) == replayed(pareto(3.0, 9, 1_000))
