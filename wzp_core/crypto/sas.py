"""The spoken code, with a commitment: neither side can choose its nonce after seeing the other's (e2e.md §4)."""

import hashlib
import hmac
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from wzp_core.crypto.hkdf import hkdf
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import SasCommit, SasNonce, SasReveal

_NONCE_BYTES = 32
_CODES = 1_000_000
_DECOYS = 3


@dataclass(frozen=True, slots=True)
class SasCode:
    """The code, `123 456`. `choices` are the code among decoys, for the side that picks what it hears."""

    code: str
    choices: tuple[str, ...] = ()


SasStep: TypeAlias = SasCommit | SasNonce | SasReveal | SasCode
"""What the machines answer: a signal to send, or the finished code."""


class _Phase(Enum):
    NEW = "new"
    COMMITTED = "committed"
    DONE = "done"
    FAILED = "failed"


class SasCaller:
    """Commits, waits for the callee's nonce, reveals. The caller reads the code aloud."""

    def __init__(self, root: bytes, call_id: CallId, nonce: bytes) -> None:
        _check_nonce_is_ours(nonce)
        self._root, self._call_id, self._nonce = root, call_id, nonce
        self._phase = _Phase.NEW

    def commit(self) -> SasCommit:
        """The first step, once."""
        if self._phase is not _Phase.NEW:
            raise LocalMisuse(ErrorCode.UNEXPECTED_INPUT, what="second commitment")
        self._phase = _Phase.COMMITTED
        return SasCommit(call_id=self._call_id, commitment=commitment_of(self._nonce))

    def handle(self, message: SignalMessage) -> list[SasStep]:
        """Raises RemoteViolation(VERIFICATION_FAILED) for anything out of order, and for ever after."""
        match self._phase, message:
            case _, SasCommit(call_id=call) | SasNonce(call_id=call) | SasReveal(call_id=call) if call != self._call_id:
                return []
            case _Phase.COMMITTED, SasNonce(nonce=nonce) if len(nonce) == _NONCE_BYTES:
                self._phase = _Phase.DONE
                reveal = SasReveal(call_id=self._call_id, nonce=self._nonce)
                return [reveal, SasCode(sas_code(self._root, self._nonce, nonce))]
        self._phase = _Phase.FAILED
        raise RemoteViolation(ErrorCode.VERIFICATION_FAILED, got=type(message).__name__)


class SasCallee:
    """Answers a commitment with a nonce and holds the caller to it. The callee picks the code it hears."""

    def __init__(self, root: bytes, call_id: CallId, nonce: bytes, *, decoys: bytes) -> None:
        """`decoys` is entropy for the wrong codes to choose among."""
        _check_nonce_is_ours(nonce)
        self._root, self._call_id, self._nonce, self._decoys = root, call_id, nonce, decoys
        self._commitment = b""
        self._phase = _Phase.NEW

    def handle(self, message: SignalMessage) -> list[SasStep]:
        """Raises RemoteViolation(VERIFICATION_FAILED) for anything out of order, and for ever after."""
        match self._phase, message:
            case _, SasCommit(call_id=call) | SasNonce(call_id=call) | SasReveal(call_id=call) if call != self._call_id:
                return []
            case _Phase.NEW, SasCommit(commitment=commitment):
                self._phase, self._commitment = _Phase.COMMITTED, commitment
                return [SasNonce(call_id=self._call_id, nonce=self._nonce)]
            case _Phase.COMMITTED, SasReveal(nonce=nonce) if self._was_committed(nonce):
                self._phase = _Phase.DONE
                code = sas_code(self._root, nonce, self._nonce)
                return [SasCode(code, among_decoys(code, self._decoys))]
        self._phase = _Phase.FAILED
        raise RemoteViolation(ErrorCode.VERIFICATION_FAILED, got=type(message).__name__)

    def _was_committed(self, nonce: bytes) -> bool:
        return len(nonce) == _NONCE_BYTES and hmac.compare_digest(commitment_of(nonce), self._commitment)


def commitment_of(nonce: bytes) -> bytes:
    """What the caller shows first: it fixes the nonce without telling it."""
    return hashlib.sha256(b"wzp-sas-commit-v1" + nonce).digest()


def sas_code(root: bytes, nonce_caller: bytes, nonce_callee: bytes) -> str:
    """Six digits in two groups."""
    drawn = hkdf(root, b"warzone-sas-code", 4, salt=nonce_caller + nonce_callee)
    return _grouped(int.from_bytes(drawn, "big") % _CODES)


def among_decoys(code: str, entropy: bytes) -> tuple[str, ...]:
    """The code and three others, ascending; any two differ in two digits at least, as one is easily misheard."""
    choices = [code]
    for candidate in _draws(entropy):
        if all(sum(a != b for a, b in zip(candidate, chosen, strict=True)) >= 2 for chosen in choices):
            choices.append(candidate)
        if len(choices) > _DECOYS:
            break
    return tuple(sorted(choices))


def _draws(entropy: bytes) -> Iterator[str]:
    for count in itertools.count():
        drawn = hkdf(entropy, b"wzp-sas-decoy" + count.to_bytes(4, "big"), 4)
        yield _grouped(int.from_bytes(drawn, "big") % _CODES)


def _grouped(code: int) -> str:
    digits = f"{code:06d}"
    return f"{digits[:3]} {digits[3:]}"


def _check_nonce_is_ours(nonce: bytes) -> None:
    if len(nonce) != _NONCE_BYTES:
        raise LocalMisuse(ErrorCode.BAD_VALUE, what="SAS nonce", length=len(nonce))
