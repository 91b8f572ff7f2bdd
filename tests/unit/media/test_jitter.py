import pytest

from wzp_core.media.jitter import MOST_HELD, JitterBuffer, Missing, Play, Pushed, Wait
from wzp_core.media.pace import Pace


class Line:
    """A buffer between a sender and a player that both tick every 20 ms; its speech cannot be stretched."""

    def __init__(self, first: int = 0) -> None:
        self.buffer: JitterBuffer[int] = JitterBuffer()
        self.first = first
        self.now = 100.0

    def push(self, number: int, *, reach_ms: float = 0.0, at: float | None = None) -> Pushed:
        sequence = (self.first + number) & 0xFFFF
        return self.buffer.push(sequence, number * 20, number, self.now if at is None else at, reach_ms=reach_ms)

    def tick(self, *numbers: int, reach_ms: float = 0.0, quiet: bool = True) -> object:
        """The packets arrive, one frame is played 5 ms later, and 20 ms pass."""
        for number in numbers:
            self.push(number, reach_ms=reach_ms)
        taken = self.buffer.take(self.now + 0.005, quiet=quiet)
        self.now += 0.020
        return taken


class StretchingLine(Line):
    """Every packet can be stretched by 8 ms."""

    def __init__(self) -> None:
        super().__init__()
        self.pending_ms = 0.0

    def tick(self, *numbers: int, reach_ms: float = 0.0, quiet: bool = True) -> list[object]:  # type: ignore[override]
        for number in numbers:
            self.push(number, reach_ms=reach_ms)
        heard: list[object] = []
        while self.pending_ms < 20.0:
            heard.append(taken := self.buffer.take(self.now + 0.005, pending_ms=self.pending_ms, quiet=quiet))
            self.pending_ms += taken.fill_ms if isinstance(taken, Wait) else 20.0 + self._stretch(taken.pace)
        self.pending_ms -= 20.0
        self.now += 0.020
        return heard

    def _stretch(self, pace: Pace) -> float:
        by_ms = {Pace.NORMAL: 0.0, Pace.EXPAND: 8.0}.get(pace, -8.0)
        if by_ms:
            self.buffer.stretched(by_ms)
        return by_ms


def settled(first: int = 0) -> tuple[Line, int]:
    """A line whose target has come down to one frame, and the next number to send."""
    line = Line(first)
    for number in range(300):
        line.tick(number)
    assert line.buffer.target_ms == 20.0
    return line, 300


def played(taken: list[object]) -> list[int]:
    return [t.packet for t in taken if isinstance(t, Play)]


def test_a_clean_stream_is_played_whole_and_soon() -> None:
    line = Line()
    taken = [line.tick(number) for number in range(300)]
    assert played(taken) == list(range(299))
    assert line.buffer.delay_ms < 30.0
    assert (line.buffer.lost, line.buffer.late, line.buffer.duplicated, line.buffer.discarded) == (0, 0, 0, 0)


def test_nothing_is_due_before_anything_came() -> None:
    assert JitterBuffer[int]().take(0.0) == Wait(started=False)


def test_playing_does_not_begin_before_the_target_is_reached() -> None:
    line = Line()
    assert line.tick(0) == Wait(started=False)
    assert line.buffer.target_ms == 30.0
    assert line.tick(1) == Play(0)


def test_swapped_packets_are_played_in_order() -> None:
    line = Line()
    for number in range(3):
        line.tick(number)
    taken = [line.tick(4, 3), line.tick(), line.tick(5), line.tick(6), line.tick(7)]
    assert played(taken) == sorted(played(taken))
    assert {3, 4} <= set(played(taken))


def test_sequence_numbers_wrap_without_a_hitch() -> None:
    line = Line(first=65_500)
    taken = [line.tick(number) for number in range(100)]
    assert played(taken) == list(range(99))
    assert line.buffer.lost == 0


def test_a_second_copy_is_dropped_before_and_after_the_first_was_played() -> None:
    line, number = settled()
    line.push(number)
    assert line.push(number) is Pushed.DUPLICATE
    line.tick(number + 1)
    line.tick(number + 2)
    assert line.push(number) is Pushed.DUPLICATE
    assert line.buffer.duplicated == 2


