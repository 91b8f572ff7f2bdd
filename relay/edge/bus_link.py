"""The bus between two processes of one machine: frames on a socket pair."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.decide.bus import LONGEST_MESSAGE, Message, decode, encode
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable

_LENGTH_BYTES = 4
_MOST_WAITING = 4 * LONGEST_MESSAGE  # bytes for a process that does not read: more means that it hangs


class BusLink:
    """One end; made by `open_bus` only."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, message: Message) -> None:
        """Nothing happens where the other end has gone: `receive` tells that."""
        if self._writer.is_closing():
            return
        data = encode(message)
        self._writer.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
        if self._writer.transport.get_write_buffer_size() > _MOST_WAITING:
            self._writer.transport.abort()

    async def receive(self) -> Message:
        """Raises Unavailable(LINK_CLOSED), and RemoteViolation for what is no message."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES), "big")
            if length > LONGEST_MESSAGE:
                raise RemoteViolation(ErrorCode.TOO_LARGE, length=length)
            return decode(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError):
            self._writer.close()
            raise Unavailable(ErrorCode.LINK_CLOSED) from None

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def open_bus(end: socket.socket) -> AsyncIterator[BusLink]:
    """Takes `end` over."""
    reader, writer = await asyncio.open_connection(sock=end)
    link = BusLink(reader, writer)
    try:
        yield link
    finally:
        link.close()
