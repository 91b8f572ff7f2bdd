"""The relay in use, the ones to choose from, and those found nearby."""

from dataclasses import dataclass, replace

from wzp_core.protocol.address import split_address
from wzp_core.session.state import AppState, NearbyRelay, RelayPhase, RelayState
from wzp_core.settings.schema import Settings
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.presenters.words import ERROR, RELAY

AUTOMATIC = "Automatic (on this computer)"

_TONE = {
    RelayPhase.OFFLINE: Tone.DANGER,
    RelayPhase.CONNECTING: Tone.WARNING,
    RelayPhase.ONLINE: Tone.GOOD,
    RelayPhase.RECONNECTING: Tone.WARNING,
    RelayPhase.FAILED: Tone.DANGER,
}


@dataclass(frozen=True, slots=True)
class RelayChoice:
    """An entry of the selector; the empty address lets the program choose."""

    address: str
    label: str


@dataclass(frozen=True, slots=True)
class RelayPanel:
    tone: Tone
    title: str
    detail: str
    round_trip: str
    can_retry: bool
    choices: tuple[RelayChoice, ...]
    selected: int
    nearby: tuple[RelayChoice, ...]


def relay_panel(state: AppState) -> RelayPanel:
    choices = relay_choices(state.settings)
    chosen = state.settings.relay.selected
    used = {state.relay.address, *(choice.address for choice in choices)}
    return RelayPanel(
        tone=_TONE[state.relay.phase],
        title=relay_name(state.relay),
        detail=relay_detail(state.relay),
        round_trip="" if state.relay.rtt_ms is None else f"{state.relay.rtt_ms:.0f} ms",
        can_retry=state.relay.phase in (RelayPhase.FAILED, RelayPhase.RECONNECTING),
        choices=choices,
        selected=next((i for i, choice in enumerate(choices) if choice.address == chosen), 0),
        nearby=tuple(
            _nearby(relay) for relay in state.nearby if relay.address not in used and not _is_in_use(relay, state)
        ),
    )


def _is_in_use(relay: NearbyRelay, state: AppState) -> bool:
    """The same one by another address, as the app's own is when it finds itself."""
    return relay.fingerprint is not None and relay.fingerprint == state.relay.fingerprint


def relay_name(relay: RelayState) -> str:
    if relay.embedded:
        return "This computer's own relay"
    return relay.name or relay.address or "No relay"


def relay_detail(relay: RelayState) -> str:
    if relay.error is None or relay.phase is RelayPhase.ONLINE:
        return RELAY[relay.phase]
    again = " Trying again…" if relay.phase is RelayPhase.RECONNECTING else ""
    return ERROR[relay.error] + again


def relay_choices(settings: Settings) -> tuple[RelayChoice, ...]:
    """Automatic first, then the user's own, then a selected one that is in no list."""
    own = [RelayChoice(entry.address, _label(entry.name, entry.address)) for entry in settings.relay.relays]
    selected = settings.relay.selected
    if selected and all(choice.address != selected for choice in own):
        own.append(RelayChoice(selected, selected))
    return (RelayChoice("", AUTOMATIC), *own)


def chosen_relay(settings: Settings, address: str) -> Settings:
    """The settings with a known relay, or with the empty address none, selected."""
    return replace(settings, relay=replace(settings.relay, selected=address))


def with_relay(settings: Settings, name: str, address: str, token: str = "") -> Settings:
    """The settings with that relay known and selected; one known before takes a new name and token where given."""
    before = settings.relay.entry(address)
    entry = replace(before, name=name or before.name or address, token=token or before.token)
    known = tuple(entry if each.address == address else each for each in settings.relay.relays)
    if entry not in known:
        known = (*known, entry)
    return replace(settings, relay=replace(settings.relay, relays=known, selected=address))


def without_relay(settings: Settings, address: str) -> Settings:
    """The settings without that relay; if it was selected, the program chooses again."""
    kept = tuple(entry for entry in settings.relay.relays if entry.address != address)
    selected = "" if settings.relay.selected == address else settings.relay.selected
    return replace(settings, relay=replace(settings.relay, relays=kept, selected=selected))


def typed_address(text: str) -> str | None:
    """`host:port` from typed text, the usual port where none was given; None if it is no address."""
    parts = split_address(text)
    if parts is None or any(char.isspace() or char in "/@" for char in parts[0]):
        return None
    host, port = parts
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def address_hint(text: str) -> str:
    """What is wrong with a typed address; empty when it is one or nothing was typed."""
    if not text.strip() or typed_address(text) is not None:
        return ""
    return "This is not an address. One looks like relay.example.org or 203.0.113.5:4433."


def _nearby(relay: NearbyRelay) -> RelayChoice:
    return RelayChoice(relay.address, relay.name or relay.address)


def _label(name: str, address: str) -> str:
    return f"{name} ({address})" if name and name != address else address