def test_a_packet_after_its_turn_is_late_and_its_frame_was_lost() -> None:
    line, number = settled()
    taken = [line.tick(number + 1), line.tick(number + 2), line.tick(number + 3)]
    assert any(isinstance(t, Missing) for t in taken)
    assert line.push(number) is Pushed.LATE
    assert (line.buffer.late, line.buffer.lost) == (1, 1)


def test_a_missing_frame_names_the_packet_it_may_be_rebuilt_from() -> None:
    line, number = settled()
    line.tick()
    taken = [line.tick(number + 2, reach_ms=100.0) for _ in range(1)]
    while not any(isinstance(t, Missing) for t in taken):
        taken.append(line.tick())
    (missing,) = [t for t in taken if isinstance(t, Missing)][:1]
    assert missing.later == number + 2
    assert missing.distance in (1, 2)


def test_an_empty_buffer_waits_in_place_so_that_a_delayed_packet_is_still_played() -> None:
    line, number = settled()
    taken = [line.tick() for _ in range(5)]
    assert taken[1:] == [Wait(started=True)] * 4
    taken = [line.tick(*range(number, number + 6)), *[line.tick(n) for n in range(number + 6, number + 20)]]
    assert played(taken)[:2] == [number, number + 1]
    assert line.buffer.lost == 0


def test_frames_lost_while_waiting_are_not_played_as_gaps_again() -> None:
    line, number = settled()
    for _ in range(10):
        line.tick()
    taken = [line.tick(number + 10), line.tick(number + 11), line.tick(number + 12)]
    assert played(taken)[-1] >= number + 11
    assert sum(isinstance(t, Missing) for t in taken) <= 1
    assert line.buffer.lost == 10


def test_bursts_of_loss_that_can_be_rebuilt_are_waited_for() -> None:
    line, number = settled()
    rebuilt = 0
    for burst in range(20):
        start = number + burst * 30
        taken = [line.tick(n, reach_ms=200.0) if n >= start + 5 else line.tick() for n in range(start, start + 30)]
        rebuilt += sum(isinstance(t, Missing) for t in taken)
    assert line.buffer.target_ms >= 100.0
    assert rebuilt > 70  # of 100
    assert line.buffer.lost == 100


def test_delay_is_given_back_by_playing_faster_once_it_is_no_longer_needed() -> None:
    line = StretchingLine()
    for start in range(0, 400, 8):  # packets come in lumps of eight
        for _ in range(7):
            line.tick(quiet=False)
        line.tick(*range(start, start + 8), quiet=False)
    assert line.buffer.delay_ms > 100.0
    heard = [taken for n in range(400, 2_400) for taken in line.tick(n, quiet=False)]
    assert line.buffer.delay_ms <= 40.0  # the rest waits for a pause
    assert played(heard)[-1] >= 2_398
    assert not any(isinstance(taken, Wait | Missing) for taken in heard[50:])
    assert line.buffer.lost == line.buffer.discarded == 0


def test_in_speech_that_cannot_be_stretched_a_small_excess_of_delay_is_left_alone() -> None:
    line, number = settled()
    for _ in range(3):
        line.tick()
    line.push(number), line.push(number + 1), line.push(number + 2), line.push(number + 3)
    taken = [line.tick(n, quiet=False) for n in range(number + 4, number + 40)]
    assert played(taken) == list(range(number, number + 36))


def test_stretches_in_speech_are_spread_out() -> None:
    line, number = settled()
    line.tick(), line.tick(), line.tick()
    line.push(number), line.push(number + 1), line.push(number + 2)
    wanted = []
    for n in range(number + 3, number + 20):
        taken = line.tick(n, quiet=False)
        wanted.append(isinstance(taken, Play) and taken.pace is Pace.ACCELERATE)
        if wanted[-1]:
            line.buffer.stretched(-3.0)
    assert sum(wanted) >= 2
    assert not any(a and (b or c) for a, b, c in zip(wanted, wanted[1:], wanted[2:], strict=False))


