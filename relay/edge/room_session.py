"""One participant's media connection, from its handshake to its end (relay.md §3)."""

import asyncio
import os
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

from relay.config import RelayConfig
from relay.decide.bus import Visit
from relay.decide.placement import Choice
from relay.decide.rooms import room_of
from relay.edge.farewell import closed_within
from relay.edge.first_signal import first_signal
from relay.edge.room_plane import RoomPlane
from relay.edge.seat import Seat
from relay.edge.token_check import TokenCheck
from wzp_core.crypto.handshake import call_answer, check_call_offer
from wzp_core.crypto.identity import Identity, fingerprint_of
from wzp_core.errors import ErrorCode, RemoteViolation, WzpError
from wzp_core.limits import Bucket, Rate
from wzp_core.ports import Link
from wzp_core.protocol.media.trunk import TRUNKS
from wzp_core.protocol.signal.call import REDIRECTS, CallOffer, Hangup
from wzp_core.protocol.signal.quality import LossRecoveryUpdate

_EPHEMERAL_BYTES = 32
_BURST_S = 4.0
_REDIRECT_READ_S = 2.0


class Door(Protocol):
    """Who gets in, and in which process of the relay."""

    def enter(self, visit: Visit) -> AbstractAsyncContextManager[Choice]:
        """Where the place is, held for the block if it is here. Raises RemoteViolation and Unavailable."""

    def seated(self, visit: Visit, place: Choice) -> None:
        """The place has been taken, before anything else happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomService:
    """What all participants' sessions share."""

    plane: RoomPlane
    tokens: TokenCheck
    identity: Identity
    door: Door

    @property
    def config(self) -> RelayConfig:
        """As it is now."""
        return self.plane.config


async def serve_participant(link: Link, service: RoomService) -> None:
    """Returns when the participant leaves, and raises RemoteViolation or Unavailable where it may not be here."""
    plane = service.plane
    now = asyncio.get_running_loop().time
    began = now()
    async with AsyncExitStack() as stay:
        try:
            room = room_of(link.server_name)
            offer = await _offer(link, service)
            who, follows = fingerprint_of(offer.identity_pub), REDIRECTS in offer.words
            visit = Visit(room=room, who=who, host=link.remote_address[0], stream_id=offer.stream_id, follows=follows)
            place = await stay.enter_async_context(service.door.enter(visit))
            if place.port is not None:
                await _redirect(link, service, place.port)
                return
            seat = plane.join(link, room, who, offer.alias, place.stream_id, takes_trunks=TRUNKS in offer.words)
        except WzpError:
            plane.counters.joins_refused += 1
            raise
        stay.callback(plane.leave, seat)
        service.door.seated(visit, place)
        words = (TRUNKS,) if seat.trunk is not None else ()
        link.send_signal(
            call_answer(
                service.identity,
                ephemeral_secret=os.urandom(_EPHEMERAL_BYTES),
                stream_id=seat.member.stream_id,
                words=(*words, REDIRECTS) if follows else words,
            )
        )
        plane.observed.handshakes.observe(now() - began)
        plane.quality.greet(seat.room, seat.connection)
        plane.announce()
        link.on_media(seat.forward)
        await _until_gone(link, seat, service)


async def _offer(link: Link, service: RoomService) -> CallOffer:
    """Of one who has proved to be who it is."""
    offer, token = await first_signal(link, CallOffer)
    counters = service.plane.counters
    try:
        check_call_offer(offer)
        await service.tokens.admit(token, fingerprint_of(offer.identity_pub))
    except WzpError:
        counters.auth_refused += 1
        raise
    counters.auth_accepted += 1
    return offer


async def _redirect(link: Link, service: RoomService, port: int) -> None:
    ephemeral_secret = os.urandom(_EPHEMERAL_BYTES)
    link.send_signal(call_answer(service.identity, ephemeral_secret=ephemeral_secret, redirect_port=port))
    await closed_within(link, _REDIRECT_READ_S)


async def _until_gone(link: Link, seat: Seat, service: RoomService) -> None:
    """Reads what the participant signals until it says goodbye; the link's end raises Unavailable(LINK_CLOSED)."""
    now = asyncio.get_running_loop().time
    bucket = Bucket(_signal_rate(service.config), now())
    while not isinstance(message := await link.receive_signal(), Hangup):
        if not bucket.take(_signal_rate(service.config), now()):
            raise RemoteViolation(ErrorCode.LIMIT, what="signals per second", peer=link.remote_address[0])
        if isinstance(message, LossRecoveryUpdate):
            seat.record.recovered(message)


def _signal_rate(config: RelayConfig) -> Rate:
    return Rate(config.signals_per_second, config.signals_per_second * _BURST_S)
