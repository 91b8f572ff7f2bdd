"""Announces a relay on the local network and finds others (DNS-SD, RFC 6763, service `_wzp._udp`)."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import ifaddr
from zeroconf import Error as ZeroconfError
from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from wzp_core.errors import RemoteViolation
from wzp_core.logs import event, logger
from wzp_core.protocol.ids import TlsFingerprint, parse_tls_fingerprint
from wzp_core.session.state import NearbyRelay

_SERVICE = "_wzp._udp.local."
_RESOLVE_LIMIT_MS = 2000
_MOST_RELAYS = 32
_LONGEST_NAME = 40

log = logger("discovery")


def local_ipv4() -> list[str]:
    """Addresses of this machine that others may reach."""
    addresses = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return [address for address in addresses if not address.startswith("127.")]


@asynccontextmanager
async def announce(name: str, port: int, fingerprint: TlsFingerprint) -> AsyncIterator[None]:
    """While the block runs; registering takes a second of its own (RFC 6762 §8.1) and is not waited for.

    A network without multicast costs the announcement, not the relay.
    """
    addresses = [socket.inet_aton(address) for address in local_ipv4()]
    info = AsyncServiceInfo(
        _SERVICE,
        f"{name[:_LONGEST_NAME]} {fingerprint[:5].replace(':', '')}-{port}.{_SERVICE}",
        addresses=addresses,
        port=port,
        properties={"fp": fingerprint, "name": name[:_LONGEST_NAME]},
    )
    zeroconf = _open() if addresses else None
    if zeroconf is None:
        yield
        return
    registering = asyncio.ensure_future(_register(zeroconf, info))
    try:
        yield
    finally:
        registering.cancel()
        await asyncio.wait({registering})
        await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()


async def _register(zeroconf: AsyncZeroconf, info: AsyncServiceInfo) -> None:
    try:
        await zeroconf.async_register_service(info, allow_name_change=True)
    except (OSError, ZeroconfError) as error:
        event(log, "discovery:not_announced", level=logging.WARNING, error=error)


class LanDiscovery:
    """Implements `engine.world.Discovery`; `own_port` hides what this program announces itself."""

    @asynccontextmanager
    async def browse(self, found: Callable[[tuple[NearbyRelay, ...]], None]) -> AsyncIterator[None]:
        zeroconf = _open()
        if zeroconf is None:
            yield
            return
        seen = _Seen(zeroconf, found)
        browser = AsyncServiceBrowser(zeroconf.zeroconf, _SERVICE, handlers=[seen.changed])
        try:
            yield
        finally:
            await browser.async_cancel()
            await seen.close()
            await zeroconf.async_close()


def _open() -> AsyncZeroconf | None:
    try:
        return AsyncZeroconf()
    except OSError as error:
        event(log, "discovery:unavailable", level=logging.WARNING, error=error)
        return None


class _Seen:
    def __init__(self, zeroconf: AsyncZeroconf, found: Callable[[tuple[NearbyRelay, ...]], None]) -> None:
        self._zeroconf, self._found = zeroconf, found
        self._relays: dict[str, NearbyRelay] = {}
        self._lookups: set[asyncio.Task[None]] = set()

    def changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:  # noqa: ARG002
        if state_change is ServiceStateChange.Removed:
            if self._relays.pop(name, None) is not None:
                self._tell()
        elif len(self._lookups) < _MOST_RELAYS:
            task = asyncio.ensure_future(self._look_up(name))
            self._lookups.add(task)
            task.add_done_callback(self._lookups.discard)

    async def _look_up(self, name: str) -> None:
        info = AsyncServiceInfo(_SERVICE, name)
        if not await info.async_request(self._zeroconf.zeroconf, _RESOLVE_LIMIT_MS):
            return
        addresses = info.parsed_addresses()
        if addresses and info.port and (len(self._relays) < _MOST_RELAYS or name in self._relays):
            text = info.decoded_properties
            label = "".join(c for c in (text.get("name") or "") if c.isprintable())[:_LONGEST_NAME]
            self._relays[name] = NearbyRelay(
                name=label or addresses[0],
                address=f"{addresses[0]}:{info.port}",
                fingerprint=_fingerprint(text.get("fp")),
            )
            self._tell()

    def _tell(self) -> None:
        self._found(tuple(sorted(self._relays.values(), key=lambda relay: relay.name)))

    async def close(self) -> None:
        for task in self._lookups:
            task.cancel()
        if self._lookups:
            await asyncio.wait(self._lookups)


def _fingerprint(text: str | None) -> TlsFingerprint | None:
    """Only a hint: what an announcement claims is no reason to trust it."""
    try:
        return parse_tls_fingerprint(text or "")
    except RemoteViolation:
        return None
