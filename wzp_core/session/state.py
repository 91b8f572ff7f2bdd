"""All that a user interface may know, as one frozen value."""

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from wzp_core.crypto.badge import Badge as Badge  # these two are part of the state; screens import them from here
from wzp_core.crypto.seed_file import SeedStorage as SeedStorage
from wzp_core.errors import ErrorCode
from wzp_core.nat.report import NetcheckReport
from wzp_core.ports import Contact, HistoryEntry
from wzp_core.protocol.ids import CallId, Fingerprint, TlsFingerprint
from wzp_core.settings.schema import Settings


class RelayPhase(Enum):
    OFFLINE = "offline"
    CONNECTING = "connecting"
    ONLINE = "online"
    RECONNECTING = "reconnecting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayState:
    """The relay in use."""

    phase: RelayPhase = RelayPhase.OFFLINE
    name: str = ""
    address: str = ""  # host:port
    fingerprint: TlsFingerprint | None = None
    rtt_ms: float | None = None
    embedded: bool = False  # this app's own
    error: ErrorCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyRelay:
    """A relay announced on the local network."""

    name: str
    address: str
    fingerprint: TlsFingerprint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody online, or the other side of a call."""

    fingerprint: Fingerprint
    alias: str = ""
    verified: bool = False
    mismatched: bool = False
    relay_label: str = ""  # of the relay that is theirs, where that is another than ours


LOUDEST_PERCENT = 200
GUEST = "guest "
"""How the key of a room's member without fingerprint begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """How loud we hear one person."""

    percent: int = 100  # 0…LOUDEST_PERCENT
    muted: bool = False  # until the call or the stay in the room ends

    @property
    def gain(self) -> float:
        return 0.0 if self.muted else self.percent / 100


class CallStage(Enum):
    DIALLING = "dialling"  # offer sent
    RINGING = "ringing"  # the other side's app rings
    INCOMING = "incoming"  # ours rings
    CONNECTING = "connecting"  # answered, media on its way
    ACTIVE = "active"
    RECONNECTING = "reconnecting"  # relay link lost, being restored
    ENDED = "ended"  # shown until dismissed


class EndReason(Enum):
    HUNG_UP = "hung_up"  # by us
    PEER_HUNG_UP = "peer_hung_up"
    DECLINED = "declined"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"  # not online
    LOST = "lost"  # the connection went and did not come back
    NOT_PROTECTED = "not_protected"  # the peer cannot encrypt end to end and the settings forbid that
    SECURITY = "security"  # keys, signatures or the spoken code are wrong
    FAILED = "failed"


class SasStage(Enum):
    NONE = "none"  # no code can be had (older peer or relay)
    EXCHANGING = "exchanging"
    READY = "ready"
    CONFIRMED = "confirmed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SasView:
    """The code to compare by voice. The caller reads `code` aloud; the callee picks it among `choices`."""

    stage: SasStage = SasStage.NONE
    code: str = ""  # "123 456"
    choices: tuple[str, ...] = ()  # the code among decoys; empty on the reading side


class NoAudioReason(Enum):
    PEER_MUTED = "peer_muted"
    PATH_LOST = "path_lost"
    DEVICE_STALLED = "device_stalled"
    UNKNOWN = "unknown"


