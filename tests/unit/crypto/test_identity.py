"""Vectors of crypto.md §1.3."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wzp_core.crypto.hkdf import hkdf
from wzp_core.crypto.identity import Identity, fingerprint_of, relay_tls_seed, verify
from wzp_core.errors import LocalMisuse

FORTY_TWO, COUNTED, ZERO = b"\x42" * 32, bytes(range(32)), bytes(32)


@pytest.mark.parametrize(
    ("seed", "public_key", "fingerprint", "alias"),
    [
        (
            FORTY_TWO,
            "a37a947ca8cc01976b7859cfb52eec500627d4c1a1e13c5ee6f7aa3b5c706909",
            "518e:b935:62fa:9e34:e59c:28b6:7fc2:d384",
            "Neon Fox",
        ),
        (
            COUNTED,
            "46705b2fa5f2e0d9917cd934f76c4442f8d8908c2dae9259922c0c52c106183d",
            "6871:1211:0e91:ecb3:09f6:6f51:d257:ccaa",
            "Sharp Fox",
        ),
    ],
)
def test_a_seed_gives_the_published_key_fingerprint_and_alias(seed, public_key, fingerprint, alias):
    identity = Identity.from_seed(seed)
    assert identity.public_key.hex() == public_key
    assert identity.fingerprint == fingerprint
    assert identity.alias == alias


@pytest.mark.parametrize(
    ("seed", "signing_seed", "tls_seed"),
    [
        (
            FORTY_TWO,
            "c420846dcde8fecab9b1fba9ce5186e5dad835391ad615d2f42cfdd6f52033f9",
            "9c4f8c388f636ec07e3d7d942d0fbf715b44a856077a553d73559ed128e48a53",
        ),
        (
            COUNTED,
            "eae82d1aa41c08ee52025be2343a8272ea03d399b624a738c5dbabedeadfbac1",
            "50443ebb1ea8dc307be6a93a36a1c059e431fe04596ffaf1f213e394c5633811",
        ),
    ],
)
def test_private_seeds_are_derived_as_published(seed, signing_seed, tls_seed):
    expected = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(signing_seed)).public_key().public_bytes_raw()
    assert Identity.from_seed(seed).public_key == expected
    assert hkdf(seed, b"warzone-ed25519").hex() == signing_seed
    assert relay_tls_seed(seed).hex() == tls_seed


def test_the_zero_seed_is_called_swift_wolf():
    assert Identity.from_seed(ZERO).alias == "Swift Wolf"


def test_the_zero_public_key_has_the_fingerprint_of_nat_probes():
    assert fingerprint_of(bytes(32)) == "6668:7aad:f862:bd77:6c8f:c18b:8e9f:8e20"


def test_nothing_printed_about_an_identity_tells_its_secrets():
    text = repr(Identity.from_seed(FORTY_TWO))
    assert text == "Identity(518e:b935:62fa:9e34:e59c:28b6:7fc2:d384)"


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_seed_of_another_length_is_refused(length):
    with pytest.raises(LocalMisuse):
        Identity.from_seed(bytes(length))


def test_a_signature_holds_for_its_key_and_data_alone():
    signer, other = Identity.from_seed(FORTY_TWO), Identity.from_seed(COUNTED)
    signature = signer.sign(b"words")
    assert verify(signer.public_key, signature, b"words")
    assert not verify(signer.public_key, signature, b"word")
    assert not verify(other.public_key, signature, b"words")


@pytest.mark.parametrize(("public_key", "signature"), [(b"", b""), (bytes(31), bytes(64)), (b"\xff" * 32, bytes(63))])
def test_what_is_no_key_or_signature_does_not_verify(public_key, signature):
    assert not verify(public_key, signature, b"words")
