"""Both ends of a direct link prove to each other that they are in the same call (e2e.md §7)."""

import asyncio

from wzp_core.crypto.path_proof import is_path_proof, path_mac
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.nat.race import Role
from wzp_core.ports import Link
from wzp_core.protocol.ids import CallId, TlsFingerprint
from wzp_core.protocol.signal.path import PathProof

LIMIT_S = 2.0


async def prove(link: Link, role: Role, *, call_id: CallId, root: bytes, certificate: TlsFingerprint) -> None:
    """`certificate` is the acceptor's, as this side knows it. Closes the link and raises where the peer cannot."""
    theirs = Role.ACCEPTOR if role is Role.DIALER else Role.DIALER
    try:
        mac = path_mac(root, role=role.value, certificate=certificate)
        link.send_signal(PathProof(call_id=call_id, role=role.value, mac=mac))
        async with asyncio.timeout(LIMIT_S):
            proof = await link.receive_signal()
        if (
            not isinstance(proof, PathProof)
            or (proof.call_id, proof.role) != (call_id, theirs.value)
            or not is_path_proof(proof.mac, root, role=theirs.value, certificate=certificate)
        ):
            raise RemoteViolation(ErrorCode.BAD_SIGNATURE, what="path proof")
    except TimeoutError:
        link.close("no proof")
        raise Unavailable(ErrorCode.TIMED_OUT, what="path proof") from None
    except BaseException:
        link.close("no proof")
        raise