def test_a_last_packet_is_drawn_out_when_the_next_one_should_be_here() -> None:
    line = StretchingLine()
    for number in range(100):  # 60 ms of jitter keep the delay up
        line.push(number, at=line.now + 0.060 * (number % 2))
        line.tick(quiet=False)
    while len(line.buffer) > 1:
        line.tick(quiet=False)
    assert line.buffer.delay_ms > 40.0
    taken = line.buffer.take(line.now + 0.005, quiet=False)
    assert isinstance(taken, Play)
    assert taken.pace is Pace.EXPAND


def test_an_underrun_is_filled_only_as_far_as_needed() -> None:
    line, _ = settled()
    line.tick()
    assert line.buffer.take(line.now, pending_ms=12.5, quiet=False) == Wait(started=True, fill_ms=10)
    assert line.buffer.take(line.now, pending_ms=2.5, quiet=False) == Wait(started=True, fill_ms=20)


def test_a_player_that_stood_still_jumps_to_the_present() -> None:
    line, number = settled()
    for n in range(number, number + 90):
        line.push(n)
        line.now += 0.020
    taken = [line.tick(n) for n in range(number + 90, number + 100)]
    assert played(taken)[0] > number + 80
    assert line.buffer.discarded > 70
    assert line.buffer.lost == 0


def test_the_buffer_is_bounded_and_gives_up_the_oldest() -> None:
    line = Line()
    for number in range(250):
        line.push(number)
        line.now += 0.020
    assert len(line.buffer) == MOST_HELD
    assert line.buffer.discarded == 150


@pytest.mark.parametrize("jump", [-5_000, 5_000, 20_000])
def test_a_sender_that_starts_anew_is_followed_after_two_packets(jump: int) -> None:
    line, number = settled()
    assert line.push(number + jump) is Pushed.LATE
    assert line.push(number + jump + 1) is Pushed.RESET
    taken = [line.tick(n) for n in range(number + jump + 2, number + jump + 8)]
    assert played(taken)[0] == number + jump + 1
    assert line.buffer.lost == 0


def test_one_stray_packet_does_not_end_a_stream() -> None:
    line, number = settled()
    line.push(number - 3_000)
    taken = [line.tick(n) for n in range(number, number + 10)]
    assert played(taken)[-1] >= number + 8


def test_an_outage_is_loss_and_no_new_stream() -> None:
    line, number = settled()
    for _ in range(500):
        line.tick()
    taken = [line.tick(n) for n in range(number + 500, number + 510)]
    assert played(taken)[0] == number + 500
    assert line.buffer.lost == 500


def test_packets_without_audio_keep_their_place_and_are_not_lost() -> None:
    line, number = settled()
    heard: list[object] = []
    for n in range(number, number + 30):
        if n % 3 == 0:
            line.buffer.push(n, n * 20, None, line.now)
            heard.append(line.tick())
        else:
            heard.append(line.tick(n))
    assert line.buffer.lost == 0
    assert played(heard)[-1] >= number + 25


def test_a_pause_that_only_the_timestamps_tell_is_kept() -> None:
    line, number = settled()
    for _ in range(50):
        line.tick()
    for n in range(number, number + 5):
        line.buffer.push(n, (n + 50) * 20, n, line.now)
        line.tick()
    assert line.buffer.lost == 0
    assert line.buffer.target_ms == 20.0


def test_timestamps_that_stand_still_do_no_harm() -> None:
    buffer: JitterBuffer[int] = JitterBuffer()
    heard = []
    for n in range(200):
        buffer.push(n, 0, n, n * 0.020)
        heard.append(buffer.take(n * 0.020 + 0.005))
    assert played(heard) == list(range(199))


def test_what_was_withheld_in_a_pause_is_not_lost() -> None:
    line, number = settled()
    for _ in range(100):
        line.tick()
    line.buffer.resume((number + 100) & 0xFFFF, line.now)
    taken = [line.tick(number + 100 + n) for n in range(3)]
    assert [play.packet for play in taken if isinstance(play, Play)] == [number + 100, number + 101, number + 102]
    assert line.buffer.lost == 0


def test_a_stray_packet_resumes_nothing() -> None:
    line, number = settled()
    assert line.tick() == Play(number - 1)
    line.buffer.resume((number + 2000) & 0xFFFF, line.now)
    line.buffer.resume((number - 5) & 0xFFFF, line.now)
    assert line.tick(number) == Play(number)
