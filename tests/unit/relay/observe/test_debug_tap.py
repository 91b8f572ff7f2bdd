import logging

import pytest

from relay.observe.debug_tap import DebugTap
from relay.observe.room_watch import Seen
from wzp_core.crypto.rooms import room_hash
from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.media.header import MediaHeader
from wzp_core.protocol.profile import GOOD, CodecId
from wzp_core.protocol.signal.quality import QualityDirective
from wzp_core.protocol.signal.room import RoomParticipant, RoomUpdate

ROOM = RoomName("general")


def packet(sequence: int, codec: CodecId = CodecId.OPUS_24K) -> bytes:
    return MediaHeader(codec=codec, sequence=sequence, timestamp_ms=sequence * 20).encode() + bytes(8)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="wzp.debug_tap")
    return caplog


def somebody() -> Seen:
    return Seen(room=ROOM, session="00ff", address="198.51.100.1:5", alias=None)


@pytest.mark.parametrize("pointed", ["general", " General", "*"])
def test_a_tap_watches_the_room_it_is_pointed_at(pointed: str) -> None:
    tap = DebugTap(pointed, lambda: 0.0)
    assert tap.watches(ROOM)
    assert tap.watches(RoomName(room_hash("general")))
    assert tap.watches(RoomName("other")) == (pointed == "*")
    tap.point_at("")
    assert not tap.watches(ROOM)


def test_packets_signals_and_events_have_their_lines(lines: pytest.LogCaptureFixture) -> None:
    tap, who = DebugTap("*", lambda: 0.0), somebody()
    tap.joined(who)
    tap.packet(who, packet(7), 3)
    tap.dropped(who, b"\xff", "malformed")
    members = (RoomParticipant(fingerprint="a", alias="Ann"), RoomParticipant(fingerprint="b"))
    tap.told(ROOM, RoomUpdate(count=2, participants=members))
    tap.told(ROOM, QualityDirective(recommended_profile=GOOD, reason="weakest link: Good"))
    tap.left(who)
    assert [record.message for record in lines.records] == [
        "TAP EVENT room=general event=join participant=00ff addr=198.51.100.1:5 alias=?",
        "TAP room=general dir=in addr=198.51.100.1:5 seq=7 codec=Opus24k ts=140 fec_block=0 fec_sym=0 repair=False"
        " len=20 fan_out=3",
        "TAP DROP room=general addr=198.51.100.1:5 reason=malformed len=1",
        "TAP SIGNAL room=general kind=RoomUpdate count=2 participants=Ann,?",
        "TAP SIGNAL room=general kind=QualityDirective codec=Opus24k reason='weakest link: Good'",
        "TAP EVENT room=general event=leave participant=00ff addr=198.51.100.1:5 forwarded=3",
    ]


def test_statistics_are_of_the_last_period_and_codecs_of_all_time(lines: pytest.LogCaptureFixture) -> None:
    tap, who = DebugTap("*", lambda: 0.0), somebody()
    tap.joined(who)
    for sequence in (65_534, 65_535, 1, 2, 0, 5):
        tap.packet(who, packet(sequence), 2)
    tap.statistics()
    tap.packet(who, packet(6, CodecId.OPUS_6K), 0)
    lines.clear()
    tap.statistics()
    tap.left(who)
    tap.statistics()
    (stats,) = [record.message for record in lines.records if "STATS" in record.message]
    assert stats == (
        "TAP STATS room=general participant=00ff period=5s in_pkts=1 out_pkts=0 fan_out_avg=0.0 seq_gaps=0"
        " codecs_seen=Opus24k,Opus6k lines_omitted=0"
    )
    assert (who.packets, who.gaps) == (7, 2)


def test_a_flood_is_counted_instead_of_logged(lines: pytest.LogCaptureFixture) -> None:
    tap, who = DebugTap("*", lambda: 0.0), somebody()
    tap.joined(who)
    for sequence in range(5000):
        tap.packet(who, packet(sequence), 1)
    assert len(lines.records) <= 1001
    tap.statistics()
    assert "in_pkts=5000" in lines.records[-1].message
    assert "lines_omitted=4000" in lines.records[-1].message
