"""The settings dialog: identity, devices, relays and what this build can do."""

from dataclasses import dataclass

from wzp_core.session.state import AppState, SeedStorage
from wzp_core.settings.schema import Settings
from wzp_desktop.presenters.devices import DeviceChoices, device_choices
from wzp_desktop.presenters.names import shown_name
from wzp_desktop.presenters.network import NetworkScreen, network_screen
from wzp_desktop.presenters.relays import RelayChoice, relay_choices
from wzp_desktop.presenters.words import STORAGE

UNPROTECTED_WARNING = "Whoever runs the relay could listen to such calls. They are always marked as not protected."
DRED_YES = "Gaps in speech, even long ones, are rebuilt. (deep redundancy, DRED)"
DRED_NO = "Short gaps in speech are filled, long ones are heard. (this computer's Opus library has no DRED)"


@dataclass(frozen=True, slots=True)
class SettingsScreen:
    settings: Settings
    my_name: str
    fingerprint: str
    storage: str
    passphrase_can_be_set: bool
    words: tuple[str, ...]  # empty while hidden
    devices: DeviceChoices
    mic_test: bool
    relays: tuple[RelayChoice, ...]
    selected_relay: str
    network: NetworkScreen
    dred: str
    recordings: str  # their folder; empty where none can be made


def settings_screen(state: AppState) -> SettingsScreen:
    storage = state.me.storage if state.me else SeedStorage.KEYRING
    return SettingsScreen(
        settings=state.settings,
        my_name=shown_name(state.me.alias, state.me.fingerprint) if state.me else "",
        fingerprint=state.me.fingerprint if state.me else "",
        storage=STORAGE[storage],
        passphrase_can_be_set=storage in (SeedStorage.FILE_WITH_PASSPHRASE, SeedStorage.FILE_WITHOUT_PASSPHRASE),
        words=tuple(state.backup_words.split()) if state.backup_words else (),
        devices=device_choices(state),
        mic_test=state.mic_test,
        relays=relay_choices(state.settings),
        selected_relay=state.settings.relay.selected,
        network=network_screen(state.netcheck),
        dred=DRED_YES if state.has_dred else DRED_NO,
        recordings=state.recording.folder,
    )


def numbered(words: tuple[str, ...], columns: int = 3) -> str:
    """The backup words in numbered columns of equal width, for a fixed-width font."""
    rows = -(-len(words) // columns)
    cells = [f"{i + 1:>2} {word:<10}" for i, word in enumerate(words)]
    return "\n".join("".join(cells[row::rows]).rstrip() for row in range(rows))


def backup_is_complete(text: str) -> bool:
    """Whether the text can be a backup: 24 words or 64 hex digits; the engine checks the rest."""
    words = text.split()
    joined = "".join(words).lower()
    return len(words) == 24 or (len(joined) == 64 and all(char in "0123456789abcdef" for char in joined))
