"""Whole engines and a relay in one process, on simulated network, sound, disk and time."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relay.config import IDENTITY_FILE, PeerRelay, RelayConfig
from relay.identity import load_seed
from relay.serve import Relay, serve
from tests.sim.network import Host, Internet
from tests.sim.sound import SimSound
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.identity import relay_tls_seed
from wzp_core.engine.commands import Command
from wzp_core.engine.engine import Engine
from wzp_core.engine.scope import task_scope
from wzp_core.engine.world import World
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.quic import open_endpoint
from wzp_core.io.stun import observe
from wzp_core.io.udp import UdpSocket
from wzp_core.nat.stun import binding_response
from wzp_core.ports import Address, Contact, HistoryEntry
from wzp_core.protocol.ids import Fingerprint, TlsFingerprint
from wzp_core.session.state import AppState, CallStage, RelayPhase, SeedStorage
from wzp_core.settings.schema import NetworkSettings, Settings

RELAY_IP = "203.0.113.1"
RELAY_PORT = 4433
STUN = "203.0.113.2:3478 203.0.113.3:3478 203.0.113.4:3478"  # answers only where a scene has `stun_servers`


@dataclass
class MemorySeeds:
    seed: bytes | None

    async def load(self, passphrase: str | None = None) -> tuple[bytes, SeedStorage] | None:
        return None if self.seed is None else (self.seed, SeedStorage.KEYRING)

    async def save(self, seed: bytes, passphrase: str = "") -> SeedStorage:
        self.seed = seed
        return SeedStorage.KEYRING

    async def change_passphrase(self, passphrase: str) -> SeedStorage:
        return SeedStorage.KEYRING


@dataclass
class MemorySettings:
    settings: Settings | None = None

    async def load(self) -> Settings | None:
        return self.settings

    async def save(self, settings: Settings) -> None:
        self.settings = settings


@dataclass
class MemoryPhoneBook:
    known: dict[str, Contact] = field(default_factory=dict)
    entries: dict[str, HistoryEntry] = field(default_factory=dict)

    async def contacts(self) -> tuple[Contact, ...]:
        return tuple(self.known.values())

    async def save_contact(self, contact: Contact) -> None:
        self.known[contact.fingerprint] = contact

    async def history(self, limit: int = 50) -> tuple[HistoryEntry, ...]:
        return tuple(reversed(self.entries.values()))[:limit]

    async def save_history(self, entry: HistoryEntry) -> None:
        self.entries[entry.call_id] = entry

    async def clear_history(self) -> None:
        self.entries.clear()


@dataclass
class MemoryTrust:
    pins: dict[str, TlsFingerprint] = field(default_factory=dict)

    async def known(self, address: str) -> TlsFingerprint | None:
        return self.pins.get(address)

    async def remember(self, address: str, fingerprint: TlsFingerprint) -> None:
        self.pins[address] = fingerprint


@dataclass
class SimNetwork:
    """One interface; `become` moves the phone to another address."""

    ip: str
    _changed: Callable[[], None] = lambda: None

    def addresses(self) -> tuple[str, ...]:
        return ("127.0.0.1", self.ip)

    @asynccontextmanager
    async def watch(self, changed: Callable[[], None]) -> AsyncIterator[None]:
        self._changed = changed
        yield

    def change(self) -> None:
        self._changed()


async def _resolve(host: str, port: int) -> Address:
    if not host[0].isdigit():
        raise Unavailable(ErrorCode.UNREACHABLE, host=host)
    return host, port


@dataclass
class Phone:
    """One user's engine and what the test may look at."""

    engine: Engine
    sound: SimSound
    settings: MemorySettings
    book: MemoryPhoneBook
    trust: MemoryTrust
    network: SimNetwork
    states: list[AppState]
    _changed: asyncio.Event

    @property
    def state(self) -> AppState:
        return self.engine.state

    @property
    def fingerprint(self) -> Fingerprint:
        assert self.state.me is not None
        return self.state.me.fingerprint

    def does(self, command: Command) -> None:
        self.engine.submit(command)

    async def until(self, holds: Callable[[AppState], Any], limit_s: float = 60.0) -> AppState:
        try:
            async with asyncio.timeout(limit_s):
                while not holds(self.state):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"never happened in {limit_s} s; last state: {self.state}") from None
        return self.state

    async def online(self) -> None:
        await self.until(lambda s: s.relay.phase is RelayPhase.ONLINE)

    async def in_stage(self, stage: CallStage, limit_s: float = 90.0) -> AppState:
        return await self.until(lambda s: s.call is not None and s.call.stage is stage, limit_s)

    async def sees(self, other: "Phone") -> None:
        await self.until(lambda s: any(p.fingerprint == other.fingerprint for p in s.present))


