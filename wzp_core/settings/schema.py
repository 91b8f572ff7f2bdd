"""Every setting, once: default, words and bounds; the file, the dialog and the flags read it from here."""

from dataclasses import dataclass, field, fields
from typing import Any

from wzp_core.errors import ErrorCode, LocalMisuse

QUALITIES = (
    "studio-64k",
    "studio-48k",
    "studio-32k",
    "auto",
    "good",
    "degraded",
    "codec2-3200",
    "codec2-1200",
    "lifeboat",
)
"""Best first, as on the slider (desktop.md §4)."""

MOST_STUN_SERVERS = 8


def setting(
    default: Any, words: str, *, low: float | None = None, high: float | None = None, choices: tuple[str, ...] = ()
) -> Any:
    """A dataclass field that knows its explanation and its bounds."""
    return field(default=default, metadata={"words": words, "low": low, "high": high, "choices": choices})


class _Checked:
    """Refuses values outside the bounds of their declaration."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for spec in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value, meta = getattr(self, spec.name), spec.metadata
            low, high, choices = meta.get("low"), meta.get("high"), meta.get("choices")
            if (low is not None and value < low) or (high is not None and value > high):
                raise LocalMisuse(ErrorCode.BAD_SETTINGS, name=spec.name, value=value)
            if choices and value not in choices:
                raise LocalMisuse(ErrorCode.BAD_SETTINGS, name=spec.name, value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSettings(_Checked):
    input_device: str = setting("", "Microphone; empty means the system's choice")
    output_device: str = setting("", "Speaker; empty means the system's choice")
    input_volume: float = setting(1.0, "Microphone gain", low=0.0, high=4.0)
    output_volume: float = setting(1.0, "Playback gain", low=0.0, high=4.0)
    echo_cancellation: bool = setting(True, "Take what the speaker plays out of what the microphone hears")
    noise_suppression: str = setting(
        "off", "Suppress background noise; it changes clear speech too, strong most", choices=("off", "light", "strong")
    )
    automatic_gain: bool = setting(False, "Bring speech to an even loudness; for quiet microphones")
    level_heard: bool = setting(False, "Bring everybody heard to one loudness")
    push_to_talk: bool = setting(False, "Send only while a key is held")
    release_delay_ms: int = setting(250, "How long to go on sending after the key is released", low=0, high=2000)
    record_debug: bool = setting(False, "Record microphone, echo reference and what is sent, for finding faults")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayEntry:
    """A relay the user added."""

    name: str
    address: str  # host:port
    token: str = field(default="", repr=False)  # from whoever runs it, where it lets in only some


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings(_Checked):
    relays: tuple[RelayEntry, ...] = setting((), "Relays to choose from; none means the app's own")
    selected: str = setting("", "Address of the relay in use; empty means one on this machine, else the app's own")
    announce: bool = setting(True, "Let other computers on this network find the app's own relay")

    def entry(self, address: str) -> RelayEntry:
        """What the user entered for that relay; nameless where nothing."""
        return next((entry for entry in self.relays if entry.address == address), RelayEntry(name="", address=address))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings(_Checked):
    allow_unprotected: bool = setting(False, "Allow calls without end-to-end encryption")
    room: str = setting("general", "Default room")
    quality: str = setting("auto", "Quality of what is sent; everything is played", choices=QUALITIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings(_Checked):
    path: str = setting(
        "auto",
        "Way of calls: direct where possible, or the relay only, which tells nobody your address",
        choices=("auto", "relay"),
    )
    use_stun: bool = setting(True, "Ask public servers which address the internet sees; helps through hard routers")
    stun_servers: str = setting(
        "stun.l.google.com:19302 stun1.l.google.com:19302 stun.cloudflare.com:3478",
        "STUN servers, host:port, separated by spaces",
    )
    port_mapping: bool = setting(True, "Ask the router to let callers reach this computer (NAT-PMP, PCP, UPnP)")

    @property
    def servers(self) -> tuple[str, ...]:
        """The STUN servers that may be asked."""
        return tuple(self.stun_servers.split()[:MOST_STUN_SERVERS]) if self.use_stun and self.path != "relay" else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppearanceSettings(_Checked):
    theme: str = setting("system", "Colours", choices=("system", "light", "dark"))
    scale_percent: int = setting(100, "Size of everything on screen", low=75, high=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; `alias` empty means the one derived from the identity."""

    alias: str = setting("", "The name others see")
    audio: AudioSettings = AudioSettings()
    relay: RelaySettings = RelaySettings()
    call: CallSettings = CallSettings()
    network: NetworkSettings = NetworkSettings()
    appearance: AppearanceSettings = AppearanceSettings()
