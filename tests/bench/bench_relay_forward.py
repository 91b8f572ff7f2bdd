"""What one datagram costs the relay before QUIC gets it: `pytest -s tests/bench/bench_relay_forward.py`."""

import time
from typing import cast

from relay.config import RelayConfig
from relay.decide.effects import ConnectionId
from relay.decide.loudest import Floor
from relay.decide.rooms import Member
from relay.edge.seat import Seat
from relay.observe.counters import Counters
from relay.observe.sessions import Sessions
from wzp_core.ports import Link
from wzp_core.protocol.ids import Fingerprint, RoomName

_ROUNDS, _RUNS = 5_000, 9
_NO_LIMIT = RelayConfig(media_packets_per_second=1e9, media_kbit_per_second=1e9)
_LEVELS = (9, 0, 12, 7, 0, 8)


class _NoLink:
    """Takes everything at no cost."""

    remote_address = ("192.0.2.1", 1)
    server_name = "general"

    def send_media(self, datagram: bytes) -> bool:
        return True


def _seats(others: int, places: int) -> list[Seat]:
    floor, counters, observed = Floor(places) if places else None, Counters(), Sessions()
    seats = []
    for number in range(1, len(_LEVELS) + 1):
        member = Member(fingerprint=Fingerprint(""), alias=None, stream_id=number)
        room, record, link = RoomName("general"), observed.open(), cast(Link, _NoLink())
        seat = Seat(ConnectionId(number), link, room, member, _NO_LIMIT, record, counters)
        seat.sends = (lambda _datagram: True,) * others
        seat.floor = floor
        seats.append(seat)
    return seats


async def bench_forwarding_one_datagram() -> None:
    packets = [
        bytes.fromhex("00000001000000140000") + bytes([level << 4, number]) + bytes(80)
        for number, level in enumerate(_LEVELS, start=1)
    ]
    for others in (1, 9):
        for places in (0, 3):
            seats = _seats(others, places)
            spent = []
            for _ in range(_RUNS):
                began = time.process_time()
                for _ in range(_ROUNDS):
                    for seat, packet in zip(seats, packets, strict=True):
                        seat.forward(packet)
                spent.append(time.process_time() - began)
            least_us = min(spent) / _ROUNDS / len(packets) * 1e6
            print(f"{others} recipients, {f'the {places} loudest' if places else 'everybody'}: {least_us:.2f} µs")
