"""Who dials whom on the way to a direct path (calls.md §6.1)."""

from enum import Enum

from wzp_core.protocol.ids import CallId, call_room


class Role(Enum):
    """One side's part; each side computes its own from the same two texts."""

    ACCEPTOR = "acceptor"
    DIALER = "dialer"


def role_of(own_reflexive: str | None, peer_reflexive: str | None) -> Role | None:
    """The smaller *text* accepts; both are to be given exactly as exchanged. None: no direct path is tried."""
    if not own_reflexive or not peer_reflexive or own_reflexive == peer_reflexive:
        return None
    return Role.ACCEPTOR if own_reflexive.encode() < peer_reflexive.encode() else Role.DIALER


def direct_sni(call_id: CallId) -> str:
    """The server name of a direct connection."""
    return f"call-{call_room(call_id)}"