def _stun_server(host: Host, bind: Address) -> UdpSocket:
    def answer(data: bytes, address: Address) -> None:
        udp.send(binding_response(data[8:20], address), address)

    udp = host.open_udp(bind, answer)
    return udp


@dataclass
class Stage:
    """The scene of a scenario."""

    internet: Internet
    tmp: Any

    def relay_key(self, ip: str) -> TlsFingerprint:
        """The certificate's fingerprint of the relay that runs there, now or later."""
        return tls_identity(relay_tls_seed(load_seed(self._relay_folder(ip) / IDENTITY_FILE))).fingerprint

    def peer(self, ip: str) -> PeerRelay:
        return PeerRelay(url=f"{ip}:{RELAY_PORT}", fingerprint=self.relay_key(ip), label=f"at {ip}")

    def _relay_folder(self, ip: str) -> Path:
        return Path(self.tmp) / f"relay-{ip}"

    @asynccontextmanager
    async def relay(self, ip: str = RELAY_IP, **limits: Any) -> AsyncIterator[Relay]:
        config = RelayConfig(
            listen=("0.0.0.0", RELAY_PORT),
            data_dir=self._relay_folder(ip),
            advertised_addr=f"{ip}:{RELAY_PORT}",
            **limits,
        )
        host = self.internet.host(ip)
        async with serve(config, open_socket=host.open_udp) as relay:
            yield relay

    @contextmanager
    def stun_servers(self) -> Iterator[None]:
        """Those that phones know."""
        with ExitStack() as servers:
            for server in STUN.split():
                ip, _, port = server.partition(":")
                servers.callback(_stun_server(self.internet.host(ip), (ip, int(port))).close)
            yield

    @asynccontextmanager
    async def phone(
        self,
        name: str,
        ip: str,
        *,
        seed: bytes | None = None,
        settings: Settings | None = None,
        network: NetworkSettings | None = None,
        sound: SimSound | None = None,
        contacts: dict[str, Contact] | None = None,
        relay: str = f"{RELAY_IP}:{RELAY_PORT}",
        **world: Any,
    ) -> AsyncIterator[Phone]:
        """`world`: what this phone's world has besides."""
        chance = random.Random(f"{name}{self.internet.seed}")
        sound = sound or SimSound()
        store = MemorySettings(settings or Settings(alias=name, network=network or NetworkSettings(stun_servers=STUN)))
        book, trust = MemoryPhoneBook(dict(contacts or {})), MemoryTrust()
        interfaces = SimNetwork(ip)
        changed, states = asyncio.Event(), list[AppState]()
        host = self.internet.host(ip)
        doors = World(
            open_endpoint=lambda: _endpoint(host, chance.randbytes(32)),
            resolve=_resolve,
            audio=sound,
            seeds=MemorySeeds(seed or chance.randbytes(32)),
            settings=store,
            phonebook=book,
            trust=trust,
            own_relay=None,
            discovery=None,
            entropy=chance.randbytes,
            network=interfaces,
            observe=observe,
            unix_time=lambda: 1_800_000_000 + asyncio.get_running_loop().time(),
            **world,
        )

        def on_state(state: AppState) -> None:
            states.append(state)
            changed.set()

        engine = Engine(doors, on_state, relay=relay)
        async with task_scope() as tasks:
            tasks.create_task(engine.run(), name=f"engine of {name}")
            yield Phone(engine, sound, store, book, trust, interfaces, states, changed)


@asynccontextmanager
async def _endpoint(host: Host, key: bytes) -> AsyncIterator[Any]:
    opened = open_endpoint(("0.0.0.0", 0), tls_identity(key), open_socket=host.open_udp, is_wary=True)
    async with opened as endpoint:
        yield endpoint
