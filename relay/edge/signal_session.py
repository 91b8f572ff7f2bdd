"""One client's signal connection, from its registration to its end (relay.md §6)."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import get_args

from relay.config import RelayConfig
from relay.decide.calls import CallSignal
from relay.decide.effects import ConnectionId
from relay.decide.registration import registered_id
from relay.edge.addresses import address_text, advertised_text
from relay.edge.farewell import closed_within
from relay.edge.first_signal import first_signal
from relay.edge.signal_plane import SignalPlane
from relay.edge.token_check import TokenCheck
from wzp_core.errors import ErrorCode, RemoteViolation, WzpError
from wzp_core.limits import Bucket, Rate
from wzp_core.ports import Address, Link
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.path import Reflect, ReflectResponse
from wzp_core.protocol.signal.presence import Ping, Pong, RegisterPresence, RegisterPresenceAck

_REFUSAL_READ_S = 2.0  # for the client to read why
_PROBE_LIMIT_S = 60.0
_BURST_S = 4.0  # seconds' worth of signals at once


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalService:
    """What all signal sessions share."""

    plane: SignalPlane
    tokens: TokenCheck
    listening: Address
    build: str

    @property
    def config(self) -> RelayConfig:
        """As it is now."""
        return self.plane.config


async def serve_signals(link: Link, service: SignalService) -> None:
    """Returns when the client is gone, and raises RemoteViolation where it has to go."""
    registration, token = await first_signal(link, RegisterPresence)
    try:
        client = registered_id(registration, signature_required=service.config.require_signatures)
        host = link.remote_address[0]
        if client is not None:
            service.plane.admit(host, client, is_signed=bool(registration.signature))
    except WzpError as error:
        service.plane.counters.auth_refused += error.code is ErrorCode.BAD_SIGNATURE
        await _refuse(link, service, error)
        raise
    if client is None:
        _welcome(link, service)
        await _serve_probe(link, service)
        return
    try:
        await _check_token(link, service, token, client)
        service.plane.counters.auth_accepted += bool(registration.signature) or service.tokens.checks
        _welcome(link, service)
        await _serve_client(link, service, client, registration)
    finally:
        service.plane.dismiss(host)


async def _check_token(link: Link, service: SignalService, token: str | None, client: Fingerprint) -> None:
    try:
        await service.tokens.admit(token, client)
    except WzpError as error:
        service.plane.counters.auth_refused += 1
        await _refuse(link, service, error)
        raise


def _welcome(link: Link, service: SignalService) -> None:
    config = service.config
    link.send_signal(
        RegisterPresenceAck(
            success=True,
            relay_build=service.build,
            relay_region=config.region or None,
            available_relays=tuple(f"{peer.label or 'peer'}|{peer.url}" for peer in config.peers),
        )
    )


async def _refuse(link: Link, service: SignalService, error: WzpError) -> None:
    service.plane.counters.registrations_refused += 1
    link.send_signal(RegisterPresenceAck(success=False, error=error.code.value, relay_build=service.build))
    await closed_within(link, _REFUSAL_READ_S)


async def _serve_probe(link: Link, service: SignalService) -> None:
    service.plane.counters.probes += 1
    with suppress(TimeoutError):
        async with asyncio.timeout(_PROBE_LIMIT_S):
            await _read(link, service, None)


async def _serve_client(
    link: Link, service: SignalService, client: Fingerprint, registration: RegisterPresence
) -> None:
    plane = service.plane
    relay_addr = advertised_text(service.config.advertised_addr, service.listening, link.remote_address)
    connection = plane.outbox.adopt(link)
    try:
        takes_changes = bool(registration.takes_changes)
        plane.enter(connection, client, registration.alias, relay_addr, takes_changes=takes_changes)
        await _read(link, service, (connection, client))
    finally:
        plane.outbox.release(connection)
        plane.leave(connection, client)


async def _read(link: Link, service: SignalService, client: tuple[ConnectionId, Fingerprint] | None) -> None:
    now = asyncio.get_running_loop().time
    bucket = Bucket(_signal_rate(service.config), now())
    while True:
        message = await link.receive_signal()
        service.plane.counters.signals_received += 1
        if not bucket.take(_signal_rate(service.config), now()):
            raise RemoteViolation(ErrorCode.LIMIT, what="signals per second", peer=link.remote_address[0])
        _act(link, service.plane, client, message)


def _signal_rate(config: RelayConfig) -> Rate:
    return Rate(config.signals_per_second, config.signals_per_second * _BURST_S)


def _act(
    link: Link, plane: SignalPlane, client: tuple[ConnectionId, Fingerprint] | None, message: SignalMessage
) -> None:
    match message:
        case Ping(timestamp_ms=timestamp_ms):
            link.send_signal(Pong(timestamp_ms=timestamp_ms))
        case Reflect():
            link.send_signal(ReflectResponse(observed_addr=address_text(link.remote_address)))
        case _ if client is not None and isinstance(message, get_args(CallSignal)):
            plane.handle(*client, message, link.remote_address[0])