class PathReason(Enum):
    """Why media does not go directly."""

    SETTING = "setting"  # our user wants the relay only
    PRIVATE = "private"  # one side answers without revealing addresses
    PEER_OLD = "peer_old"  # the other side's program cannot
    TRYING = "trying"
    NO_CANDIDATES = "no_candidates"  # one side knows no address of its own that would help
    NOT_REACHED = "not_reached"  # nothing got through in either direction
    NAT_TOO_HARD = "nat_too_hard"  # routers on both sides give out unpredictable ports
    PATH_LOST = "path_lost"  # it was direct and broke; being looked for again


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaView:
    """How media flows now."""

    path: str = "relay"  # relay, direct
    path_reason: PathReason | None = None  # why not direct
    rtt_ms: float | None = None
    loss_pct: float = 0.0
    jitter_delay_ms: float = 0.0
    quality_tx: str = ""
    quality_rx: str = ""
    tier: str = ""  # what is sent, as a choice of the quality setting
    no_audio: NoAudioReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """The one call there may be."""

    call_id: CallId
    peer: Person
    outgoing: bool
    stage: CallStage
    badge: Badge = Badge.RELAY_ONLY
    protected_offer: bool = True  # False: incoming from an older peer, answer is "unprotected"
    started_at_unix: float | None = None  # first packet opened
    sas: SasView = SasView()
    media: MediaView = MediaView()
    volume: Volume = Volume()  # of the peer
    ended: EndReason | None = None
    ended_code: ErrorCode | None = None  # detail of SECURITY and FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One member of a room."""

    fingerprint: str  # empty for unauthenticated web members
    alias: str = ""
    relay_label: str | None = None
    stream_id: int = 0  # 0: of an older relay; then nobody's sound can be told apart
    speaking: bool = False
    volume: Volume = Volume()

    @property
    def key(self) -> str:
        """Whose volume it is: the fingerprint's; of a guest, who has none, that of his stream."""
        return self.fingerprint or f"{GUEST}{self.stream_id}"


class RoomStage(Enum):
    JOINING = "joining"
    JOINED = "joined"
    RECONNECTING = "reconnecting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomView:
    """The voice room we are in."""

    name: str
    stage: RoomStage
    participants: tuple[Participant, ...] = ()
    started_at_unix: float | None = None
    media: MediaView = MediaView()
    error: ErrorCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayKeyChanged:
    """A relay shows another certificate than before; nothing is sent until the user decides."""

    address: str
    old: TlsFingerprint
    new: TlsFingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactKeyChanged:
    """A known alias appears with another fingerprint."""

    alias: str
    old: Fingerprint
    new: Fingerprint
    verified_before: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionLost:
    """A contact that could encrypt end to end no longer does."""

    person: Person


TrustQuestion: TypeAlias = RelayKeyChanged | ContactKeyChanged | EncryptionLost


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    fingerprint: Fingerprint
    alias: str
    storage: SeedStorage = SeedStorage.KEYRING


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    error: ErrorCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Loudness for meters, 0…1 on a decibel scale from -60 dBFS to full scale."""

    microphone: float = 0.0
    speaker: float = 0.0
    no_microphone: bool = False  # none could be opened: the peer hears silence
    no_speaker: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something worth telling once, until dismissed."""

    code: ErrorCode
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingView:
    """Recordings for finding faults."""

    folder: str = ""  # empty where none can be made
    file: str = ""  # being written just now


class NetcheckStep(Enum):
    """Parts of a network check, in the order in which they usually end."""

    STUN = "stun"  # public servers told how they see us
    RELAYS = "relays"  # the same of relays, and how far they are
    HAIRPIN = "hairpin"
    MAPPING = "mapping"  # what the router grants


@dataclass(frozen=True, slots=True, kw_only=True)
class NetcheckView:
    """The network check under way, or the last one."""

    running: bool = False
    done: tuple[NetcheckStep, ...] = ()
    report: NetcheckReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppState:
    """Everything a screen can show."""

    me: Me | None = None  # None until the identity is loaded
    unlock_needed: bool = False  # the seed file wants its passphrase
    first_run: bool = False
    relay: RelayState = RelayState()
    nearby: tuple[NearbyRelay, ...] = ()
    present: tuple[Person, ...] = ()  # without me
    call: CallView | None = None
    room: RoomView | None = None
    mic_muted: bool = False
    speaker_muted: bool = False
    sending_voice: bool = True  # False while muted, and while a push-to-talk key is not held
    levels: Levels = Levels()
    devices: Devices = Devices()
    mic_test: bool = False  # the microphone is being heard on the speaker
    contacts: tuple[Contact, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    trust: TrustQuestion | None = None
    backup_words: str | None = field(default=None, repr=False)
    notice: Notice | None = None
    recording: RecordingView = RecordingView()
    netcheck: NetcheckView = NetcheckView()
    settings: Settings = Settings()
    has_dred: bool = False
