from dataclasses import replace

import pytest

from relay.decide.registration import registered_id
from wzp_core.crypto.handshake import register_presence
from wzp_core.crypto.identity import Identity
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.signal.presence import RegisterPresence

ANN = Identity.from_seed(b"\x42" * 32)
SIGNED = register_presence(ANN, alias="Ann")


def test_a_signed_registration_is_its_keys_fingerprint() -> None:
    assert registered_id(SIGNED, signature_required=True) == "518e:b935:62fa:9e34:e59c:28b6:7fc2:d384"


def test_a_registration_without_a_signature_is_the_owners_to_allow() -> None:
    unsigned = replace(SIGNED, signature=b"")
    assert registered_id(unsigned, signature_required=False) == ANN.fingerprint
    with pytest.raises(RemoteViolation):
        registered_id(unsigned, signature_required=True)


def test_a_wrong_signature_is_refused_even_where_none_is_required() -> None:
    with pytest.raises(RemoteViolation) as refused:
        registered_id(replace(SIGNED, signature=bytes(64)), signature_required=False)
    assert refused.value.code is ErrorCode.BAD_SIGNATURE


def test_probes_with_the_zero_key_are_nobody() -> None:
    probe = RegisterPresence(identity_pub=bytes(32), signature=b"", alias=None)
    assert registered_id(probe, signature_required=True) is None
