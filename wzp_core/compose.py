"""The only file that joins the engine with the real world."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from wzp_core.codec.libopus import opus_library
from wzp_core.crypto.certificate import tls_identity
from wzp_core.engine.capture import Processing
from wzp_core.engine.world import Discovery, OwnRelay, Seeds, World
from wzp_core.errors import ErrorCode, LocalMisuse, Unavailable
from wzp_core.io.database import Database
from wzp_core.io.discovery import LanDiscovery as LanDiscovery  # the app's choice, not every command's
from wzp_core.io.files import read_file
from wzp_core.io.gateway import default_gateway
from wzp_core.io.interfaces import Interfaces
from wzp_core.io.keyring import SeedStore
from wzp_core.io.phonebook import SqlitePhoneBook
from wzp_core.io.portmap import PortMapper
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.io.recording import RecordingFolder
from wzp_core.io.relay_trust import SqliteRelayTrust
from wzp_core.io.settings_file import SettingsFile
from wzp_core.io.sound import SoundSystem
from wzp_core.io.stun import observe
from wzp_core.io.wav import FileAudio
from wzp_core.ports import Address, AudioSystem
from wzp_core.session.state import SeedStorage
from wzp_core.settings.paths import DEFAULT_PROFILE, profile_folders
from wzp_core.settings.schema import CallSettings, NetworkSettings, Settings

PASSPHRASE_VARIABLE = "WZP_PASSPHRASE"  # noqa: S105


def entropy(count: int) -> bytes:
    """The system's random bytes."""
    return os.urandom(count)


async def resolve(host: str, port: int) -> Address:
    """IPv4 first, where this machine has a way to it. Raises Unavailable(UNREACHABLE)."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:  # the latter for what no host name can be, such as `a..b`
        raise Unavailable(ErrorCode.UNREACHABLE, host=host, cause=error) from error
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    address = next((entry[4] for entry in found if _has_way(entry[0], entry[4])), found[0][4])
    return str(address[0]), int(address[1])


def _has_way(family: int, address: tuple[Any, ...]) -> bool:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(address)  # of a datagram socket: asks the routing table and sends nothing
        except OSError:
            return False
    return True


def has_dred() -> bool:
    """Whether this machine's libopus can rebuild long gaps."""
    try:
        return opus_library().has_dred
    except Unavailable:
        return False


@asynccontextmanager
async def open_dialling_endpoint(towards: Address) -> AsyncIterator[QuicEndpoint]:
    """An endpoint of the family of `towards` that accepts nothing."""
    async with open_endpoint(("::" if ":" in towards[0] else "0.0.0.0", 0)) as endpoint:  # noqa: S104
        yield endpoint


@asynccontextmanager
async def _client_endpoint() -> AsyncIterator[QuicEndpoint]:
    """One port for everything a client does, able to accept (calls.md §3); its certificate lasts one run."""
    certificate = tls_identity(entropy(32))
    async with open_endpoint(("0.0.0.0", 0), certificate, both_families=True, is_wary=True) as endpoint:  # noqa: S104
        yield endpoint


class GivenSeed:
    """An identity out of `--seed-file`: used, never stored."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def load(self, passphrase: str | None = None) -> tuple[bytes, SeedStorage] | None:  # noqa: ARG002
        try:
            seed = bytes.fromhex((read_file(self._path) or b"").decode().strip())
        except ValueError:
            seed = b""
        if len(seed) != 32:
            raise LocalMisuse(ErrorCode.BAD_FILE, what="seed file")
        return seed, SeedStorage.GIVEN

    async def save(self, seed: bytes, passphrase: str = "") -> SeedStorage:  # noqa: ARG002
        raise LocalMisuse(ErrorCode.NO_SECRET_STORE, what="seed file is read only")

    async def change_passphrase(self, passphrase: str) -> SeedStorage:  # noqa: ARG002
        raise LocalMisuse(ErrorCode.NO_SECRET_STORE, what="seed file is read only")


class _GivenSettings:
    """Settings of a command line: nothing is read or kept, but what the flags say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def load(self) -> Settings | None:
        return self._settings

    async def save(self, settings: Settings) -> None:
        self._settings = settings


def make_seeds(profile: str, seed_file: Path | None) -> Seeds:
    if seed_file is not None:
        return GivenSeed(seed_file)
    name = profile or DEFAULT_PROFILE
    return SeedStore(name, profile_folders(name).data)


def given_passphrase() -> str | None:
    """For scripts and servers, where nobody can be asked."""
    return os.environ.get(PASSPHRASE_VARIABLE)


def make_audio(device: str, play: Path | None = None, record: Path | None = None) -> AudioSystem:
    """Files where files are named or the device is `none`, else the machine's sound."""
    if device == "none" or play is not None or record is not None:
        return FileAudio(play=play, record=record)
    return SoundSystem()


def make_world(
    *,
    profile: str,
    seed_file: Path | None = None,
    device: str = "",
    play: Path | None = None,
    record: Path | None = None,
    record_debug: Path | None = None,
    alias: str | None = None,
    network: NetworkSettings | None = None,
    call: CallSettings | None = None,
    sound: AudioSystem | None = None,
    own_relay: OwnRelay | None = None,
    discovery: Discovery | None = None,
    ask_outside: bool = True,
) -> World:
    """`alias` other than None means a command line: its flags are all the settings there are.

    `sound` stands above `device`, `play` and `record`.
    `record_debug`: a folder for recordings of every conversation; raises Unavailable(CANNOT_RECORD) where it is none.
    Without `ask_outside` neither STUN servers nor the router hear of us, whatever the settings say.
    """
    place = profile_folders(profile or DEFAULT_PROFILE)
    # A given identity keeps its memory beside its seed, apart from every profile's.
    database = Database(place.phonebook_file if seed_file is None else seed_file.with_suffix(".sqlite"))
    audio = (
        Settings().audio
        if device in ("", "none")
        else replace(Settings().audio, input_device=device, output_device=device)
    )
    recordings = RecordingFolder(record_debug or place.data / "recordings")
    if record_debug is not None:
        recordings.prepare()
        audio = replace(audio, record_debug=True)
    given = Settings(alias=alias or "", audio=audio, call=call or CallSettings(), network=network or NetworkSettings())
    settings = SettingsFile(place.settings_file) if alias is None else _GivenSettings(given)
    sound = sound or make_audio(device, play, record)
    return World(
        open_endpoint=_client_endpoint,
        resolve=resolve,
        audio=sound,
        seeds=make_seeds(profile, seed_file),
        settings=settings,
        phonebook=SqlitePhoneBook(database),
        trust=SqliteRelayTrust(database),
        own_relay=own_relay,
        discovery=discovery,
        entropy=entropy,
        unix_time=time.time,
        recordings=recordings,
        processing=Processing.FULL if isinstance(sound, SoundSystem) else Processing.VOICE_ONLY,
        network=Interfaces(),
        port_mapping=PortMapper(Interfaces().addresses) if ask_outside else None,
        observe=observe if ask_outside else None,
        gateway=default_gateway,
        passphrase=given_passphrase(),
    )
