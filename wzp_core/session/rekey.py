"""Fresh keys in a long call: a new secret mixed into the root, asked for by the caller (e2e.md §3)."""

import hashlib

from wzp_core.crypto.agreement import ephemeral_public, shared_secret
from wzp_core.crypto.call_keys import mix_root
from wzp_core.crypto.identity import Identity, verify
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.call import Rekey

_ASK, _REPLY = b"\x01", b"\x02"


class Rekeying:
    """Either side's half, for the whole call; each round replaces the root."""

    def __init__(self, identity: Identity, peer_key: bytes, call_id: CallId, root: bytes) -> None:
        self._identity, self._peer_key, self._call_id = identity, peer_key, call_id
        self._root = root
        self._asked: tuple[bytes, bytes] | None = None  # our secret and public key while we wait

    def ask(self, secret: bytes) -> Rekey:
        """The caller's part; asking again replaces a question that was not answered."""
        public = ephemeral_public(secret)
        self._asked = secret, public
        return self._signed(_ASK, public, b"")

    def reply(self, asked: Rekey, secret: bytes) -> tuple[Rekey, bytes]:
        """The callee's part: the reply, and the new root. Raises RemoteViolation(BAD_SIGNATURE, WEAK_KEY)."""
        self._check(asked, _ASK, b"")
        public = ephemeral_public(secret)
        answer = self._signed(_REPLY, public, asked.new_ephemeral_pub)
        return answer, self._mix(shared_secret(secret, asked.new_ephemeral_pub))

    def finish(self, reply: Rekey) -> bytes | None:
        """The caller's new root; None for a reply to nothing. Raises RemoteViolation(BAD_SIGNATURE, WEAK_KEY)."""
        if self._asked is None:
            return None
        (secret, public), self._asked = self._asked, None
        self._check(reply, _REPLY, public)
        return self._mix(shared_secret(secret, reply.new_ephemeral_pub))

    def _mix(self, shared: bytes) -> bytes:
        self._root = mix_root(self._root, shared)
        return self._root

    def _signed(self, step: bytes, public: bytes, asked: bytes) -> Rekey:
        signature = self._identity.sign(self._transcript(step, public, asked))
        return Rekey(call_id=self._call_id, new_ephemeral_pub=public, signature=signature)

    def _check(self, message: Rekey, step: bytes, asked: bytes) -> None:
        transcript = self._transcript(step, message.new_ephemeral_pub, asked)
        if not verify(self._peer_key, message.signature, transcript):
            raise RemoteViolation(ErrorCode.BAD_SIGNATURE, what="rekey")

    def _transcript(self, step: bytes, public: bytes, asked: bytes) -> bytes:
        """Bound to call, step, current root and the question, so that no message fits anywhere else."""
        call = self._call_id.encode()
        return b"wzp-e2e-rekey-v1" + len(call).to_bytes(2, "big") + call + step + self._root_hash() + public + asked

    def _root_hash(self) -> bytes:
        return hashlib.sha256(self._root).digest()
