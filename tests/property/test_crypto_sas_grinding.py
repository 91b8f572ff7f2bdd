"""A man in the middle cannot make two codes match: shown on a code shortened to two digits.

He has one root with each victim and may try whatever he likes; he wins when both codes are equal. Without a commitment
(the older scheme: the code of the Diffie–Hellman secret alone) he tries keys until they are. With it, the order of the
signals leaves him one guess for each call.
"""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from wzp_core.crypto.hkdf import hkdf
from wzp_core.crypto.sas import SasCallee, SasCaller, SasCode, commitment_of, sas_code
from wzp_core.errors import RemoteViolation
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.call import SasCommit, SasNonce, SasReveal

CALL = CallId("call")
ROOT_WITH_CALLER, ROOT_WITH_CALLEE = b"\x01" * 32, b"\x02" * 32
TRIES = 2000


def shortened(code: str) -> str:
    return code[-2:]


def nonce(number: int, label: bytes = b"") -> bytes:
    return hkdf(label + number.to_bytes(4, "big"), b"test")


def attack(attempt: int) -> bool:
    """One call attacked as well as the order of the signals allows; True where both victims see one short code."""
    caller = SasCaller(ROOT_WITH_CALLER, CALL, nonce(attempt, b"caller"))
    callee = SasCallee(ROOT_WITH_CALLEE, CALL, nonce(attempt, b"callee"), decoys=bytes(16))
    caller.commit()  # tells nothing about the caller's nonce
    mine = nonce(attempt, b"mallory")
    (answer,) = callee.handle(SasCommit(call_id=CALL, commitment=commitment_of(mine)))  # binds Mallory to `mine`
    assert isinstance(answer, SasNonce)
    with_callee = sas_code(ROOT_WITH_CALLEE, mine, answer.nonce)

    # He knows what the callee will see, but what the caller will see depends on a nonce he has not seen:
    # grinding is over guesses of it.
    guess = nonce(attempt, b"guess")
    towards_caller = next(
        candidate
        for candidate in (nonce(n) for n in itertools.count())
        if shortened(sas_code(ROOT_WITH_CALLER, guess, candidate)) == shortened(with_callee)
    )
    reveal, seen_by_caller = caller.handle(SasNonce(call_id=CALL, nonce=towards_caller))
    assert isinstance(reveal, SasReveal)
    assert isinstance(seen_by_caller, SasCode)
    return shortened(seen_by_caller.code) == shortened(with_callee)


def test_without_a_commitment_grinding_always_wins():
    target = shortened(sas_code(ROOT_WITH_CALLER, nonce(1), nonce(2)))
    wins = any(shortened(sas_code(ROOT_WITH_CALLEE, nonce(n), nonce(2))) == target for n in range(TRIES))
    assert wins


def test_with_the_commitment_grinding_wins_no_more_often_than_chance():
    """2 of 200 calls on the short code; more than 8 in one of some 4000 such runs, and this run is always the same."""
    wins = sum(attack(attempt) for attempt in range(200))
    assert wins <= 8


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32), st.integers(0, TRIES))
def test_no_other_nonce_fits_a_commitment(other, number):
    """Once the callee's nonce is known, revealing a better one is refused, whichever it is."""
    callee = SasCallee(ROOT_WITH_CALLEE, CALL, nonce(number, b"callee"), decoys=bytes(16))
    callee.handle(SasCommit(call_id=CALL, commitment=commitment_of(nonce(number))))
    try:
        callee.handle(SasReveal(call_id=CALL, nonce=other))
    except RemoteViolation:
        assert other != nonce(number)
    else:
        assert other == nonce(number)
