"""One participant's media connection, from its handshake to its end (relay.md §3)."""

import asyncio
import os
from dataclasses import dataclass

from relay.config import RelayConfig
from relay.decide.rooms import room_of
from relay.edge.first_signal import first_signal
from relay.edge.room_plane import RoomPlane
from relay.edge.seat import Seat
from relay.edge.token_check import TokenCheck
from wzp_core.crypto.handshake import call_answer, check_call_offer
from wzp_core.crypto.identity import Identity, fingerprint_of
from wzp_core.errors import ErrorCode, RemoteViolation, WzpError
from wzp_core.limits import Bucket, Rate
from wzp_core.ports import Link
from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.media.trunk import TRUNKS
from wzp_core.protocol.signal.call import CallOffer, Hangup
from wzp_core.protocol.signal.quality import LossRecoveryUpdate

_EPHEMERAL_BYTES = 32
_BURST_S = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomService:
    """What all participants' sessions share."""

    plane: RoomPlane
    tokens: TokenCheck
    identity: Identity

    @property
    def config(self) -> RelayConfig:
        """As it is now."""
        return self.plane.config


async def serve_participant(link: Link, service: RoomService) -> None:
    """Returns when the participant leaves, and raises RemoteViolation or Unavailable where it may not be here."""
    plane = service.plane
    now = asyncio.get_running_loop().time
    began = now()
    try:
        room = room_of(link.server_name)
        seat = await _seated(link, room, service)
    except WzpError:
        plane.counters.joins_refused += 1
        raise
    try:
        link.send_signal(
            call_answer(
                service.identity,
                ephemeral_secret=os.urandom(_EPHEMERAL_BYTES),
                stream_id=seat.member.stream_id,
                words=(TRUNKS,) if seat.trunk is not None else (),
            )
        )
        plane.observed.handshakes.observe(now() - began)
        plane.quality.greet(seat.room, seat.connection)
        plane.announce()
        link.on_media(seat.forward)
        await _until_gone(link, seat, service)
    finally:
        plane.leave(seat)


async def _seated(link: Link, room: RoomName, service: RoomService) -> Seat:
    offer, token = await first_signal(link, CallOffer)
    who, counters = fingerprint_of(offer.identity_pub), service.plane.counters
    try:
        check_call_offer(offer)
        await service.tokens.admit(token, who)
    except WzpError:
        counters.auth_refused += 1
        raise
    counters.auth_accepted += 1
    takes_trunks = TRUNKS in offer.words
    return service.plane.join(link, room, who, offer.alias, offer.stream_id, takes_trunks=takes_trunks)


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
