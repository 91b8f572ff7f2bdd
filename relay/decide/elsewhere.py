"""Clients of other relays, as the call registry asks for them."""

from typing import Final, Protocol

from relay.decide.effects import ConnectionId
from wzp_core.protocol.ids import Fingerprint


class Elsewhere(Protocol):
    """Clients of other relays."""

    def way(self, who: Fingerprint) -> ConnectionId | None:
        """The link towards somebody's relay; None where nobody is known to have that client."""

    def may_have(self, who: Fingerprint) -> bool:
        """Whether a relay that does not tell of its clients might have that one."""


class _Nobody:
    """Without other relays."""

    def way(self, who: Fingerprint) -> ConnectionId | None:  # noqa: ARG002
        return None

    def may_have(self, who: Fingerprint) -> bool:  # noqa: ARG002
        return False


NOBODY: Final = _Nobody()
