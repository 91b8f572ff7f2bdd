"""All that a user interface may ask of the engine, as one union."""

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from wzp_core.protocol.ids import CallId, Fingerprint
from wzp_core.session.state import TrustQuestion
from wzp_core.settings.schema import Settings


class Answer(Enum):
    TRUSTED = "trusted"  # addresses may be revealed, direct path possible
    PRIVATE = "private"  # neither side's addresses are revealed
    DECLINE = "decline"


@dataclass(frozen=True, slots=True)
class PlaceCall:
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class AnswerCall:
    call_id: CallId
    answer: Answer


@dataclass(frozen=True, slots=True)
class HangUp:
    """Ends or cancels the call; dismisses an ended one."""


@dataclass(frozen=True, slots=True)
class SetMuted:
    """None leaves that side as it is."""

    microphone: bool | None = None
    speaker: bool | None = None


@dataclass(frozen=True, slots=True)
class SetVolume:
    """How loud one person is heard; None leaves that as it is. Refused beyond 0…200 %."""

    who: str  # fingerprint, or `Participant.key`
    percent: int | None = None
    muted: bool | None = None


@dataclass(frozen=True, slots=True)
class HoldToTalk:
    """The push-to-talk key went down or up; means nothing while the setting is off."""

    held: bool


@dataclass(frozen=True, slots=True)
class CompareSas:
    """What the user says of the spoken code."""

    matches: bool


@dataclass(frozen=True, slots=True)
class JoinRoom:
    name: str


@dataclass(frozen=True, slots=True)
class LeaveRoom:
    pass


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Replaces the settings; a changed relay choice reconnects."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class AnswerTrust:
    """The user's decision on `question`; dropped where another is asked by now. None means whatever is asked."""

    accept: bool
    question: TrustQuestion | None = None


@dataclass(frozen=True, slots=True)
class FinishFirstRun:
    settings: Settings


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Tries the relay again at once, also one that was given up; a changed key is asked about anew."""


@dataclass(frozen=True, slots=True)
class RevealBackup:
    """Puts the 24 words into the state until HideBackup."""


@dataclass(frozen=True, slots=True)
class HideBackup:
    pass


@dataclass(frozen=True, slots=True)
class RestoreIdentity:
    """Replaces the identity by 24 words or 64 hex digits."""

    backup: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unlock:
    passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetPassphrase:
    """Seals the seed file anew; only where no keyring holds the seed."""

    passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TestMicrophone:
    """Plays the microphone on the speaker, or stops that."""

    on: bool


@dataclass(frozen=True, slots=True)
class RefreshDevices:
    pass


@dataclass(frozen=True, slots=True)
class RunNetcheck:
    """Finds out how the network treats us; asks only what the settings allow."""


@dataclass(frozen=True, slots=True)
class ClearHistory:
    pass


@dataclass(frozen=True, slots=True)
class DismissNotice:
    pass


Command: TypeAlias = (
    PlaceCall
    | AnswerCall
    | HangUp
    | SetMuted
    | SetVolume
    | HoldToTalk
    | CompareSas
    | JoinRoom
    | LeaveRoom
    | ChangeSettings
    | AnswerTrust
    | FinishFirstRun
    | Reconnect
    | RevealBackup
    | HideBackup
    | RestoreIdentity
    | Unlock
    | SetPassphrase
    | TestMicrophone
    | RefreshDevices
    | RunNetcheck
    | ClearHistory
    | DismissNotice
)
