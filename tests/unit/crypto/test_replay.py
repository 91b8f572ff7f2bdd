from wzp_core.crypto.replay import WINDOW, ReplayWindow


def window_after(*indices: int) -> ReplayWindow:
    window = ReplayWindow()
    for index in indices:
        assert window.is_fresh(index)
        window.mark(index)
    return window


def test_nothing_is_seen_at_first():
    assert all(ReplayWindow().is_fresh(index) for index in (0, 1, 1 << 40))


def test_what_was_seen_is_seen_and_its_neighbours_are_not():
    window = window_after(5)
    assert [window.is_fresh(index) for index in (4, 5, 6)] == [True, False, True]


def test_late_packets_are_taken_as_far_back_as_the_window_reaches():
    window = window_after(10_000)
    assert window.is_fresh(10_000 - WINDOW + 1)
    assert not window.is_fresh(10_000 - WINDOW)


def test_a_jump_beyond_the_window_forgets_what_is_behind_and_nothing_else():
    window = window_after(0, 5000, 5000 - WINDOW + 1)
    assert not window.is_fresh(0)
    assert not window.is_fresh(5000 - WINDOW + 1)
    assert window.is_fresh(5000 - WINDOW + 2)


def test_the_window_keeps_its_size_whatever_it_has_seen():
    window = window_after(*range(0, 1 << 20, 511))
    assert window._seen.bit_length() <= WINDOW
