from relay.decide.effects import ConnectionId
from relay.decide.fanout import Verdict, recipients, verdict

PACKET = bytes.fromhex("00000001000000140000") + bytes([0, 7]) + b"payload"


def test_a_packet_under_its_senders_stream_id_or_none_is_passed_on() -> None:
    assert verdict(PACKET, 7) is Verdict.FORWARD
    assert verdict(PACKET[:11] + b"\x00" + PACKET[12:], 7) is Verdict.FORWARD


def test_a_packet_under_anothers_stream_id_is_dropped() -> None:
    assert verdict(PACKET, 8) is Verdict.FOREIGN_STREAM


def test_what_is_no_packet_is_dropped() -> None:
    assert verdict(b"", 7) is Verdict.MALFORMED
    assert verdict(PACKET[:11], 7) is Verdict.MALFORMED


def test_everybody_hears_everybody_else() -> None:
    first, second, third = ConnectionId(1), ConnectionId(2), ConnectionId(3)
    assert recipients({first: "a", second: "b", third: "c"}) == {
        first: ("b", "c"),
        second: ("a", "c"),
        third: ("a", "b"),
    }
    assert recipients({first: "a"}) == {first: ()}
