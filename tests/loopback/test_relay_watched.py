"""A relay whose operator looks on: debug tap and event log."""

import asyncio
import json
import logging
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from relay.config import RoomRule
from relay.serve import serve
from tests.loopback.net import ANN, BEN, LIMIT_S, Net, config, ended, packet, roster


async def test_what_happens_in_rooms_is_in_the_event_log_and_in_the_tap_of_one_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="wzp.debug_tap")
    path = tmp_path / "events.jsonl"
    async with serve(config(tmp_path, event_log=str(path), debug_tap="club")) as relay, AsyncExitStack() as stack:
        net = Net(relay, stack)
        for room in ("club", "elsewhere"):
            (ann, own), (ben, _) = await net.join(ANN, room), await net.join(BEN, room)
            await roster(ann, ANN, BEN)
            heard: asyncio.Queue[bytes] = asyncio.Queue()
            ben.on_media(heard.put_nowait)
            ann.send_media(b"\xff")
            ann.send_media(packet(own, b"hello"))
            async with asyncio.timeout(LIMIT_S):
                await heard.get()
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for room in ("club", "elsewhere"):
        events = [line["event"] for line in lines if line["room"] == room]
        assert (events.count("join"), events.count("leave")) == (2, 2)
        assert {"forward", "recv", "room_update"} <= set(events)
        (passed_on,) = [line for line in lines if line["room"] == room and line["event"] == "forward"]
        assert (passed_on["to_count"], passed_on["len"]) == (1, 17)
    taps = [record.message for record in caplog.records if record.name == "wzp.debug_tap"]
    assert sum(line.startswith("TAP room=club dir=in ") for line in taps) == 1
    assert sum(line.startswith("TAP SIGNAL room=club kind=RoomUpdate") for line in taps) >= 1
    assert sum(line.startswith("TAP EVENT room=club event=leave") for line in taps) == 2
    assert not any("elsewhere" in line for line in taps)


async def test_a_tap_may_be_pointed_and_a_member_shut_out_while_the_relay_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="wzp.debug_tap")
    wanted = config(tmp_path)
    async with serve(wanted) as relay, AsyncExitStack() as stack:
        net = Net(relay, stack)
        (ann, _), _ = await net.join(ANN, "club"), await net.join(BEN, "elsewhere")
        assert caplog.records == []
        relay.reconfigure(replace(wanted, debug_tap="club"))
        relay.reconfigure(replace(wanted, debug_tap="elsewhere"))
        events = [record.message.split(" participant")[0] for record in caplog.records]
        assert events == [
            "TAP EVENT room=club event=join",
            "TAP EVENT room=club event=leave",
            "TAP EVENT room=elsewhere event=join",
        ]
        relay.reconfigure(replace(wanted, rooms=(RoomRule(name="Club", allow=frozenset({BEN.fingerprint})),)))
        assert await ended(ann) == "not_admitted"
