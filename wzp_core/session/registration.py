"""When to try the relay again."""

from wzp_core.errors import ErrorCode, RemoteViolation, WzpError

_DELAYS_S = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_BACK_PER_S = 100.0  # clients, which a relay registers with ease
_LONGEST_SPREAD_S = 15.0
_FINAL = {ErrorCode.REGISTRATION_REFUSED, ErrorCode.TOKEN_REFUSED, ErrorCode.RELAY_KEY_CHANGED}


def retry_delay_s(attempt: int, jitter: float) -> float:
    """Pause before attempt 0, 1, 2…; `jitter` in 0…1 spreads clients of one dead relay by a quarter."""
    delay = _DELAYS_S[min(attempt, len(_DELAYS_S) - 1)]
    return delay * (1 + 0.25 * jitter)


def return_delay_s(others: int, jitter: float) -> float:
    """Pause after the relay has stopped on purpose, which it told this client and `others` at once.

    If all came back at once, it would turn most of them away. `jitter` in 0…1.
    """
    return jitter * min(others / _BACK_PER_S, _LONGEST_SPREAD_S)


def may_retry(error: WzpError) -> bool:
    """A refusal or a changed key needs the user; everything else may pass by itself."""
    return not (isinstance(error, RemoteViolation) and error.code in _FINAL)
