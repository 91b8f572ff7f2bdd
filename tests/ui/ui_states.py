"""One application state for every screen and situation worth looking at."""

from dataclasses import replace

from wzp_core.errors import ErrorCode
from wzp_core.nat.classify import NatType
from wzp_core.nat.report import NatProbe, NetcheckReport, RelayLatency
from wzp_core.ports import Contact, HistoryEntry
from wzp_core.protocol.ids import CallId, Fingerprint, TlsFingerprint
from wzp_core.session.state import (
    AppState,
    Badge,
    CallStage,
    CallView,
    ContactKeyChanged,
    Devices,
    EncryptionLost,
    EndReason,
    Levels,
    Me,
    MediaView,
    NearbyRelay,
    NetcheckStep,
    NetcheckView,
    NoAudioReason,
    Notice,
    Participant,
    PathReason,
    Person,
    RecordingView,
    RelayKeyChanged,
    RelayPhase,
    RelayState,
    RoomStage,
    RoomView,
    SasStage,
    SasView,
    SeedStorage,
    Volume,
)
from wzp_core.settings.schema import AudioSettings, CallSettings, RelayEntry, RelaySettings, Settings

NOW = 1_800_000_000


def fp(seed: int) -> Fingerprint:
    """A fingerprint that looks like one."""
    digits = f"{(seed * 0x9E3779B97F4A7C15F39CC0605CEDC834 + 0x518EB93562FA9) % (1 << 128):032x}"
    return Fingerprint(":".join(digits[at : at + 4] for at in range(0, 32, 4)))


def tls(byte: str) -> TlsFingerprint:
    return TlsFingerprint(":".join([byte, *(f"{n:02x}" for n in range(31))]))


ME = Me(fingerprint=fp(1), alias="Lunar Otter")
HAWK = Person(fingerprint=fp(2), alias="Swift Hawk", verified=True)
FOX = Person(fingerprint=fp(3), alias="Silent Fox")
CROW = Person(fingerprint=fp(4), alias="Neon Crow", mismatched=True)
NAMELESS = Person(fingerprint=fp(5))
PUMA = Person(fingerprint=fp(6), alias="Solar Puma")
HTML = Person(fingerprint=fp(7), alias="<b>Bold</b> <img src=x>")

RELAYS = RelaySettings(
    relays=(
        RelayEntry(name="Home", address="relay.example.org:4433"),
        RelayEntry(name="Club", address="192.0.2.7:4433"),
    ),
    selected="relay.example.org:4433",
)
ONLINE = RelayState(
    phase=RelayPhase.ONLINE, name="Home", address="relay.example.org:4433", fingerprint=tls("aa"), rtt_ms=23.4
)
DEVICES = Devices(inputs=("Built-in microphone", "USB headset"), outputs=("Built-in speakers", "USB headset"))
HISTORY = (
    HistoryEntry(
        call_id="c1",
        fingerprint=HAWK.fingerprint,
        alias=HAWK.alias,
        direction="placed",
        started_unix=NOW - 1800,
        duration_s=754,
    ),
    HistoryEntry(
        call_id="c2", fingerprint=FOX.fingerprint, alias=FOX.alias, direction="missed", started_unix=NOW - 7200
    ),
    HistoryEntry(
        call_id="c3",
        fingerprint=PUMA.fingerprint,
        alias=PUMA.alias,
        direction="received",
        started_unix=NOW - 90_000,
        duration_s=65,
    ),
    HistoryEntry(
        call_id="c4",
        fingerprint=HAWK.fingerprint,
        alias=HAWK.alias,
        direction="received",
        started_unix=NOW - 400_000,
        duration_s=4000,
    ),
    HistoryEntry(
        call_id="c5",
        fingerprint=CROW.fingerprint,
        alias=CROW.alias,
        direction="placed",
        started_unix=NOW - 900_000,
        duration_s=12,
    ),
)
CONTACTS = (
    Contact(fingerprint=HAWK.fingerprint, alias=HAWK.alias, verified=True, end_to_end=True),
    Contact(fingerprint=FOX.fingerprint, alias=FOX.alias, end_to_end=True),
)

