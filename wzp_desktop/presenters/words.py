"""Plain sentences, with the next step, for every code the engine knows."""

from wzp_core.errors import ErrorCode
from wzp_core.nat.classify import NatType
from wzp_core.session.state import (
    Badge,
    CallStage,
    EndReason,
    NetcheckStep,
    NoAudioReason,
    Notice,
    PathReason,
    RelayPhase,
    RoomStage,
    SeedStorage,
)

ERROR: dict[ErrorCode, str] = {
    ErrorCode.UNEXPECTED_INPUT: "The other side sent something at the wrong moment. Try again.",
    ErrorCode.BAD_VALUE: "A value was not understood. Check what you entered.",
    ErrorCode.MALFORMED_SIGNAL: "A message from the relay was damaged. If this repeats, choose another relay.",
    ErrorCode.MALFORMED_PACKET: "Damaged sound packets arrived and were dropped. If this repeats, check your network.",
    ErrorCode.TOO_LARGE: "Something that arrived was too large and was dropped. Try again.",
    ErrorCode.BAD_SIGNATURE: "The other side could not prove who it is. Do not go on; reach the person another way.",
    ErrorCode.WRONG_IDENTITY: "Somebody else answered than the person you called. Do not go on; check the fingerprint.",
    ErrorCode.WEAK_KEY: "The other side offered an unsafe key, so the call was refused. Ask the person to update.",
    ErrorCode.NOT_ENCRYPTED: "The other side cannot encrypt end to end. "
    "Ask the person to update, or allow such calls in Settings.",
    ErrorCode.DOWNGRADE: "This contact could encrypt end to end before and now does not. "
    "Ask the person another way why.",
    ErrorCode.VERIFICATION_FAILED: "The check of the spoken code failed; somebody may be in between. "
    "Call again and compare.",
    ErrorCode.RELAY_KEY_CHANGED: "The relay shows another key than before. "
    "Ask who runs it before you accept the new key.",
    ErrorCode.CANNOT_OPEN: "Sound arrived that could not be decrypted. Hang up and call again.",
    ErrorCode.REPLAYED: "Old sound packets were sent again and were dropped. You need not do anything.",
    ErrorCode.LINK_CLOSED: "The connection was closed. It is being restored; wait a moment.",
    ErrorCode.UNREACHABLE: "The relay cannot be reached. Check your network and the relay's address.",
    ErrorCode.TIMED_OUT: "No answer in time. Check your network and try again.",
    ErrorCode.REGISTRATION_REFUSED: "The relay refused to let you in. Ask who runs it, or choose another relay.",
    ErrorCode.TOKEN_REFUSED: "This relay lets in only those with a valid token. Ask who runs it for one, "
    "and change the relay in Settings.",
    ErrorCode.TOKEN_UNCHECKED: "The relay cannot check tokens just now. Wait a moment; it is tried again.",
    ErrorCode.NOT_ADMITTED: "This room is for others. Ask who runs the relay to let you in.",
    ErrorCode.NO_PORT: "No free network port was found for the built-in relay. Close other copies or choose a relay.",
    ErrorCode.NO_DEVICE: "No microphone or speaker could be opened. Connect one, or choose another in Settings.",
    ErrorCode.NO_CODEC: "The sound codec is missing on this computer. Install the program again.",
    ErrorCode.NO_SECRET_STORE: "This computer has no keyring, so your identity is kept in a file. "
    "Set a passphrase in Settings.",
    ErrorCode.SECRETS_LOCKED: "The keyring is locked. Unlock it, then start the program again.",
    ErrorCode.WRONG_PASSPHRASE: "That passphrase is not right. Try again.",
    ErrorCode.BAD_BACKUP: "These are not 24 backup words, nor 64 digits of a key. Check them word by word.",
    ErrorCode.BAD_SETTINGS: "The settings could not be read, so the standard ones are in use. Check them in Settings.",
    ErrorCode.BAD_FILE: "A file is damaged or cannot be read. "
    "Check the disk, or restore your identity from its backup.",
    ErrorCode.CANNOT_RECORD: "The recording could not be written, so it was stopped. "
    "Check that the folder can be written and the disk has room.",
    ErrorCode.NOT_REGISTERED: "You are not connected to a relay yet. Wait until the dot is green, then try again.",
    ErrorCode.BUSY: "Another call is already going on. Hang up first.",
    ErrorCode.LIMIT: "That is more than is allowed at once. Wait a moment and try again.",
}

