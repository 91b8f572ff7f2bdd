import hashlib
import itertools

import pytest

from wzp_core.crypto.hkdf import hkdf
from wzp_core.crypto.sas import SasCallee, SasCaller, SasCode, among_decoys, commitment_of, sas_code
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.call import SasCommit, SasNonce, SasReveal

ROOT, CALL = b"\x05" * 32, CallId("18a1b2c3d4e5f607")
NONCE_A, NONCE_B = b"\xaa" * 32, b"\xbb" * 32
COMMIT = SasCommit(call_id=CALL, commitment=commitment_of(NONCE_A))
NONCE = SasNonce(call_id=CALL, nonce=NONCE_B)
REVEAL = SasReveal(call_id=CALL, nonce=NONCE_A)


@pytest.fixture
def caller():
    return SasCaller(ROOT, CALL, NONCE_A)


@pytest.fixture
def callee():
    return SasCallee(ROOT, CALL, NONCE_B, decoys=b"\x0d" * 16)


def must_fail(machine, message):
    with pytest.raises(RemoteViolation) as caught:
        machine.handle(message)
    assert caught.value.code is ErrorCode.VERIFICATION_FAILED


def test_both_ends_come_to_the_same_code_in_three_steps(caller, callee):
    commit = caller.commit()
    (nonce,) = callee.handle(commit)
    reveal, heard = caller.handle(nonce)
    (picked,) = callee.handle(reveal)
    assert (commit, nonce, reveal) == (COMMIT, NONCE, REVEAL)
    assert heard == SasCode(picked.code)
    assert picked.code in picked.choices


def test_the_code_is_what_the_text_says():
    number = int.from_bytes(hkdf(ROOT, b"warzone-sas-code", 4, salt=NONCE_A + NONCE_B), "big") % 1_000_000
    assert sas_code(ROOT, NONCE_A, NONCE_B).replace(" ", "") == f"{number:06d}"
    assert commitment_of(NONCE_A) == hashlib.sha256(b"wzp-sas-commit-v1" + NONCE_A).digest()


def test_the_code_depends_on_the_root_and_both_nonces():
    codes = {
        sas_code(ROOT, NONCE_A, NONCE_B),
        sas_code(ROOT, NONCE_B, NONCE_A),
        sas_code(ROOT, NONCE_A, NONCE_A),
        sas_code(b"\x06" * 32, NONCE_A, NONCE_B),
    }
    assert len(codes) == 4


def test_a_code_keeps_its_leading_zeros():
    codes = (sas_code(ROOT, bytes([a]) * 32, bytes([b]) * 32) for a, b in itertools.product(range(64), repeat=2))
    small = next(code for code in codes if code.startswith("00"))
    assert len(small) == 7


@pytest.mark.parametrize("message", [NONCE, REVEAL])
def test_the_callee_takes_nothing_before_the_commitment(callee, message):
    must_fail(callee, message)


@pytest.mark.parametrize("message", [COMMIT, SasCommit(call_id=CALL, commitment=bytes(32)), NONCE])
def test_the_callee_takes_no_second_commitment(callee, message):
    callee.handle(COMMIT)
    must_fail(callee, message)


@pytest.mark.parametrize("nonce", [NONCE_B, bytes(32), NONCE_A[:31], NONCE_A + b"\x00", b""])
def test_the_callee_takes_only_the_nonce_that_was_committed(callee, nonce):
    callee.handle(COMMIT)
    must_fail(callee, SasReveal(call_id=CALL, nonce=nonce))


def test_a_failed_check_stays_failed(callee):
    callee.handle(COMMIT)
    must_fail(callee, SasReveal(call_id=CALL, nonce=bytes(32)))
    must_fail(callee, REVEAL)


def test_a_second_commitment_after_the_code_fails(callee):
    callee.handle(COMMIT)
    callee.handle(REVEAL)
    must_fail(callee, COMMIT)


@pytest.mark.parametrize("message", [COMMIT, REVEAL, SasNonce(call_id=CALL, nonce=b"short")])
def test_the_caller_takes_a_nonce_and_nothing_else(caller, message):
    caller.commit()
    must_fail(caller, message)
    must_fail(caller, NONCE)


def test_the_caller_reveals_nothing_before_it_committed(caller):
    must_fail(caller, NONCE)


def test_the_caller_takes_no_second_nonce(caller):
    caller.commit()
    caller.handle(NONCE)
    must_fail(caller, SasNonce(call_id=CALL, nonce=bytes(32)))


def test_the_caller_commits_once(caller):
    caller.commit()
    with pytest.raises(LocalMisuse):
        caller.commit()


def test_signals_of_another_call_change_nothing(caller, callee):
    other = CallId("other")
    caller.commit()
    assert caller.handle(SasNonce(call_id=other, nonce=bytes(32))) == []
    assert callee.handle(SasReveal(call_id=other, nonce=bytes(32))) == []
    callee.handle(COMMIT)
    assert len(caller.handle(NONCE)) == 2


@pytest.mark.parametrize("entropy", [bytes([n]) * 16 for n in range(50)])
def test_decoys_are_three_and_not_easily_misheard(entropy):
    choices = among_decoys("123 456", entropy)
    assert len(choices) == 4
    assert "123 456" in choices
    for one, other in itertools.combinations(choices, 2):
        assert sum(a != b for a, b in zip(one, other, strict=True)) >= 2


def test_the_true_code_stands_anywhere_among_the_decoys():
    places = {among_decoys("500 000", bytes([n]) * 16).index("500 000") for n in range(50)}
    assert places == {0, 1, 2, 3}


def test_a_nonce_of_ours_that_is_too_short_is_a_mistake():
    with pytest.raises(LocalMisuse):
        SasCaller(ROOT, CALL, b"short")
