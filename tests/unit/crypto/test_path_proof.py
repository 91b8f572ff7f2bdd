"""What the two ends of a direct connection prove to each other."""

import hashlib
import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wzp_core.crypto.certificate import tls_fingerprint
from wzp_core.crypto.path_proof import is_path_proof, path_mac

ROOT, DER = b"\x05" * 32, b"a certificate"
SHOWN = tls_fingerprint(DER)


def test_the_proof_is_made_as_the_extension_says() -> None:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"wzp-e2e-path-v1").derive(ROOT)
    expected = hmac.digest(key, b"dialer" + hashlib.sha256(DER).digest(), "sha256")
    assert path_mac(ROOT, role="dialer", certificate=SHOWN) == expected


def test_only_the_same_root_role_and_certificate_pass() -> None:
    mac = path_mac(ROOT, role="dialer", certificate=SHOWN)
    assert is_path_proof(mac, ROOT, role="dialer", certificate=SHOWN)
    assert not is_path_proof(mac, b"\x06" * 32, role="dialer", certificate=SHOWN)
    assert not is_path_proof(mac, ROOT, role="acceptor", certificate=SHOWN), "sent back to its sender"
    assert not is_path_proof(mac, ROOT, role="dialer", certificate=tls_fingerprint(b"a middleman's"))
    assert not is_path_proof(b"", ROOT, role="dialer", certificate=SHOWN)
