"""The choice between relay and direct path, event by event."""

from hypothesis import given
from hypothesis import strategies as st

from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.path import MediaPathReport
from wzp_core.session.path import (
    Allowed,
    CandidatesChanged,
    DirectLost,
    DropDirect,
    Move,
    PathChoice,
    PathInput,
    PathPhase,
    PathTimer,
    Proven,
    Report,
    Search,
    SearchFailed,
    StopSearch,
    WarnPeer,
)
from wzp_core.session.state import PathReason

CALL = CallId("18a1b2c3d4e5f607")


def said(ok: bool, call_id: CallId = CALL) -> MediaPathReport:
    return MediaPathReport(call_id=call_id, direct_ok=ok, race_winner="Direct" if ok else "Relay")


def direct_call() -> PathChoice:
    path = PathChoice(CALL)
    path.handle(said(True), 0.0)
    assert path.handle(Proven(), 0.1) == [Report(said(True)), Move(direct=True)]
    return path


def test_media_moves_only_when_both_sides_proved_the_path() -> None:
    path = PathChoice(CALL)
    assert path.handle(Proven(), 0.0) == [Report(said(True))]
    assert not path.is_direct
    assert path.handle(said(True, CallId("another")), 0.1) == []
    assert path.handle(said(True), 0.1) == [Move(direct=True)]
    assert path.is_direct
    assert path.reason is None


def test_a_peer_that_never_reports_stays_on_the_relay() -> None:
    path = PathChoice(CALL)
    path.handle(Proven(), 0.0)
    assert path.deadline == 3.0
    assert path.handle(PathTimer(), 3.0) == [DropDirect()]
    assert (path.is_direct, path.reason) == (False, PathReason.PEER_OLD)


def test_a_lost_path_falls_back_at_once_tells_the_peer_and_is_looked_for_again() -> None:
    path = direct_call()
    assert path.handle(DirectLost(), 5.0) == [Move(direct=False), DropDirect(), Report(said(False))]
    assert path.reason is PathReason.PATH_LOST
    assert path.handle(PathTimer(), path.deadline or 0.0) == [Search(announce=True)]
    assert path.reason is PathReason.PATH_LOST  # until it is found


def test_what_the_peer_lost_is_lost_for_us_too() -> None:
    path = direct_call()
    assert path.handle(said(False), 5.0) == [Move(direct=False), DropDirect()]


def test_searches_that_fail_come_ever_more_rarely_until_something_changes() -> None:
    path = PathChoice(CALL)
    rests = []
    now = 0.0
    for _ in range(8):
        path.handle(SearchFailed(PathReason.NOT_REACHED), now)
        assert path.reason is PathReason.NOT_REACHED
        assert path.deadline is not None
        rests.append(path.deadline - now)
        now = path.deadline
        path.handle(PathTimer(), now)
    assert rests == sorted(rests)
    assert (rests[0], rests[-1]) == (15.0, 300.0)
    path.handle(SearchFailed(PathReason.NOT_REACHED), now)
    assert path.handle(CandidatesChanged(ours=False), now) == [Search(announce=False)]
    path.handle(SearchFailed(PathReason.NOT_REACHED), now)
    assert path.deadline == now + 15.0


def test_a_change_of_our_network_is_told_while_the_direct_path_still_seems_to_stand() -> None:
    path = direct_call()
    assert path.handle(CandidatesChanged(ours=True), 5.0) == [WarnPeer()]
    assert path.handle(CandidatesChanged(ours=False), 5.0) == []
    assert path.is_direct


INPUTS = st.sampled_from(
    [
        Proven(),
        DirectLost(),
        PathTimer(),
        SearchFailed(PathReason.NOT_REACHED),
        CandidatesChanged(ours=True),
        CandidatesChanged(ours=False),
        said(True),
        said(False),
        said(True, CallId("another")),
        Allowed(False),
        Allowed(True),
    ]
)


@given(st.lists(INPUTS, max_size=40))
def test_media_is_direct_only_between_a_proof_of_ours_and_a_report_of_the_peer(inputs: list[PathInput]) -> None:
    path = PathChoice(CALL)
    proven = direct = False
    for now, happened in enumerate(inputs):
        if isinstance(happened, Proven) and path.phase is PathPhase.SEARCHING:
            proven = True
        for effect in path.handle(happened, float(now)):
            match effect:
                case Move(direct=True):
                    assert proven
                    assert not direct
                    direct = True
                case Move():
                    assert direct or proven
                    direct = False
                case DropDirect() | Search():
                    proven = False
        assert path.is_direct == direct
        assert (path.reason is None) == direct


def test_a_setting_that_forbids_direct_paths_holds_at_once_and_one_that_allows_them_again_too() -> None:
    path = direct_call()
    assert path.handle(Allowed(True), 1.0) == []
    assert path.handle(Allowed(False), 1.0) == [Move(direct=False), StopSearch(), DropDirect(), Report(said(False))]
    assert (path.reason, path.deadline) == (PathReason.SETTING, None)
    for happened in (said(True), Proven(), DirectLost(), CandidatesChanged(ours=True), CandidatesChanged(ours=False)):
        assert path.handle(happened, 2.0) == []
    assert path.handle(Allowed(True), 3.0) == [Search(announce=True)]
