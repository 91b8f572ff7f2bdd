import pytest

from wzp_core.engine.volumes import Volumes
from wzp_core.errors import LocalMisuse
from wzp_core.session.state import Participant, Volume

HAWK = "aaaa:bbbb"
GUEST = Participant(fingerprint="", stream_id=3).key


def test_everybody_is_heard_as_sent_until_told_otherwise() -> None:
    assert Volumes().of(HAWK) == Volume()
    assert Volume().gain == 1.0


def test_volume_and_mute_are_changed_each_for_itself() -> None:
    volumes = Volumes()
    volumes.change(HAWK, percent=150)
    volumes.change(HAWK, muted=True)
    assert volumes.of(HAWK) == Volume(percent=150, muted=True)
    assert volumes.of(HAWK).gain == 0.0
    volumes.change(HAWK, muted=False)
    assert volumes.of(HAWK).gain == 1.5
    assert volumes.of("cccc:dddd") == Volume()


@pytest.mark.parametrize("percent", [-1, 201, 10_000])
def test_a_volume_out_of_range_is_refused_and_changes_nothing(percent: int) -> None:
    volumes = Volumes()
    volumes.change(HAWK, percent=80)
    with pytest.raises(LocalMisuse):
        volumes.change(HAWK, percent=percent)
    assert volumes.of(HAWK).percent == 80


def test_after_a_conversation_nobody_is_muted_and_volumes_of_people_are_remembered() -> None:
    volumes = Volumes()
    for who in (HAWK, GUEST):
        volumes.change(who, percent=50, muted=True)
    volumes.conversation_over()
    assert volumes.of(HAWK) == Volume(percent=50)
    assert volumes.of(GUEST) == Volume()


def test_the_stream_of_a_guest_who_left_is_free_for_another_guest() -> None:
    volumes = Volumes()
    for who in (HAWK, GUEST, "guest 4"):
        volumes.change(who, percent=0)
    volumes.forget_guests(but={GUEST})
    assert [volumes.of(who).percent for who in (HAWK, GUEST, "guest 4")] == [0, 0, 100]


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    volumes = Volumes()
    for number in range(4001):
        volumes.change(f"person {number}", percent=50)
    assert volumes.of("person 0") == Volume()
    assert volumes.of("person 1").percent == volumes.of("person 4000").percent == 50


def test_what_no_volume_can_be_is_passed_over_on_disk() -> None:
    volumes = Volumes()
    volumes.remember(HAWK, 100_000)
    assert volumes.of(HAWK) == Volume()
