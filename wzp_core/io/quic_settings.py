"""What every QUIC connection of this program is made with (transport.md §1)."""

import hashlib
import secrets
import ssl

from aioquic.quic.configuration import QuicConfiguration

from wzp_core.crypto.certificate import TlsIdentity
from wzp_core.io.congestion import ALGORITHM

ALPN = "wzp"
CID_LENGTH = 8
_IDLE_S = 30.0


def configuration(tls: TlsIdentity | None, server_name: str | None = None) -> QuicConfiguration:
    """Transport parameters of transport.md §1; with a server name those of a dialler, who shows `tls` if asked."""
    return QuicConfiguration(
        is_client=server_name is not None,
        alpn_protocols=[ALPN],
        server_name=server_name,
        verify_mode=ssl.CERT_NONE,  # certificates are self-signed; they are pinned instead
        certificate=tls.certificate if tls else None,
        private_key=tls.private_key if tls else None,
        idle_timeout=_IDLE_S,
        max_data=262_144,
        max_stream_data=65_536,
        max_datagram_frame_size=65_535,
        congestion_control_algorithm=ALGORITHM,
        connection_id_length=CID_LENGTH,
    )


def reset_key(tls: TlsIdentity | None) -> bytes:
    """Lasts as long as the certificate, so that a restarted relay can tell old peers that it forgot them."""
    if tls is None:
        return secrets.token_bytes(32)
    return hashlib.sha256(b"wzp-stateless-reset" + tls.private_key.private_bytes_raw()).digest()
