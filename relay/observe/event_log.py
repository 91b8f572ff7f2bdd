"""A file with one JSON object per line for every packet and event (relay.md §15), written by a thread of its own."""

import asyncio
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

from relay.observe.room_watch import Seen
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.logs import event, logger
from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.media.header import HEADER_BYTES, MediaHeader, well_formed
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.quality import QualityDirective
from wzp_core.protocol.signal.room import RoomUpdate

log = logger("relay")

MOST_WAITING: Final = 20_000  # events; those beyond are left out and counted
MOST_BYTES: Final = 64 << 20  # of a file; then it becomes FILE.1, in place of an earlier one
_PAUSE_S: Final = 0.2

Event = tuple[float, str, bytes | None, dict[str, Any]]
"""When, s since 1970; what; the packet it is about; further fields."""


class EventLog:
    """Takes events without waiting for the disk."""

    def __init__(self, path: Path, *, most_waiting: int = MOST_WAITING, most_bytes: int = MOST_BYTES) -> None:
        self._path, self._most_waiting, self._most_bytes = path, most_waiting, most_bytes
        self._waiting: deque[Event] = deque()
        self._stopping = threading.Event()
        self._left_out = self._reported = 0
        self._has_failed = False
        self._thread = threading.Thread(target=self._write_all, name="event log", daemon=True)
        self._file = self._opened()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when everything is written."""
        self._stopping.set()
        self._thread.join()
        with suppress(OSError):
            self._file.close()

    def write(self, name: str, packet: bytes | None = None, **fields: Any) -> None:
        """One event; those of `fields` that are None are left away."""
        if len(self._waiting) >= self._most_waiting:
            self._left_out += 1
        else:
            self._waiting.append((time.time(), name, packet, fields))

    # --- as a watch of rooms -----------------------------------------------------------------------------------

    def watches(self, room: RoomName) -> bool:  # noqa: ARG002
        return True

    def joined(self, who: Seen) -> None:
        self.write("join", room=who.room, src=who.address)

    def left(self, who: Seen) -> None:
        self.write("leave", room=who.room, src=who.address)

    def packet(self, who: Seen, datagram: bytes, fan_out: int) -> None:
        self.write("forward", datagram, room=who.room, src=who.address, to_count=fan_out)

    def dropped(self, who: Seen, datagram: bytes, reason: str) -> None:
        self.write("recv", datagram, room=who.room, src=who.address, reason=reason, action="drop")

    def told(self, room: RoomName, message: SignalMessage) -> None:
        match message:
            case RoomUpdate(count=count):
                self.write("room_update", room=room, participants=count)
            case QualityDirective(recommended_profile=profile, reason=reason):
                self.write("quality_directive", room=room, codec=profile.codec.wire_name, reason=reason)

    # --- on the thread -----------------------------------------------------------------------------------------

    def _write_all(self) -> None:
        last = False
        while not last:
            last = self._stopping.wait(_PAUSE_S)
            try:
                self._write_waiting()
            except (OSError, ValueError) as error:  # the latter where turning over failed half-way
                if not self._has_failed:
                    event(log, "relay:event_log_failed", level=logging.WARNING, path=self._path, error=error)
                self._has_failed = True
                self._waiting.clear()

    def _write_waiting(self) -> None:
        while self._waiting:
            self._file.write(_line(self._waiting.popleft()))
            if self._file.tell() >= self._most_bytes:
                self._turn_over()
        left_out = self._left_out
        if left_out != self._reported:
            self._file.write(_line((time.time(), "left_out", None, {"len": left_out - self._reported})))
            self._reported = left_out
        self._file.flush()

    def _turn_over(self) -> None:
        self._file.close()
        os.replace(self._path, f"{self._path}.1")
        self._file = self._opened()

    def _opened(self) -> TextIO:
        return open(self._path, "w", encoding="utf-8")  # closed by `stop`


def _line(happened: Event) -> str:
    at, name, packet, fields = happened
    shown: dict[str, Any] = {"ts": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "event": name}
    if packet is not None:
        shown |= _fields(packet)
    shown |= {key: value for key, value in fields.items() if value is not None}
    return json.dumps(shown, separators=(",", ":")) + "\n"


def _fields(packet: bytes) -> dict[str, Any]:
    if len(packet) < HEADER_BYTES or not well_formed(packet):
        return {"len": len(packet)}
    header = MediaHeader.decode(packet)
    return {
        "seq": header.sequence,
        "codec": header.codec.wire_name,
        "fec_block": header.fec_block,
        "fec_sym": header.fec_symbol,
        "repair": header.repair,
        "len": len(packet),
    }


@asynccontextmanager
async def open_event_log(path: str) -> AsyncIterator[EventLog | None]:
    """None where there is no path. Raises Unavailable(BAD_FILE)."""
    if not path:
        yield None
        return
    try:
        events = await asyncio.to_thread(lambda: EventLog(Path(path).expanduser()))
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path, reason=error) from error
    events.start()
    try:
        yield events
    finally:
        await asyncio.to_thread(events.stop)
