"""The settings dialog: identity, devices, relays and what this build can do."""

from dataclasses import dataclass

from wzp_core.crypto.backup import BACKUP_WORDS, seed_of_backup, unknown_words
from wzp_core.errors import WzpError
from wzp_core.session.state import AppState, SeedStorage
from wzp_core.settings.schema import Settings
from wzp_desktop.presenters.devices import DeviceChoices, device_choices
from wzp_desktop.presenters.names import shown_name
from wzp_desktop.presenters.network import NetworkScreen, network_screen
from wzp_desktop.presenters.relays import RelayChoice, relay_choices
from wzp_desktop.presenters.words import STORAGE, notice_text

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
    notice: str


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
        notice=notice_text(state.notice),
    )


def numbered(words: tuple[str, ...], columns: int = 3) -> str:
    """The backup words in numbered columns of equal width, for a fixed-width font."""
    rows = -(-len(words) // columns)
    cells = [f"{i + 1:>2} {word:<10}" for i, word in enumerate(words)]
    return "\n".join("".join(cells[row::rows]).rstrip() for row in range(rows))


def is_backup(text: str) -> bool:
    """Whether an identity can be made of it."""
    try:
        seed_of_backup(text)
    except WzpError:
        return False
    return True


def backup_hint(text: str) -> str:
    """What keeps a typed text from being a backup; empty when it is one or nothing was typed."""
    words, finished = text.split(), text[-1:].isspace()
    if not words or is_backup(text):
        return ""
    strange = unknown_words(text)
    if strange and all(char in "0123456789abcdefABCDEF" for word in words for char in word):
        return f"{len(''.join(words))} of 64 digits"
    wrong = [(at, word) for at, word in strange if at < len(words) or finished or len(words) >= BACKUP_WORDS]
    if wrong:
        return "Not among the backup words: " + ", ".join(f"{word} (number {at})" for at, word in wrong[:3])
    if len(words) == BACKUP_WORDS:
        return "One of the words is wrong, or two have changed places. Compare them with your paper."
    return f"{len(words)} of {BACKUP_WORDS} words"
