"""What may be claimed about a call's protection."""

from enum import Enum


class Badge(Enum):
    """Strongest first (e2e.md §5)."""

    VERIFIED = "verified"
    ENCRYPTED = "encrypted"
    RELAY_ONLY = "relay_only"
    UNVERIFIED_PEER = "unverified_peer"


def badge(*, sealed_out: bool, sealed_in: bool, verified: bool, direct: bool) -> Badge:
    """The strongest claim that the state justifies.

    `sealed_out`: what we send is sealed under the call's end-to-end keys. `sealed_in`: a packet of the peer was opened
    under them and none is taken otherwise. `verified`: the user confirmed this fingerprint's code. `direct`: the media
    passes no relay.
    """
    if sealed_out and sealed_in:
        return Badge.VERIFIED if verified else Badge.ENCRYPTED
    return Badge.UNVERIFIED_PEER if direct else Badge.RELAY_ONLY
