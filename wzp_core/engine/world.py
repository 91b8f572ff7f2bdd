"""What the engine is given to work with: the doors to network, sound, disk, clock and chance."""

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from wzp_core.engine.capture import Processing
from wzp_core.ports import (
    Address,
    AudioSystem,
    Endpoint,
    NetworkMonitor,
    PhoneBook,
    PortMapping,
    Recordings,
    RelayTrust,
    UdpPort,
)
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.session.state import NearbyRelay, SeedStorage
from wzp_core.settings.schema import Settings


class Seeds(Protocol):
    """Where the identity's seed lives. Errors: SECRETS_LOCKED, WRONG_PASSPHRASE, NO_SECRET_STORE."""

    async def load(self, passphrase: str | None = None) -> tuple[bytes, SeedStorage] | None:
        """None on a first run."""

    async def save(self, seed: bytes, passphrase: str = "") -> SeedStorage: ...

    async def change_passphrase(self, passphrase: str) -> SeedStorage: ...


class SettingsStore(Protocol):
    async def load(self) -> Settings | None:
        """None on a first run. Raises LocalMisuse(BAD_SETTINGS) for a file that cannot be understood."""

    async def save(self, settings: Settings) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayTarget:
    """A relay to register with."""

    name: str
    host: str
    port: int
    pin: TlsFingerprint | None = None  # known from a source that can be trusted, else trust on first use
    embedded: bool = False
    token: str = field(default="", repr=False)  # that lets us in

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class OwnRelay(Protocol):
    """The relay inside the app, for users who configured none."""

    async def find(self) -> RelayTarget | None:
        """One that another app of this user runs on this machine."""

    def start(self, *, announce: bool) -> AbstractAsyncContextManager[RelayTarget]:
        """Raises Unavailable: NO_PORT, or BUSY where another app has just started one."""


class Discovery(Protocol):
    """Relays announced on the local network."""

    def browse(self, found: Callable[[tuple[NearbyRelay, ...]], None]) -> AbstractAsyncContextManager[None]: ...


Observe: TypeAlias = Callable[[Endpoint, Address, float, UdpPort | None], Awaitable[Address]]
"""Which address a STUN server sees of the endpoint's main socket, or of another, within so many s.

Raises Unavailable(TIMED_OUT).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    open_endpoint: Callable[[], AbstractAsyncContextManager[Endpoint]]
    resolve: Callable[[str, int], Awaitable[Address]]  # raises Unavailable(UNREACHABLE)
    audio: AudioSystem
    seeds: Seeds
    settings: SettingsStore
    phonebook: PhoneBook
    trust: RelayTrust
    own_relay: OwnRelay | None
    discovery: Discovery | None
    entropy: Callable[[int], bytes]
    unix_time: Callable[[], float]
    processing: Processing = Processing.NONE
    recordings: Recordings | None = None
    network: NetworkMonitor | None = None
    port_mapping: PortMapping | None = None
    observe: Observe | None = None
    gateway: Callable[[], Coroutine[Any, Any, str | None]] | None = None  # the router's address
    passphrase: str | None = None  # of the seed file, where nobody can be asked