LOBBY = AppState(
    me=ME,
    relay=ONLINE,
    nearby=(NearbyRelay(name="Anna's laptop", address="10.0.0.12:4433"),),
    present=(PUMA, HAWK, CROW, FOX, NAMELESS),
    history=HISTORY,
    contacts=CONTACTS,
    devices=DEVICES,
    settings=Settings(relay=RELAYS),
    has_dred=True,
)
LOBBY_ALONE = replace(
    LOBBY,
    present=(),
    history=(),
    nearby=(),
    settings=Settings(),
    relay=RelayState(phase=RelayPhase.ONLINE, embedded=True, address="127.0.0.1:4433", rtt_ms=0.4),
)
LOBBY_FAILED = replace(
    LOBBY,
    present=(),
    relay=replace(ONLINE, phase=RelayPhase.FAILED, rtt_ms=None, error=ErrorCode.UNREACHABLE),
    notice=Notice(code=ErrorCode.NO_DEVICE),
)
STARTING = AppState()
UNLOCK = AppState(unlock_needed=True)
FIRST_RUN = AppState(me=ME, first_run=True, devices=DEVICES)

MEDIA = MediaView(path="direct", rtt_ms=34.2, loss_pct=0.4, quality_tx="good", quality_rx="studio-32k")
DIALLING = CallView(call_id=CallId("call-1"), peer=FOX, outgoing=True, stage=CallStage.RINGING)
ACTIVE = replace(DIALLING, stage=CallStage.ACTIVE, badge=Badge.ENCRYPTED, started_at_unix=NOW - 125.0, media=MEDIA)
READING = replace(ACTIVE, sas=SasView(stage=SasStage.READY, code="493 027"))
CHOOSING = replace(
    ACTIVE,
    outgoing=False,
    sas=SasView(stage=SasStage.READY, code="493 027", choices=("120 884", "493 027", "755 310", "062 941")),
)
CONFIRMED = replace(
    ACTIVE,
    peer=replace(FOX, verified=True),
    badge=Badge.VERIFIED,
    sas=SasView(stage=SasStage.CONFIRMED, code="493 027"),
    media=replace(MEDIA, no_audio=NoAudioReason.PEER_MUTED),
)
INCOMING = CallView(call_id=CallId("call-2"), peer=HAWK, outgoing=False, stage=CallStage.INCOMING)
ENDED = replace(ACTIVE, stage=CallStage.ENDED, ended=EndReason.LOST)
ENDED_BADLY = replace(ACTIVE, stage=CallStage.ENDED, ended=EndReason.SECURITY, ended_code=ErrorCode.VERIFICATION_FAILED)


def in_call(call: CallView) -> AppState:
    return replace(LOBBY, call=call, levels=Levels(microphone=0.62, speaker=0.41))


ALONE_IN_CALL = in_call(DIALLING)

ROOM = replace(
    LOBBY,
    levels=Levels(microphone=0.3, speaker=0.7),
    mic_muted=True,
    sending_voice=False,
    room=RoomView(
        name="general",
        stage=RoomStage.JOINED,
        started_at_unix=NOW - 600.0,
        media=replace(MEDIA, path="relay"),
        participants=(
            Participant(fingerprint=ME.fingerprint, alias=ME.alias, stream_id=1),
            Participant(fingerprint=HAWK.fingerprint, alias=HAWK.alias, stream_id=2, speaking=True),
            Participant(fingerprint="", alias="", stream_id=3),
            Participant(fingerprint=PUMA.fingerprint, alias=PUMA.alias, relay_label="Berlin", stream_id=4),
        ),
    ),
)
ROOM_VOLUMES = replace(
    ROOM,
    room=replace(
        ROOM.room,
        participants=tuple(
            replace(member, volume=volume)
            for member, volume in zip(
                ROOM.room.participants,
                (Volume(), Volume(muted=True), Volume(percent=0), Volume(percent=150)),
                strict=True,
            )
        ),
    ),
)
PUSH_TO_TALK = Settings(relay=RELAYS, audio=AudioSettings(push_to_talk=True), call=CallSettings(quality="studio-64k"))


def with_push_to_talk(state: AppState, *, sending: bool) -> AppState:
    return replace(state, settings=PUSH_TO_TALK, mic_muted=False, sending_voice=sending)


