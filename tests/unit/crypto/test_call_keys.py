"""Keys of a direct call (e2e.md §2), computed here a second time from the text, and everything that must be refused."""

import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wzp_core.crypto.call_keys import (
    CalleeKeys,
    CallerKeys,
    is_end_to_end,
    mix_root,
    sign_answer,
    sign_offer,
    verify_answer,
    verify_offer,
)
from wzp_core.crypto.identity import Identity, verify
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.profile import GOOD
from wzp_core.protocol.signal.call import CallAcceptMode, DirectCallAnswer, DirectCallOffer

ALICE, BOB, MALLORY = (Identity.from_seed(bytes([n]) * 32) for n in (1, 2, 3))
ALICE_SECRET, BOB_SECRET, MALLORY_SECRET = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32
BLANK_OFFER = DirectCallOffer(
    caller_fingerprint=ALICE.fingerprint,
    target_fingerprint=BOB.fingerprint,
    call_id=CallId("18a1b2c3d4e5f607"),
    identity_pub=bytes(32),
    ephemeral_pub=bytes(32),
    signature=b"",
    supported_profiles=(GOOD,),
)
BLANK_ANSWER = DirectCallAnswer(call_id=BLANK_OFFER.call_id, accept_mode=CallAcceptMode.ACCEPT_TRUSTED)


@pytest.fixture
def alice():
    return CallerKeys(ALICE, ALICE_SECRET)


@pytest.fixture
def offer(alice):
    return alice.offer(BLANK_OFFER)


@pytest.fixture
def bob():
    return CalleeKeys(BOB, BOB_SECRET)


def refusal(act, *arguments):
    with pytest.raises(RemoteViolation) as caught:
        act(*arguments)
    return caught.value.code


def test_both_ends_have_the_root_that_the_text_says(alice, offer, bob):
    answer, bobs_root = bob.answer(offer, BLANK_ANSWER)

    def lp(text: str) -> bytes:
        return len(text).to_bytes(2, "big") + text.encode()

    names = lp(BLANK_OFFER.call_id) + lp(ALICE.fingerprint) + lp(BOB.fingerprint)
    offer_t = b"wzp-e2e-offer-v1" + names + ALICE.public_key + offer.ephemeral_pub
    answer_t = b"wzp-e2e-answer-v1" + hashlib.sha256(offer_t).digest() + BOB.public_key + answer.ephemeral_pub
    shared = X25519PrivateKey.from_private_bytes(ALICE_SECRET).exchange(
        X25519PublicKey.from_public_bytes(answer.ephemeral_pub)
    )
    salt = hashlib.sha256(answer_t).digest()
    root = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"wzp-e2e-root-v1").derive(shared)
    assert alice.root(answer) == bobs_root == root
    assert verify(ALICE.public_key, offer.signature[:64], offer_t)
    assert verify(BOB.public_key, answer.signature[:64], answer_t)
    assert offer.signature[64:] == answer.signature[64:] == b"\x01"


def test_the_root_is_the_one_of_the_first_release(alice, offer, bob):
    """A change here would cut off every build in use."""
    assert (
        bob.answer(offer, BLANK_ANSWER)[1].hex() == "604e3e5babee29cf30c3e42859987becf6d17b858800d820d82638f8c6e6f794"
    )


def test_keys_leave_everything_else_of_the_signals_alone(offer, bob):
    answer, _ = bob.answer(offer, replace(BLANK_ANSWER, callee_build_version="x"))
    assert replace(offer, identity_pub=bytes(32), ephemeral_pub=bytes(32), signature=b"") == BLANK_OFFER
    assert answer.callee_build_version == "x"


@pytest.mark.parametrize(
    ("signature", "capable"),
    [(None, False), (b"", False), (bytes(64), False), (bytes(64) + b"\x01", True), (bytes(64) + b"\x02", False)],
)
def test_the_byte_after_the_signature_announces_the_ability(signature, capable):
    assert is_end_to_end(signature) is capable


@pytest.mark.parametrize(
    "change",
    [
        {"call_id": "other"},
        {"ephemeral_pub": bytes(31) + b"\x09"},
        {"signature": b""},
        {"signature": bytes(64)},
        {"signature": bytes(64) + b"\x01"},
    ],
)
def test_a_changed_offer_is_refused(offer, bob, change):
    assert refusal(bob.check, replace(offer, **change)) is ErrorCode.BAD_SIGNATURE


def test_an_offer_stripped_of_its_announcement_is_no_end_to_end_offer(offer, bob):
    stripped = replace(offer, signature=offer.signature[:64])
    assert not is_end_to_end(stripped.signature)
    assert refusal(bob.check, stripped) is ErrorCode.BAD_SIGNATURE


