"""When to try the relay again."""

import pytest

from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable, WzpError
from wzp_core.session.registration import may_retry, retry_delay_s, return_delay_s


def test_the_first_retry_is_at_once_and_later_ones_stop_growing_at_half_a_minute() -> None:
    delays = [retry_delay_s(n, 0.0) for n in range(20)]
    assert delays[0] == 0.0
    assert delays == sorted(delays)
    assert delays[-1] == 30.0


def test_chance_spreads_the_clients_of_a_dead_relay() -> None:
    assert retry_delay_s(8, 1.0) == 37.5


def test_after_a_planned_stop_the_longer_one_may_wait_the_more_others_were_told() -> None:
    assert return_delay_s(0, 1.0) == 0.0
    assert return_delay_s(3, 1.0) < 0.05
    assert [return_delay_s(1000, chance) for chance in (0.0, 0.5, 1.0)] == [0.0, 5.0, 10.0]
    assert return_delay_s(1_000_000, 1.0) == 15.0


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (Unavailable(ErrorCode.UNREACHABLE), True),
        (RemoteViolation(ErrorCode.UNEXPECTED_INPUT), True),
        (RemoteViolation(ErrorCode.REGISTRATION_REFUSED), False),
        (RemoteViolation(ErrorCode.TOKEN_REFUSED), False),
        (Unavailable(ErrorCode.TOKEN_UNCHECKED), True),
        (RemoteViolation(ErrorCode.RELAY_KEY_CHANGED), False),
    ],
)
def test_only_what_may_pass_by_itself_is_retried(error: WzpError, again: bool) -> None:
    assert may_retry(error) is again
