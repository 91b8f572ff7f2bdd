"""Vectors of crypto.md §3 for the signatures of §2."""

from dataclasses import replace

import pytest

from wzp_core.crypto.agreement import ephemeral_public, shared_secret
from wzp_core.crypto.handshake import (
    call_answer,
    call_offer,
    check_call_answer,
    check_call_offer,
    check_register_presence,
    register_presence,
)
from wzp_core.crypto.identity import Identity
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.profile import GOOD

CLIENT, RELAY = Identity.from_seed(b"\x42" * 32), Identity.from_seed(bytes(range(32)))
CLIENT_SECRET, RELAY_SECRET = b"\x11" * 32, b"\x22" * 32

OFFER = call_offer(CLIENT, ephemeral_secret=CLIENT_SECRET, alias="Neon Fox", stream_id=7)
ANSWER = call_answer(RELAY, ephemeral_secret=RELAY_SECRET, stream_id=9)
REGISTRATION = register_presence(CLIENT, alias="Neon Fox")


def test_the_offer_is_the_published_one():
    assert OFFER.identity_pub == CLIENT.public_key
    assert OFFER.ephemeral_pub.hex() == "7b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f13"
    assert OFFER.signature.hex() == (
        "420d9b9ea1d77724c83ec5017dbcaf48e8342323ca7c51384796bddda2d780ca"
        "7112f4ad831c070ec75012cc02e5061afd44beb521634ea1f137f84645423c0d"
    )
    assert (OFFER.alias, OFFER.stream_id, len(OFFER.supported_profiles)) == ("Neon Fox", 7, 6)


def test_the_answer_is_the_published_one():
    assert ANSWER.ephemeral_pub.hex() == "0faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20"
    assert ANSWER.signature.hex() == (
        "f34b93a5ee9f8b80738ecaebd6791ece2d88988c08b3232cae78fcef47837b7e"
        "fe40fbb76ef25bc3582d6eb258c397c8aee5171f11b26cf2ff7d52369a671a02"
    )
    assert (ANSWER.chosen_profile, ANSWER.stream_id) == (GOOD, 9)


def test_the_registration_is_the_published_one():
    assert REGISTRATION.identity_pub == CLIENT.public_key
    assert REGISTRATION.signature.hex() == (
        "2cf391ce85f8d1aff9f2101a98c6e96097b6f3bb754cdc5545718be73dba14d2"
        "1d676ce7677c801fd2e1172e8554aef128919966f685c7589a650c10f28e0001"
    )


def test_both_ends_agree_on_the_published_secret():
    shared = "9e004098efc091d4ec2663b4e9f5cfd4d7064571690b4bea97ab146ab9f35056"
    assert shared_secret(CLIENT_SECRET, ephemeral_public(RELAY_SECRET)).hex() == shared
    assert shared_secret(RELAY_SECRET, ephemeral_public(CLIENT_SECRET)).hex() == shared


@pytest.mark.parametrize("public_key", [bytes(32), b"\x01" + bytes(31), b"", bytes(31)])
def test_a_key_that_forces_the_secret_is_refused(public_key):
    with pytest.raises(RemoteViolation) as caught:
        shared_secret(CLIENT_SECRET, public_key)
    assert caught.value.code is ErrorCode.WEAK_KEY


def test_what_was_signed_is_accepted():
    check_call_offer(OFFER)
    check_call_answer(ANSWER)
    check_register_presence(REGISTRATION)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (check_call_offer, replace(OFFER, ephemeral_pub=ANSWER.ephemeral_pub)),
        (check_call_offer, replace(OFFER, identity_pub=RELAY.public_key)),
        (check_call_offer, replace(OFFER, signature=b"")),
        (check_call_offer, replace(OFFER, signature=CLIENT.sign(OFFER.ephemeral_pub + b"call-answer"))),
        (check_call_answer, replace(ANSWER, ephemeral_pub=OFFER.ephemeral_pub)),
        (check_call_answer, replace(ANSWER, signature=RELAY.sign(ANSWER.ephemeral_pub + b"call-offer"))),
        (check_register_presence, replace(REGISTRATION, identity_pub=RELAY.public_key)),
        (check_register_presence, replace(REGISTRATION, signature=b"")),
    ],
)
def test_what_was_not_signed_is_refused(check, message):
    with pytest.raises(RemoteViolation) as caught:
        check(message)
    assert caught.value.code is ErrorCode.BAD_SIGNATURE
