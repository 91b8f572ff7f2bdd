"""Which packets are passed on, and to whom: the hot path, once for each datagram."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from relay.decide.effects import ConnectionId
from wzp_core.protocol.media.header import peek_stream_id, well_formed

T = TypeVar("T")


class Verdict(Enum):
    FORWARD = "forward"
    MALFORMED = "malformed"
    FOREIGN_STREAM = "foreign_stream"


def verdict(datagram: bytes, own_stream_id: int) -> Verdict:
    """A sender may speak only as itself, or unnamed as older ones do (e2e.md §1)."""
    if not well_formed(datagram):
        return Verdict.MALFORMED
    stream_id = peek_stream_id(datagram)
    return Verdict.FORWARD if stream_id in (0, own_stream_id) else Verdict.FOREIGN_STREAM


def recipients(members: Mapping[ConnectionId, T]) -> dict[ConnectionId, tuple[T, ...]]:
    """For each member everybody else; made anew when membership changes so that packets find it ready."""
    return {
        sender: tuple(member for connection, member in members.items() if connection != sender) for sender in members
    }
