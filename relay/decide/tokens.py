"""Whose token it is, by the answer of the operator's service (relay.md §4)."""

import json

from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.protocol.ids import Fingerprint, parse_fingerprint

LONGEST_TOKEN = 8192
LONGEST_ANSWER = 65_536  # bytes


def owner(status: int, body: bytes) -> Fingerprint:
    """Raises RemoteViolation(TOKEN_REFUSED), and Unavailable(TOKEN_UNCHECKED) where the service is not well."""
    if 400 <= status < 500:
        raise RemoteViolation(ErrorCode.TOKEN_REFUSED, status=status)
    if not 200 <= status < 300:
        raise Unavailable(ErrorCode.TOKEN_UNCHECKED, status=status)
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("valid"), bool):
        raise Unavailable(ErrorCode.TOKEN_UNCHECKED, reason="not the JSON that was expected", length=len(body))
    if not answer["valid"]:
        raise RemoteViolation(ErrorCode.TOKEN_REFUSED, reason="invalid")
    try:
        return parse_fingerprint(str(answer.get("fingerprint")))
    except RemoteViolation:
        raise Unavailable(ErrorCode.TOKEN_UNCHECKED, reason="no fingerprint") from None


def check_owner(token_owner: Fingerprint, claimed: Fingerprint) -> None:
    """A token is for one identity, which has to be the one that signs. Raises RemoteViolation(TOKEN_REFUSED)."""
    if token_owner != claimed:
        raise RemoteViolation(ErrorCode.TOKEN_REFUSED, reason="another's token", owner=token_owner, claimed=claimed)
