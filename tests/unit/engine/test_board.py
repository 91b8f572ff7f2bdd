"""The state a UI sees."""

from wzp_core.engine.board import Board
from wzp_core.session.state import AppState


def test_only_a_change_is_told() -> None:
    told: list[AppState] = []
    board = Board(AppState(), told.append)
    board.set(mic_muted=False)
    assert told == []
    board.set(mic_muted=True)
    board.set(mic_muted=True)
    assert [state.mic_muted for state in told] == [True]
    assert board.state is told[0]
