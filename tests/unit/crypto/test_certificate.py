import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from wzp_core.crypto.certificate import tls_fingerprint, tls_identity
from wzp_core.crypto.identity import relay_tls_seed

KEY_SEED = relay_tls_seed(b"\x42" * 32)


def test_the_same_seed_gives_the_same_certificate_byte_for_byte():
    first, second = (tls_identity(KEY_SEED).certificate.public_bytes(Encoding.DER) for _ in range(2))
    assert first == second


def test_another_seed_gives_another_fingerprint():
    assert tls_identity(KEY_SEED).fingerprint != tls_identity(bytes(32)).fingerprint


def test_the_certificate_never_changes_between_versions_of_the_program():
    assert tls_identity(KEY_SEED).fingerprint == (
        "79:2a:11:fe:0b:d3:02:53:18:15:7b:4d:6c:16:49:2e:b0:05:60:95:f8:53:8d:96:31:3d:40:50:90:d8:c1:1b"
    )


def test_the_certificate_is_as_the_specification_says():
    shown = tls_identity(KEY_SEED).certificate
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert shown.not_valid_before_utc == datetime.datetime(1975, 1, 1, tzinfo=datetime.UTC)
    assert shown.not_valid_after_utc == datetime.datetime(4096, 1, 1, tzinfo=datetime.UTC)
    assert shown.subject == shown.issuer
    assert shown.subject.rfc4514_string() == "CN=rcgen self signed cert"
    assert 0 < shown.serial_number < 1 << 159


def test_the_certificate_is_signed_by_its_own_key():
    identity = tls_identity(KEY_SEED)
    identity.certificate.verify_directly_issued_by(identity.certificate)
    assert identity.certificate.public_key() == identity.private_key.public_key()


def test_a_fingerprint_is_95_characters_of_lower_case_hex_and_colons():
    assert tls_fingerprint(b"") == (
        "e3:b0:c4:42:98:fc:1c:14:9a:fb:f4:c8:99:6f:b9:24:27:ae:41:e4:64:9b:93:4c:a4:95:99:1b:78:52:b8:55"
    )


def test_nothing_printed_about_a_certificate_tells_its_key():
    assert "private" not in repr(tls_identity(KEY_SEED))
