import json
import re
from pathlib import Path
from typing import Any

import pytest

from relay.observe.event_log import EventLog, open_event_log
from relay.observe.room_watch import Seen
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.media.header import MediaHeader
from wzp_core.protocol.profile import GOOD, CodecId
from wzp_core.protocol.signal.quality import QualityDirective
from wzp_core.protocol.signal.room import RoomUpdate

ROOM = RoomName("general")
HEADER = MediaHeader(codec=CodecId.CODEC2_1200, sequence=7, timestamp_ms=40, fec_block=3, fec_symbol=2, repair=True)
PACKET = HEADER.encode() + b"payload"


def written(events: EventLog, path: Path) -> list[dict[str, Any]]:
    events.start()
    events.stop()
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_each_event_is_one_line_with_its_fields(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("of the run before\n")
    events = EventLog(path)
    who = Seen(room=ROOM, session="ab", address="198.51.100.1:5", alias="Ann")
    events.joined(who)
    events.packet(who, PACKET, 3)
    events.dropped(who, b"\xff", "malformed")
    events.told(ROOM, RoomUpdate(count=2, participants=()))
    events.told(ROOM, QualityDirective(recommended_profile=GOOD, reason="why"))
    events.write("dedup_drop", PACKET, peer="Relay B", room=None)
    events.left(who)
    lines = written(events, path)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("ts")) for line in lines)
    packet = {"seq": 7, "codec": "Codec2_1200", "fec_block": 3, "fec_sym": 2, "repair": True, "len": 19}
    place = {"room": "general", "src": "198.51.100.1:5"}
    assert lines == [
        {"event": "join", **place},
        {"event": "forward", **packet, **place, "to_count": 3},
        {"event": "recv", "len": 1, **place, "reason": "malformed", "action": "drop"},
        {"event": "room_update", "room": "general", "participants": 2},
        {"event": "quality_directive", "room": "general", "codec": "Opus24k", "reason": "why"},
        {"event": "dedup_drop", **packet, "peer": "Relay B"},
        {"event": "leave", **place},
    ]


def test_what_the_disk_cannot_keep_up_with_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events = EventLog(path, most_waiting=10)
    for number in range(25):
        events.write("forward", to_count=number)
    lines = written(events, path)
    assert [line["to_count"] for line in lines[:-1]] == list(range(10))
    assert (lines[-1]["event"], lines[-1]["len"]) == ("left_out", 15)


def test_a_full_file_makes_room_for_the_next_and_only_the_last_two_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events = EventLog(path, most_bytes=500)
    for number in range(100):
        events.write("forward", to_count=number)
    lines = written(events, path)
    before = [json.loads(line) for line in (tmp_path / "events.jsonl.1").read_text("utf-8").splitlines()]
    numbers = [line["to_count"] for line in before + lines]
    assert numbers == list(range(100 - len(numbers), 100))
    assert {entry.name for entry in tmp_path.iterdir()} == {"events.jsonl", "events.jsonl.1"}
    assert all(entry.stat().st_size < 600 for entry in tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    events = EventLog(Path("/dev/full"))
    events.start()
    for _ in range(1000):
        events.write("forward", PACKET)
    events.stop()
    assert sum("event_log_failed" in record.message for record in caplog.records) == 1


async def test_a_file_that_cannot_be_written_is_named_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        async with open_event_log(str(tmp_path / "no folder" / "events.jsonl")):
            pass
    assert refused.value.code is ErrorCode.BAD_FILE
    async with open_event_log("") as none:
        assert none is None