ENDED: dict[EndReason, str] = {
    EndReason.HUNG_UP: "You ended the call.",
    EndReason.PEER_HUNG_UP: "The other side ended the call.",
    EndReason.DECLINED: "The call was declined. You may try again later.",
    EndReason.BUSY: "The other side is in another call. Try again later.",
    EndReason.NO_ANSWER: "Nobody answered. Try again later.",
    EndReason.UNREACHABLE: "This person is not online at the moment. Try again when they appear in the list.",
    EndReason.LOST: "The connection was lost and did not come back. Check your network and call again. "
    "A computer that sleeps leaves its calls.",
    EndReason.NOT_PROTECTED: "The other side cannot encrypt end to end, so the call was not made. "
    "Ask the person to update, or allow such calls in Settings.",
    EndReason.SECURITY: "The call was ended for your safety.",
    EndReason.FAILED: "The call failed. Try again.",
}

NO_AUDIO: dict[NoAudioReason, str] = {
    NoAudioReason.PEER_MUTED: "The other side is muted. Wait, or ask them to unmute.",
    NoAudioReason.PATH_LOST: "The connection is interrupted. Another path is being tried; wait a moment.",
    NoAudioReason.DEVICE_STALLED: "Your sound device stopped. Plug it in again, or choose another in Settings.",
    NoAudioReason.UNKNOWN: "Nothing is arriving. If it stays silent, hang up and call again.",
}

NOT_DIRECT: dict[PathReason, str] = {
    PathReason.SETTING: "your settings keep calls on the relay",
    PathReason.PRIVATE: "the call was answered privately",
    PathReason.PEER_OLD: "the other side's program cannot",
    PathReason.TRYING: "looking for a direct way",
    PathReason.NO_CANDIDATES: "one side knows no address for it",
    PathReason.NOT_REACHED: "a router or firewall lets nothing else through",
    PathReason.NAT_TOO_HARD: "the routers on both sides are too strict",
    PathReason.PATH_LOST: "the direct way broke; looking for another",
}

CALL_PATH: dict[str, str] = {"auto": "Directly where possible", "relay": "Only through the relay"}

CALL_PATH_MEANING: dict[str, str] = {
    "auto": "Calls begin at once through the relay and move to a direct way when one is found. "
    "Whoever you talk to then sees your network address.",
    "relay": "Nobody you talk to sees your network address. "
    "Voices may arrive a little later, and a call needs the relay to its end.",
}

NAT_TYPE: dict[NatType, str] = {
    NatType.CONE: "friendly, or none in the way",
    NatType.SYMMETRIC: "strict (another port for everybody)",
    NatType.MULTIPLE: "several outside addresses",
    NatType.UNKNOWN: "kind unknown",
}

NETCHECK_STEP: dict[NetcheckStep, str] = {
    NetcheckStep.STUN: "asking public servers",
    NetcheckStep.RELAYS: "asking the relays",
    NetcheckStep.HAIRPIN: "trying the way back inside",
    NetcheckStep.MAPPING: "asking the router",
}

RELAY: dict[RelayPhase, str] = {
    RelayPhase.OFFLINE: "Not connected. Choose a relay below.",
    RelayPhase.CONNECTING: "Connecting…",
    RelayPhase.ONLINE: "Connected. You can call and be called.",
    RelayPhase.RECONNECTING: "Connection lost. Reconnecting…",
    RelayPhase.FAILED: "No connection. Check your network, or choose another relay.",
}

ROOM: dict[RoomStage, str] = {
    RoomStage.JOINING: "Joining…",
    RoomStage.JOINED: "In the room",
    RoomStage.RECONNECTING: "Connection lost. Reconnecting…",
    RoomStage.FAILED: "The room cannot be reached. Leave it and join again.",
}

ROOM_REFUSED: dict[ErrorCode, str] = {
    ErrorCode.LIMIT: "The room or the relay is full. Wait until somebody leaves; it is tried again.",
    ErrorCode.TIMED_OUT: "The relay is too busy to answer. Wait a moment; it is tried again.",
}

