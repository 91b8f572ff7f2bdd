from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.crypto.certificate import tls_fingerprint, tls_identity
from wzp_core.crypto.succession import MOST_STEPS, named_successor, succeeds
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.signal.codec import decode, encode
from wzp_core.protocol.signal.succession import KeySuccession, RelaySuccession

KEYS = [tls_identity(bytes([number]) * 32) for number in range(8)]
OLD, MIDDLE, NEW, FOREIGN = KEYS[:4]
CHAIN = (named_successor(OLD, MIDDLE.fingerprint), named_successor(MIDDLE, NEW.fingerprint))


def test_who_trusts_any_former_key_may_trust_the_newest() -> None:
    assert succeeds(NEW.fingerprint, MIDDLE.fingerprint, CHAIN)
    assert succeeds(NEW.fingerprint, OLD.fingerprint, CHAIN)
    assert succeeds(NEW.fingerprint, OLD.fingerprint, CHAIN[::-1])
    assert succeeds(NEW.fingerprint, NEW.fingerprint, ())


def test_no_key_follows_one_that_did_not_name_it() -> None:
    assert not succeeds(FOREIGN.fingerprint, OLD.fingerprint, CHAIN)
    assert not succeeds(NEW.fingerprint, FOREIGN.fingerprint, CHAIN)
    assert not succeeds(OLD.fingerprint, NEW.fingerprint, CHAIN)  # nobody goes back
    assert not succeeds(NEW.fingerprint, OLD.fingerprint, CHAIN[1:])
    assert not succeeds(NEW.fingerprint, OLD.fingerprint, CHAIN[:1])


def test_a_circle_ends() -> None:
    circle = (named_successor(OLD, MIDDLE.fingerprint), named_successor(MIDDLE, OLD.fingerprint))
    assert not succeeds(NEW.fingerprint, OLD.fingerprint, circle)


def test_a_chain_survives_the_wire_and_its_length_is_bounded() -> None:
    longest = (*(named_successor(KEYS[number % 8], NEW.fingerprint) for number in range(100)), *CHAIN)
    received = decode(encode(RelaySuccession(steps=CHAIN)))
    assert isinstance(received, RelaySuccession)
    assert succeeds(NEW.fingerprint, OLD.fingerprint, received.steps)
    assert succeeds(NEW.fingerprint, OLD.fingerprint, longest)
    assert not succeeds(NEW.fingerprint, OLD.fingerprint, (*CHAIN, *[CHAIN[1]] * MOST_STEPS))


def test_a_certificate_of_another_kind_of_key_names_nobody() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(OLD.certificate.subject)
        .issuer_name(OLD.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(OLD.certificate.not_valid_before_utc)
        .not_valid_after(OLD.certificate.not_valid_after_utc)
        .sign(key, SHA256())
    ).public_bytes(Encoding.DER)
    step = KeySuccession(certificate=certificate, successor=NEW.fingerprint, signature=bytes(64))
    assert not succeeds(NEW.fingerprint, tls_fingerprint(certificate), [step])


@given(st.data())
def test_one_changed_byte_anywhere_is_noticed(data: st.DataObject) -> None:
    steps = list(CHAIN)
    number = data.draw(st.integers(0, 1))
    name = data.draw(st.sampled_from(["certificate", "signature", "successor"]))
    value = getattr(steps[number], name)
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 127))
    changed = raw.decode() if isinstance(value, str) else bytes(raw)
    steps[number] = replace(steps[number], **{name: changed})
    assert not succeeds(NEW.fingerprint, OLD.fingerprint, steps)


ENEMIES = [tls_identity(bytes([200 + number]) * 32) for number in range(2)]
KNOWN = [MIDDLE, NEW, *ENEMIES]  # every key but the trusted one


@st.composite
def forged_steps(draw: st.DrawFn, shown: TlsFingerprint) -> KeySuccession:
    """What somebody can make who has all those keys and has heard all that the owner of the trusted one said."""
    former = draw(st.sampled_from([OLD, *KNOWN]))
    successor = draw(st.sampled_from([shown, *(key.fingerprint for key in KNOWN)]))
    signed = named_successor(draw(st.sampled_from(KNOWN)), successor).signature
    return KeySuccession(
        certificate=former.certificate.public_bytes(Encoding.DER),
        successor=draw(st.sampled_from([successor, successor, successor, "", "zz", "\ud800"])),
        signature=draw(st.sampled_from([signed, signed, CHAIN[0].signature, CHAIN[1].signature, b"", bytes(64)])),
    )


@given(st.data())
def test_nobody_without_the_trusted_key_is_ever_followed(data: st.DataObject) -> None:
    shown = data.draw(st.sampled_from([NEW, *ENEMIES])).fingerprint
    steps = data.draw(st.lists(forged_steps(shown), max_size=6))
    spoken = (MIDDLE.fingerprint, CHAIN[0].signature)  # what its owner did sign, anybody may repeat
    assert not succeeds(shown, OLD.fingerprint, [step for step in steps if (step.successor, step.signature) != spoken])


@pytest.mark.parametrize("steps", [[], [KeySuccession(certificate=b"", successor="", signature=b"")]])
def test_nothing_proves_nothing(steps: list[KeySuccession]) -> None:
    assert not succeeds(NEW.fingerprint, OLD.fingerprint, steps)
