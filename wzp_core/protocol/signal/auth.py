"""Tokens."""

from dataclasses import dataclass, field

from wzp_core.protocol.signal.base import SignalMessage, signal


@signal("AuthToken")
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthToken(SignalMessage):
    """First signal on media and signal connections where the relay validates tokens."""

    token: str = field(repr=False)
