"""Why a relay lets nobody in, or stops: `RegisterPresenceAck.error`, and the reason it closes a link with."""

from wzp_core.errors import ErrorCode

REFUSALS = frozenset(
    {ErrorCode.TOKEN_REFUSED, ErrorCode.TOKEN_UNCHECKED, ErrorCode.NOT_ADMITTED, ErrorCode.LIMIT, ErrorCode.TIMED_OUT}
)
PASSING = frozenset({ErrorCode.TOKEN_UNCHECKED, ErrorCode.LIMIT, ErrorCode.TIMED_OUT})
"""May be over by itself."""
SHUTDOWN = "shutdown"
"""The relay stops on purpose: all its clients are told at the same moment."""


def refusal(text: object) -> ErrorCode | None:
    """The code a relay named; None for any other text."""
    return next((code for code in REFUSALS if code.value == text), None)
