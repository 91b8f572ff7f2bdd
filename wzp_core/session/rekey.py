"""Fresh keys in a long call: a new secret mixed into the root, asked for by the caller (e2e.md §3)."""

import hashlib

from wzp_core.crypto.agreement import ephemeral_public, shared_secret
from wzp_core.crypto.call_keys import mix_root
from wzp_core.crypto.identity import Identity, verify
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.call import Rekey

_ASK, _REPLY = b"\x01", b"\x02"
_MOST_OFFERED = 2


class Rekeying:
    """Either side's half, for the whole call; each round replaces the root.

    A reply may be lost: until the caller asks again under the root that it made, the callee takes that root for none.
    """

    def __init__(self, identity: Identity, peer_key: bytes, call_id: CallId, root: bytes) -> None:
        self._identity, self._peer_key, self._call_id = identity, peer_key, call_id
        self._root = root
        self._asked: tuple[bytes, bytes] | None = None  # our secret and public key while we wait
        self._offered: dict[bytes, tuple[Rekey, bytes]] = {}  # by question: what we replied, and the root of that

    def ask(self, secret: bytes) -> Rekey:
        """The caller's part; asking again replaces a question that was not answered."""
        public = ephemeral_public(secret)
        self._asked = secret, public
        return self._signed(_ASK, public, b"")

    def reply(self, asked: Rekey, secret: bytes) -> tuple[Rekey, bytes]:
        """The callee's part: the reply, and the new root. Raises RemoteViolation(BAD_SIGNATURE, WEAK_KEY)."""
        base = self._base_of(asked)
        if base == self._root and asked.new_ephemeral_pub in self._offered:
            return self._offered[asked.new_ephemeral_pub]
        shared, public = shared_secret(secret, asked.new_ephemeral_pub), ephemeral_public(secret)
        if base != self._root:
            self._root = base
            self._offered.clear()
        offered = self._signed(_REPLY, public, asked.new_ephemeral_pub), mix_root(base, shared)
        while len(self._offered) >= _MOST_OFFERED:
            del self._offered[next(iter(self._offered))]
        self._offered[asked.new_ephemeral_pub] = offered
        return offered

    def finish(self, reply: Rekey) -> bytes | None:
        """The caller's new root; None for a reply to nothing. Raises RemoteViolation(BAD_SIGNATURE, WEAK_KEY)."""
        if self._asked is None:
            return None
        secret, public = self._asked
        if not self._is_signed(reply, _REPLY, public, self._root):
            raise RemoteViolation(ErrorCode.BAD_SIGNATURE, what="rekey")
        self._root, self._asked = mix_root(self._root, shared_secret(secret, reply.new_ephemeral_pub)), None
        return self._root

    def _base_of(self, asked: Rekey) -> bytes:
        """The root under which the caller asked: the newest it may have, or one from before a lost reply."""
        for root in (*(root for _, root in reversed(self._offered.values())), self._root):
            if self._is_signed(asked, _ASK, b"", root):
                return root
        raise RemoteViolation(ErrorCode.BAD_SIGNATURE, what="rekey")

    def _signed(self, step: bytes, public: bytes, asked: bytes) -> Rekey:
        signature = self._identity.sign(self._transcript(step, public, asked, self._root))
        return Rekey(call_id=self._call_id, new_ephemeral_pub=public, signature=signature)

    def _is_signed(self, message: Rekey, step: bytes, asked: bytes, root: bytes) -> bool:
        transcript = self._transcript(step, message.new_ephemeral_pub, asked, root)
        return verify(self._peer_key, message.signature, transcript)

    def _transcript(self, step: bytes, public: bytes, asked: bytes, root: bytes) -> bytes:
        """Bound to call, step, current root and the question, so that no message fits anywhere else."""
        call, hashed = self._call_id.encode(), hashlib.sha256(root).digest()
        return b"wzp-e2e-rekey-v1" + len(call).to_bytes(2, "big") + call + step + hashed + public + asked
