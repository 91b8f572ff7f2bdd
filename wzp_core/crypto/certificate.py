"""Self-signed certificates that are the same on every start."""

import datetime
import hashlib
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from wzp_core.protocol.ids import TlsFingerprint, parse_tls_fingerprint

_NOT_BEFORE = datetime.datetime(1975, 1, 1, tzinfo=datetime.UTC)
_NOT_AFTER = datetime.datetime(4096, 1, 1, tzinfo=datetime.UTC)
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rcgen self signed cert")])


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """What a QUIC endpoint shows and proves."""

    certificate: x509.Certificate
    private_key: Ed25519PrivateKey = field(repr=False)
    fingerprint: TlsFingerprint


def tls_identity(key_seed: bytes) -> TlsIdentity:
    """The certificate of an Ed25519 key, from the key's 32-byte private seed alone (crypto.md §8)."""
    private_key = Ed25519PrivateKey.from_private_bytes(key_seed)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(private_key.public_key())
        .serial_number(_serial(private_key.public_key().public_bytes_raw()))
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private_key, None)
    )
    return TlsIdentity(certificate, private_key, tls_fingerprint(certificate.public_bytes(Encoding.DER)))


def tls_fingerprint(der: bytes) -> TlsFingerprint:
    """SHA-256 of a certificate, as text (transport.md §2)."""
    return parse_tls_fingerprint(hashlib.sha256(der).hexdigest())


def browser_certificate(key: ec.EllipticCurvePrivateKey, now: datetime.datetime) -> bytes:
    """Certificate and key, PEM, for a web server on this machine; browsers know no Ed25519, and ask about it once."""
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(_serial(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)))
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("wzp")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM) + private


def _serial(public_key: bytes) -> int:
    """20 bytes of the key's hash, positive (RFC 5280 §4.1.2.2)."""
    return int.from_bytes(hashlib.sha256(public_key).digest()[:20], "big") & ~(1 << 159)