def test_an_offer_under_a_false_name_is_refused(bob):
    forged = sign_offer(MALLORY, replace(BLANK_OFFER, identity_pub=MALLORY.public_key, ephemeral_pub=b"\x09" * 32))
    assert refusal(bob.check, forged) is ErrorCode.WRONG_IDENTITY


def test_an_offer_to_somebody_else_is_refused(offer):
    assert refusal(CalleeKeys(MALLORY, MALLORY_SECRET).check, offer) is ErrorCode.WRONG_IDENTITY
    assert refusal(verify_offer, offer, MALLORY.fingerprint) is ErrorCode.WRONG_IDENTITY


def test_a_name_written_in_another_form_is_another_name(offer, bob):
    assert refusal(bob.check, replace(offer, caller_fingerprint=ALICE.fingerprint.upper())) is ErrorCode.WRONG_IDENTITY


def test_somebody_else_answering_is_refused(alice, offer):
    """Mallory sees Alice's offer and answers with keys of her own, honestly signed."""
    forged = replace(BLANK_ANSWER, identity_pub=MALLORY.public_key, ephemeral_pub=b"\x09" * 32)
    assert refusal(alice.root, sign_answer(MALLORY, offer, forged)) is ErrorCode.WRONG_IDENTITY


def test_a_man_in_the_middle_who_replaces_the_ephemeral_keys_is_refused(alice, offer, bob):
    mallorys = CallerKeys(MALLORY, MALLORY_SECRET).offer(BLANK_OFFER).ephemeral_pub
    assert refusal(bob.check, replace(offer, ephemeral_pub=mallorys)) is ErrorCode.BAD_SIGNATURE
    answer, _ = bob.answer(offer, BLANK_ANSWER)
    assert refusal(alice.root, replace(answer, ephemeral_pub=mallorys)) is ErrorCode.BAD_SIGNATURE


def test_an_answer_to_another_offer_is_refused(alice, offer, bob):
    """A recorded answer cannot be played again: it binds the caller's fresh key."""
    recorded, _ = bob.answer(CallerKeys(ALICE, b"\x44" * 32).offer(BLANK_OFFER), BLANK_ANSWER)
    assert refusal(alice.root, recorded) is ErrorCode.BAD_SIGNATURE


@pytest.mark.parametrize("missing", ["identity_pub", "ephemeral_pub", "signature"])
def test_an_answer_without_keys_is_refused(alice, offer, bob, missing):
    answer, _ = bob.answer(offer, BLANK_ANSWER)
    code = ErrorCode.WRONG_IDENTITY if missing == "identity_pub" else ErrorCode.BAD_SIGNATURE
    assert refusal(alice.root, replace(answer, **{missing: None})) is code


@pytest.mark.parametrize("weak", [bytes(32), b"\x01" + bytes(31)])
def test_a_signed_but_weak_key_is_refused_on_both_sides(alice, offer, bob, weak):
    weak_offer = sign_offer(ALICE, replace(offer, ephemeral_pub=weak))
    bob.check(weak_offer)
    assert refusal(bob.answer, weak_offer, BLANK_ANSWER) is ErrorCode.WEAK_KEY
    weak_answer = sign_answer(BOB, offer, replace(BLANK_ANSWER, identity_pub=BOB.public_key, ephemeral_pub=weak))
    verify_answer(offer, weak_answer)
    assert refusal(alice.root, weak_answer) is ErrorCode.WEAK_KEY


def test_an_ephemeral_secret_is_used_once_even_where_that_failed(alice, offer, bob):
    answer, _ = bob.answer(offer, BLANK_ANSWER)
    with pytest.raises(LocalMisuse):
        bob.answer(offer, BLANK_ANSWER)
    assert refusal(alice.root, replace(answer, signature=None)) is ErrorCode.BAD_SIGNATURE
    with pytest.raises(LocalMisuse):
        alice.root(answer)
    with pytest.raises(LocalMisuse):
        alice.offer(BLANK_OFFER)


def test_an_answer_without_an_offer_is_our_own_mistake(alice):
    with pytest.raises(LocalMisuse):
        alice.root(BLANK_ANSWER)


def test_a_name_without_bounds_is_refused(bob):
    endless = replace(BLANK_OFFER, identity_pub=ALICE.public_key, call_id=CallId("x" * 70_000))
    assert refusal(bob.check, endless) is ErrorCode.TOO_LARGE


def test_a_mixed_root_needs_both_the_old_root_and_the_new_secret():
    mixed = mix_root(b"\x01" * 32, b"\x02" * 32)
    expected = HKDF(algorithm=SHA256(), length=32, salt=b"\x01" * 32, info=b"wzp-e2e-rekey-v1").derive(b"\x02" * 32)
    assert mixed == expected
    assert len({mixed, mix_root(b"\x01" * 32, b"\x03" * 32), mix_root(b"\x03" * 32, b"\x02" * 32)}) == 3
