"""Signatures by which a client and a relay show each other who they are (crypto.md §2)."""

from wzp_core.crypto.agreement import ephemeral_public
from wzp_core.crypto.identity import Identity, verify
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.profile import CATASTROPHIC, DEGRADED, GOOD, STUDIO_32K, STUDIO_48K, STUDIO_64K
from wzp_core.protocol.signal.call import CallAnswer, CallOffer
from wzp_core.protocol.signal.presence import RegisterPresence

_OFFER, _ANSWER, _REGISTER = b"call-offer", b"call-answer", b"register-presence"
_PROFILES = (STUDIO_64K, STUDIO_48K, STUDIO_32K, GOOD, DEGRADED, CATASTROPHIC)


def call_offer(
    identity: Identity,
    *,
    ephemeral_secret: bytes,
    alias: str | None = None,
    stream_id: int | None = None,
    words: tuple[str, ...] = (),
) -> CallOffer:
    """The first signal of a media connection; `stream_id` is the one we would like to have in the room."""
    ephemeral = ephemeral_public(ephemeral_secret)
    return CallOffer(
        identity_pub=identity.public_key,
        ephemeral_pub=ephemeral,
        signature=identity.sign(ephemeral + _OFFER),
        supported_profiles=_PROFILES,
        alias=alias,
        stream_id=stream_id,
        words=words,
    )


def check_call_offer(offer: CallOffer) -> None:
    """Raises RemoteViolation(BAD_SIGNATURE)."""
    _check(offer.identity_pub, offer.signature, offer.ephemeral_pub + _OFFER)


def call_answer(
    identity: Identity,
    *,
    ephemeral_secret: bytes,
    stream_id: int | None = None,
    words: tuple[str, ...] = (),
    redirect_port: int | None = None,
) -> CallAnswer:
    """A relay's answer; `stream_id` is the one the client gets in the room (e2e.md §1)."""
    ephemeral = ephemeral_public(ephemeral_secret)
    return CallAnswer(
        identity_pub=identity.public_key,
        ephemeral_pub=ephemeral,
        signature=identity.sign(ephemeral + _ANSWER),
        chosen_profile=GOOD,
        stream_id=stream_id,
        words=words,
        redirect_port=redirect_port,
    )


def check_call_answer(answer: CallAnswer) -> None:
    """Raises RemoteViolation(BAD_SIGNATURE)."""
    _check(answer.identity_pub, answer.signature, answer.ephemeral_pub + _ANSWER)


def register_presence(identity: Identity, *, alias: str | None = None, takes_changes: bool = False) -> RegisterPresence:
    """The first signal of a signal connection."""
    signature = identity.sign(_REGISTER + identity.public_key)
    return RegisterPresence(
        identity_pub=identity.public_key, signature=signature, alias=alias, takes_changes=takes_changes or None
    )


def check_register_presence(registration: RegisterPresence) -> None:
    """Raises RemoteViolation(BAD_SIGNATURE); older clients send none at all, which is the relay's to allow."""
    _check(registration.identity_pub, registration.signature, _REGISTER + registration.identity_pub)


def _check(public_key: bytes, signature: bytes, signed: bytes) -> None:
    if not verify(public_key, signature, signed):
        raise RemoteViolation(ErrorCode.BAD_SIGNATURE)