WORDS = (
    "abandon ability able about above absent absorb abstract absurd abuse access accident account accuse achieve acid "
    "acoustic acquire across act action actor actress blanket"
)
SETTINGS = replace(
    LOBBY,
    me=replace(ME, storage=SeedStorage.FILE_WITHOUT_PASSPHRASE),
    mic_test=True,
    levels=Levels(microphone=0.5),
    recording=RecordingView(folder="/srv/otter/wzp-desktop/recordings"),
    settings=Settings(
        relay=RELAYS,
        audio=AudioSettings(input_device="USB headset", push_to_talk=True),
        call=CallSettings(allow_unprotected=True),
    ),
)
REPORT = NetcheckReport(
    nat_type=NatType.SYMMETRIC,
    ipv4_reachable=True,
    relay_latencies=(
        RelayLatency(name="Home", addr="relay.example.org:4433", rtt_ms=71),
        RelayLatency(name="Club", addr="192.0.2.7:4433", error="no answer"),
    ),
    gateway="192.168.1.1",
    stun_probes=(NatProbe(relay_name="stun:a", relay_addr="a:1", observed_addr="203.0.113.7:40123", latency_ms=22),),
)
CHECKED = replace(SETTINGS, netcheck=NetcheckView(done=tuple(NetcheckStep), report=REPORT))
CHECKING = replace(SETTINGS, netcheck=NetcheckView(running=True, done=(NetcheckStep.STUN,)))
BACKUP = replace(SETTINGS, backup_words=WORDS)
RELAY_KEY = replace(LOBBY, trust=RelayKeyChanged(address="relay.example.org:4433", old=tls("aa"), new=tls("bb")))
CONTACT_KEY = replace(LOBBY, trust=ContactKeyChanged(alias="Swift Hawk", old=fp(2), new=fp(9), verified_before=True))
ENCRYPTION_LOST = replace(LOBBY, trust=EncryptionLost(person=HAWK))

STATES: dict[str, AppState] = {
    "starting": STARTING,
    "unlock": UNLOCK,
    "first_run": FIRST_RUN,
    "lobby": LOBBY,
    "lobby_alone": LOBBY_ALONE,
    "lobby_failed": LOBBY_FAILED,
    "incoming": in_call(INCOMING),
    "incoming_unprotected": in_call(replace(INCOMING, peer=NAMELESS, protected_offer=False)),
    "call_ringing": in_call(DIALLING),
    "call_reading": in_call(READING),
    "call_choosing": in_call(CHOOSING),
    "call_confirmed": in_call(CONFIRMED),
    "call_long_name": in_call(replace(CHOOSING, peer=replace(FOX, alias="W" * 60))),
    "lobby_long_names": replace(LOBBY, me=replace(ME, alias="W" * 60), present=(replace(FOX, alias="W" * 60),)),
    "call_recorded": replace(
        in_call(READING),
        recording=RecordingView(file="/srv/otter/wzp-desktop/recordings/2027-01-15 08.00.00 call.wav"),
        notice=Notice(code=ErrorCode.NO_DEVICE, detail="USB headset"),
    ),
    "call_reconnecting": in_call(
        replace(
            CHOOSING,
            stage=CallStage.RECONNECTING,
            media=replace(MEDIA, path="relay", path_reason=PathReason.PATH_LOST, no_audio=NoAudioReason.PATH_LOST),
        )
    ),
    "call_code_wrong": in_call(replace(ACTIVE, sas=SasView(stage=SasStage.FAILED))),
    "call_ended": in_call(ENDED),
    "call_ended_badly": in_call(ENDED_BADLY),
    "call_muted": replace(in_call(ACTIVE), mic_muted=True, sending_voice=False),
    "call_hold_to_talk": with_push_to_talk(in_call(CHOOSING), sending=False),
    "call_relayed": in_call(replace(ACTIVE, media=replace(MEDIA, path="relay", path_reason=PathReason.NAT_TOO_HARD))),
    "call_talking": with_push_to_talk(in_call(ACTIVE), sending=True),
    "call_peer_muted": in_call(replace(ACTIVE, volume=Volume(percent=60, muted=True))),
    "room": ROOM,
    "room_volumes": ROOM_VOLUMES,
    "room_refused": replace(
        ROOM, room=replace(ROOM.room, stage=RoomStage.FAILED, participants=(), error=ErrorCode.NOT_ADMITTED)
    ),
    "room_hold_to_talk": with_push_to_talk(ROOM, sending=False),
    "room_talking_muted": replace(with_push_to_talk(ROOM, sending=False), mic_muted=True),
}
SETTINGS_STATES: dict[str, AppState] = {"settings": SETTINGS, "settings_backup": BACKUP, "settings_network": CHECKED}
TRUST_STATES: dict[str, AppState] = {
    "trust_relay": RELAY_KEY,
    "trust_contact": CONTACT_KEY,
    "trust_encryption": ENCRYPTION_LOST,
}
