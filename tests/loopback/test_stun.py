"""Asking a STUN server over real sockets."""

import asyncio
from typing import cast

import pytest

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.quic import open_endpoint
from wzp_core.io.stun import observe
from wzp_core.nat.stun import is_stun
from wzp_core.ports import Address

LOOPBACK = ("127.0.0.1", 0)
SEEN = bytes.fromhex("0101000c2112a442")
ADDRESS = bytes.fromhex("002000080001") + (4660 ^ 0x2112).to_bytes(2, "big") + bytes.fromhex("e112a443")  # 192.0.0.1


class Server(asyncio.DatagramProtocol):
    """Answers from the `first` request on."""

    def __init__(self, first: int) -> None:
        self.first, self.asked = first, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        assert is_stun(data)
        self.asked += 1
        if self.asked >= self.first:
            self.transport.sendto(SEEN + data[8:20] + ADDRESS, addr)


@pytest.mark.parametrize("first", [1, 2])
async def test_a_lost_request_is_asked_again(first: int) -> None:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: Server(first), LOOPBACK)
    async with open_endpoint(LOOPBACK) as endpoint:
        seen = await observe(endpoint, transport.get_extra_info("sockname"), 0.6)
    transport.close()
    assert seen == ("192.0.0.1", 4660)
    assert server.asked == first


async def test_an_answer_of_another_address_is_none() -> None:
    """Whoever guesses that we ask, or hears it, must not tell us who we are."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: Server(1), LOOPBACK)
    other, _ = await loop.create_datagram_endpoint(lambda: Server(1), LOOPBACK)
    server.transport = other
    async with open_endpoint(LOOPBACK) as endpoint:
        with pytest.raises(Unavailable) as refused:
            await observe(endpoint, transport.get_extra_info("sockname"), 0.2)
    transport.close()
    other.close()
    assert refused.value.code is ErrorCode.TIMED_OUT
    assert server.asked == 2
