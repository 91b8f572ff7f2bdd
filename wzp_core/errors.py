"""Kinds and codes of failure."""

from enum import Enum


class ErrorCode(Enum):
    """What went wrong; people's sentences for each are in the desktop's `presenters/words.py` and `cli/output.py`."""

    UNEXPECTED_INPUT = "unexpected_input"
    BAD_VALUE = "bad_value"
    MALFORMED_SIGNAL = "malformed_signal"
    MALFORMED_PACKET = "malformed_packet"
    TOO_LARGE = "too_large"
    BAD_SIGNATURE = "bad_signature"
    WRONG_IDENTITY = "wrong_identity"
    WEAK_KEY = "weak_key"
    NOT_ENCRYPTED = "not_encrypted"
    DOWNGRADE = "downgrade"
    VERIFICATION_FAILED = "verification_failed"
    RELAY_KEY_CHANGED = "relay_key_changed"
    CANNOT_OPEN = "cannot_open"
    REPLAYED = "replayed"
    LINK_CLOSED = "link_closed"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    REGISTRATION_REFUSED = "registration_refused"
    TOKEN_REFUSED = "token_refused"  # noqa: S105
    TOKEN_UNCHECKED = "token_unchecked"  # noqa: S105  # the relay could not have it checked
    NOT_ADMITTED = "not_admitted"  # to a room that is for others
    NO_PORT = "no_port"
    NO_DEVICE = "no_device"
    NO_CODEC = "no_codec"
    NO_SECRET_STORE = "no_secret_store"  # noqa: S105
    SECRETS_LOCKED = "secrets_locked"
    WRONG_PASSPHRASE = "wrong_passphrase"  # noqa: S105
    BAD_BACKUP = "bad_backup"
    BAD_SETTINGS = "bad_settings"
    BAD_FILE = "bad_file"
    CANNOT_RECORD = "cannot_record"
    NOT_REGISTERED = "not_registered"
    BUSY = "busy"
    LIMIT = "limit"


class WzpError(Exception):
    """A failure with a code and facts; the text is for logs, never for people."""

    def __init__(self, code: ErrorCode, **facts: object) -> None:
        self.code = code
        self.facts = facts
        super().__init__(" ".join([code.value, *(f"{key}={value}" for key, value in facts.items())]))


class LocalMisuse(WzpError):
    """Our own code called something in a state that forbids it: a bug, never retried."""


class RemoteViolation(WzpError):
    """The peer broke the protocol: drop the frame or the link, never crash."""


class Unavailable(WzpError):
    """The world said no (network, device, disk): may be retried."""
