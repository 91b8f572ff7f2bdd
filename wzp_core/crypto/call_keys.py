"""End-to-end keys of a direct call: signed ephemeral keys in, the call's root secret out (e2e.md §2)."""

import hashlib
from dataclasses import replace

from wzp_core.crypto.agreement import ephemeral_public, shared_secret
from wzp_core.crypto.hkdf import hkdf
from wzp_core.crypto.identity import Identity, fingerprint_of, verify
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.call import DirectCallAnswer, DirectCallOffer

_VERSION = b"\x01"  # after the signature: says that the peer can encrypt end to end
_SIGNATURE_BYTES = 64


def is_end_to_end(signature: bytes | None) -> bool:
    """Whether the signer can encrypt end to end; older peers send nothing, or a bare signature."""
    return signature is not None and len(signature) == _SIGNATURE_BYTES + 1 and signature[-1:] == _VERSION


def sign_offer(identity: Identity, offer: DirectCallOffer) -> DirectCallOffer:
    """The offer with its signature by the caller's identity key."""
    return replace(offer, signature=identity.sign(_offer_transcript(offer)) + _VERSION)


def verify_offer(offer: DirectCallOffer, callee: Fingerprint) -> None:
    """Raises RemoteViolation: WRONG_IDENTITY where the keys are not the caller's or the call not for `callee`,
    else BAD_SIGNATURE."""
    if fingerprint_of(offer.identity_pub) != offer.caller_fingerprint or offer.target_fingerprint != callee:
        raise RemoteViolation(ErrorCode.WRONG_IDENTITY, claimed=offer.caller_fingerprint)
    _verify(offer.identity_pub, offer.signature, _offer_transcript(offer))


def sign_answer(identity: Identity, offer: DirectCallOffer, answer: DirectCallAnswer) -> DirectCallAnswer:
    """The answer with its signature by the callee's identity key; it binds the whole offer too."""
    return replace(answer, signature=identity.sign(_answer_transcript(offer, answer)) + _VERSION)


def verify_answer(offer: DirectCallOffer, answer: DirectCallAnswer) -> None:
    """Raises RemoteViolation: WRONG_IDENTITY where somebody else answers than was dialled, else BAD_SIGNATURE."""
    if answer.identity_pub is None or fingerprint_of(answer.identity_pub) != offer.target_fingerprint:
        raise RemoteViolation(ErrorCode.WRONG_IDENTITY, dialled=offer.target_fingerprint)
    _verify(answer.identity_pub, answer.signature, _answer_transcript(offer, answer))


def mix_root(root: bytes, shared: bytes) -> bytes:
    """The next root after a `Rekey`: it holds even where the old one leaked (e2e.md §3)."""
    return hkdf(shared, b"wzp-e2e-rekey-v1", salt=root)


class CallerKeys:
    """The caller's half of one agreement: an offer out, its answer in."""

    def __init__(self, identity: Identity, ephemeral_secret: bytes) -> None:
        self._identity = identity
        self._secret: bytes | None = ephemeral_secret
        self._offer: DirectCallOffer | None = None

    def offer(self, offer: DirectCallOffer) -> DirectCallOffer:
        """The offer with our keys and signature filled in."""
        keyed = replace(
            offer, identity_pub=self._identity.public_key, ephemeral_pub=ephemeral_public(_unused(self._secret))
        )
        self._offer = sign_offer(self._identity, keyed)
        return self._offer

    def root(self, answer: DirectCallAnswer) -> bytes:
        """The call's root secret, once: whatever comes of it, the ephemeral secret is forgotten.

        Raises RemoteViolation: WRONG_IDENTITY, BAD_SIGNATURE or WEAK_KEY.
        """
        secret, self._secret = _unused(self._secret), None
        if self._offer is None:
            raise LocalMisuse(ErrorCode.UNEXPECTED_INPUT, what="answer before offer")
        verify_answer(self._offer, answer)
        return _root(secret, answer.ephemeral_pub, self._offer, answer)


class CalleeKeys:
    """The callee's half of one agreement: an offer in, its answer out."""

    def __init__(self, identity: Identity, ephemeral_secret: bytes) -> None:
        self._identity = identity
        self._secret: bytes | None = ephemeral_secret

    def check(self, offer: DirectCallOffer) -> None:
        """Whether the offer may ring at all. Raises RemoteViolation: WRONG_IDENTITY or BAD_SIGNATURE."""
        verify_offer(offer, self._identity.fingerprint)

    def answer(self, offer: DirectCallOffer, answer: DirectCallAnswer) -> tuple[DirectCallAnswer, bytes]:
        """The answer with our keys and signature filled in, and the call's root secret, once.

        Raises RemoteViolation: WRONG_IDENTITY, BAD_SIGNATURE or WEAK_KEY.
        """
        secret, self._secret = _unused(self._secret), None
        self.check(offer)
        keyed = replace(answer, identity_pub=self._identity.public_key, ephemeral_pub=ephemeral_public(secret))
        root = _root(secret, offer.ephemeral_pub, offer, keyed)
        return sign_answer(self._identity, offer, keyed), root


def _root(secret: bytes, peer_ephemeral: bytes | None, offer: DirectCallOffer, answer: DirectCallAnswer) -> bytes:
    transcript = hashlib.sha256(_answer_transcript(offer, answer)).digest()
    return hkdf(shared_secret(secret, peer_ephemeral or b""), b"wzp-e2e-root-v1", salt=transcript)


def _offer_transcript(offer: DirectCallOffer) -> bytes:
    names = (offer.call_id, offer.caller_fingerprint, offer.target_fingerprint)
    return b"wzp-e2e-offer-v1" + b"".join(map(_prefixed, names)) + offer.identity_pub + offer.ephemeral_pub


def _answer_transcript(offer: DirectCallOffer, answer: DirectCallAnswer) -> bytes:
    keys = (answer.identity_pub or b"") + (answer.ephemeral_pub or b"")
    return b"wzp-e2e-answer-v1" + hashlib.sha256(_offer_transcript(offer)).digest() + keys


def _prefixed(text: str) -> bytes:
    """Length and text, so that no two sets of names make the same transcript."""
    raw = text.encode("utf-8", "surrogatepass")  # JSON may hold lone surrogates
    if len(raw) > 0xFFFF:
        raise RemoteViolation(ErrorCode.TOO_LARGE, what="name in a call offer", length=len(raw))
    return len(raw).to_bytes(2, "big") + raw


def _verify(public_key: bytes, signature: bytes | None, transcript: bytes) -> None:
    if signature is None or not is_end_to_end(signature) or not verify(public_key, signature[:-1], transcript):
        raise RemoteViolation(ErrorCode.BAD_SIGNATURE)


def _unused(secret: bytes | None) -> bytes:
    if secret is None:
        raise LocalMisuse(ErrorCode.UNEXPECTED_INPUT, what="ephemeral secret used twice")
    return secret