STAGE: dict[CallStage, str] = {
    CallStage.DIALLING: "Calling…",
    CallStage.RINGING: "Ringing…",
    CallStage.INCOMING: "Incoming call",
    CallStage.CONNECTING: "Connecting…",
    CallStage.ACTIVE: "In call",
    CallStage.RECONNECTING: "Connection lost. Reconnecting…",
    CallStage.ENDED: "Call ended",
}

BADGE: dict[Badge, str] = {
    Badge.VERIFIED: "Verified",
    Badge.ENCRYPTED: "Encrypted",
    Badge.RELAY_ONLY: "To the relay only",
    Badge.UNVERIFIED_PEER: "Not verified peer",
}

BADGE_MEANING: dict[Badge, str] = {
    Badge.VERIFIED: "End-to-end encrypted, and you have compared the code with this person.",
    Badge.ENCRYPTED: "End-to-end encrypted. Compare the code to be sure nobody is in between.",
    Badge.RELAY_ONLY: "Encrypted only up to the relay: whoever runs it could listen.",
    Badge.UNVERIFIED_PEER: "Direct connection to an older program: who is at the other end is not proven.",
}

STORAGE: dict[SeedStorage, str] = {
    SeedStorage.KEYRING: "Your key is kept in this computer's keyring.",
    SeedStorage.FILE_WITH_PASSPHRASE: "Your key is kept in a file sealed by your passphrase.",
    SeedStorage.FILE_WITHOUT_PASSPHRASE: "Your key is kept in a file that only your account can read. "
    "Set a passphrase to protect it better.",
    SeedStorage.GIVEN: "Your key comes from a file named at the start; this program does not keep it.",
}

QUALITY: dict[str, str] = {
    "studio-64k": "Best",
    "studio-48k": "Very good",
    "studio-32k": "Good",
    "auto": "Automatic",
    "good": "Standard",
    "degraded": "Simple",
    "codec2-3200": "Radio voice",
    "codec2-1200": "Robot voice",
    "lifeboat": "Last resort",
}
"""The choices of the setting, by what one hears."""

TECHNICAL: dict[str, str] = {
    "studio-64k": "Opus, 64 kbit/s",
    "studio-48k": "Opus, 48 kbit/s",
    "studio-32k": "Opus, 32 kbit/s",
    "auto": "Opus, or Codec2 where that does not get through",
    "good": "Opus, 24 kbit/s",
    "degraded": "Opus, 6 kbit/s",
    "codec2-3200": "Codec2, 3.2 kbit/s",
    "codec2-1200": "Codec2, 1.2 kbit/s",
    "lifeboat": "Codec2, 1.2 kbit/s, in bundles",
}
"""The same for those who know codecs: a hint, never the name."""

_AS_CHOSEN: dict[str, str] = {
    "catastrophic": "codec2-1200",
    "Opus64k": "studio-64k",
    "Opus48k": "studio-48k",
    "Opus32k": "studio-32k",
    "Opus24k": "good",
    "Opus6k": "degraded",
    "Codec2_3200": "codec2-3200",
    "Codec2_1200": "codec2-1200",
}
_ONLY_HEARD = {"Opus16k": ("Standard", "Opus, 16 kbit/s"), "ComfortNoise": ("Silence", "comfort noise")}


def heard_as(quality: str) -> tuple[str, str]:
    """What a profile (desktop.md §4) or a codec on the wire (media.md §5) sounds like, and its technical name.

    Unknown ones are shown as they are.
    """
    if quality in _ONLY_HEARD:
        return _ONLY_HEARD[quality]
    choice = _AS_CHOSEN.get(quality, quality)
    return QUALITY.get(choice, quality), TECHNICAL.get(choice, quality)


NOISE_SUPPRESSION: dict[str, str] = {"off": "Off", "light": "Light", "strong": "Strong"}

NOISE_SUPPRESSION_MEANING: dict[str, str] = {
    "off": "Others hear what is around you, and your voice as it is.",
    "light": "Removes steady noise such as fans, and changes your voice a little.",
    "strong": "Removes typing and traffic too, but your voice sounds less natural and arrives a little later. "
    "For noisy places only.",
}


def notice_text(notice: Notice | None) -> str:
    """The sentence, then the detail the engine gave; empty without a notice."""
    if notice is None:
        return ""
    return f"{ERROR[notice.code]} ({notice.detail})" if notice.detail else ERROR[notice.code]
