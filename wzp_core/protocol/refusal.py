"""Why a relay lets nobody in: `RegisterPresenceAck.error`, and the reason it closes a media link with."""

from wzp_core.errors import ErrorCode

REFUSALS = frozenset(
    {ErrorCode.TOKEN_REFUSED, ErrorCode.TOKEN_UNCHECKED, ErrorCode.NOT_ADMITTED, ErrorCode.LIMIT, ErrorCode.TIMED_OUT}
)
PASSING = frozenset({ErrorCode.TOKEN_UNCHECKED, ErrorCode.LIMIT, ErrorCode.TIMED_OUT})
"""May be over by itself."""


def refusal(text: object) -> ErrorCode | None:
    """The code a relay named; None for any other text."""
    return next((code for code in REFUSALS if code.value == text), None)
