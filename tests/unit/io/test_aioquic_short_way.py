"""The short way of media through a connection: it says and hears the same as aioquic, and knows when to step aside."""

from collections.abc import Callable

import pytest
from aioquic import tls
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, DatagramFrameReceived, StreamDataReceived
from aioquic.quic.rangeset import RangeSet
from hypothesis import given, settings
from hypothesis import strategies as st

from wzp_core.crypto.certificate import tls_identity
from wzp_core.io.aioquic_private import Connection
from wzp_core.io.quic_settings import configuration, reset_key

TLS = tls_identity(b"\x07" * 32)
HERE, THERE = ("192.0.2.1", 1000), ("192.0.2.2", 2000)
FRAME = bytes(range(100))


class Pair:
    """A client and a server with a line between them that loses and keeps back what it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.client = Connection(configuration=configuration(None, "room"), reset_key=reset_key(None))
        self.client.connect(THERE, self.now)
        ((first, _), *_) = self.client.datagrams_to_send(self.now)
        self.server = Connection(
            configuration=configuration(TLS), reset_key=reset_key(TLS), original_cid=first[6 : 6 + first[5]]
        )
        self.heard: dict[Connection, list[bytes]] = {self.client: [], self.server: []}
        self.said: dict[Connection, bytes] = {self.client: b"", self.server: b""}
        self.ended = False
        self.short = 0  # packets that went the short way in
        self._deliver(self.server, first)
        for _ in range(20):
            self.turn()

    def other(self, side: Connection) -> Connection:
        return self.server if side is self.client else self.client

    def packets(self, side: Connection) -> list[bytes]:
        """What a flush sends, as the endpoint does it."""
        packets = side.media_to_send(self.now)
        return [data for data, _ in side.datagrams_to_send(self.now)] if packets is None else packets

    def turn(self, keeps: Callable[[bytes], bool] = lambda _: True) -> None:
        """Ten milliseconds: both flush, and what the line keeps arrives."""
        for side in (self.client, self.server):
            due = side.get_timer()
            if due is not None and due <= self.now:
                side.handle_timer(self.now)
            for data in self.packets(side):
                if keeps(data):
                    self._deliver(self.other(side), data)
        self.now += 0.01

    def later(self, seconds: float) -> None:
        for _ in range(round(seconds * 100) + 1):
            self.turn()

    def _deliver(self, side: Connection, data: bytes) -> None:
        media = side.receive_media(data, THERE if side is self.client else HERE, self.now)
        if media is None:
            side.receive_datagram(data, THERE if side is self.client else HERE, self.now)
        else:
            self.short += 1
            self.heard[side] += media
        while (happened := side.next_event()) is not None:
            if isinstance(happened, DatagramFrameReceived):
                self.heard[side].append(happened.data)
            elif isinstance(happened, StreamDataReceived):
                self.said[side] += happened.data
                if happened.end_stream and happened.stream_id & 1 == (0 if side is self.server else 1):
                    side.send_stream_data(happened.stream_id, b"", end_stream=True)
            elif isinstance(happened, ConnectionTerminated):
                self.ended = True


@pytest.fixture
def pair() -> Pair:
    return Pair()


def in_flight(side: Connection) -> int:
    return len(side._spaces[tls.Epoch.ONE_RTT].sent_packets)


def test_frames_that_wait_share_a_packet_and_arrive_by_the_short_way(pair: Pair) -> None:
    before = pair.short
    for number in range(9):
        pair.client.send_datagram_frame(FRAME + bytes([number]))
    (packet,) = pair.packets(pair.client)
    assert len(packet) <= 1200
    pair._deliver(pair.server, packet)
    assert pair.heard[pair.server] == [FRAME + bytes([number]) for number in range(9)]
    assert pair.short == before + 1


def test_more_frames_than_fit_take_more_packets(pair: Pair) -> None:
    for _ in range(25):
        pair.client.send_datagram_frame(FRAME)
    packets = pair.packets(pair.client)
    assert len(packets) == 3
    assert all(len(packet) <= 1200 for packet in packets)


def test_the_longest_datagram_has_room_beside_an_acknowledgement(pair: Pair) -> None:
    longest = bytes(1170)
    for side in (pair.client, pair.server):
        side.send_datagram_frame(longest)
    pair.turn()
    pair.turn()
    for side in (pair.client, pair.server):
        side.send_datagram_frame(longest)
    pair.turn()
    assert pair.heard[pair.server] == pair.heard[pair.client] == [longest, longest]


def test_aioquic_itself_understands_what_is_sent_the_short_way(pair: Pair) -> None:
    pair.server.send_datagram_frame(b"acknowledge me")
    pair.turn()
    pair.client.send_datagram_frame(FRAME)
    (packet,) = pair.client.media_to_send(pair.now) or []
    assert pair.server.awaits_acknowledgement
    QuicConnection.receive_datagram(pair.server, packet, HERE, pair.now)
    assert not pair.server.awaits_acknowledgement
    assert pair.server.next_event() == DatagramFrameReceived(data=FRAME)


def test_what_aioquic_itself_sends_is_heard_the_short_way(pair: Pair) -> None:
    pair.server.send_datagram_frame(b"acknowledge me")
    pair.turn()
    pair.now += 0.25
    pair.client.send_datagram_frame(FRAME)
    ((packet, _),) = QuicConnection.datagrams_to_send(pair.client, pair.now)
    assert pair.server.awaits_acknowledgement
    assert pair.server.receive_media(packet, HERE, pair.now) == [FRAME]
    assert not pair.server.awaits_acknowledgement


def test_a_packet_that_comes_twice_is_heard_once(pair: Pair) -> None:
    pair.client.send_datagram_frame(FRAME)
    (packet,) = pair.packets(pair.client)
    assert pair.server.receive_media(packet, HERE, pair.now) == [FRAME]
    assert pair.server.receive_media(packet, HERE, pair.now) == ()


@pytest.mark.parametrize("at", [0, 1, 9, 11, 40, -1])
def test_a_changed_packet_is_left_alone(pair: Pair, at: int) -> None:
    pair.client.send_datagram_frame(FRAME)
    (packet,) = pair.packets(pair.client)
    changed = bytearray(packet)
    changed[at] ^= 0x01
    assert pair.server.receive_media(bytes(changed), HERE, pair.now) is None
    assert pair.server.receive_media(packet, HERE, pair.now) == [FRAME]


def test_a_packet_from_another_address_is_left_to_aioquic(pair: Pair) -> None:
    pair.client.send_datagram_frame(FRAME)
    (packet,) = pair.packets(pair.client)
    assert pair.server.receive_media(packet, ("192.0.2.3", 1000), pair.now) is None


def test_streams_pings_and_goodbyes_go_the_long_way(pair: Pair) -> None:
    assert pair.client.is_plain
    pair.client.send_ping(0)
    assert pair.client.media_to_send(pair.now) is None
    pair.turn()
    pair.client.send_stream_data(pair.client.get_next_available_stream_id(), b"signal", end_stream=True)
    pair.client.send_datagram_frame(FRAME)
    assert pair.client.media_to_send(pair.now) is None
    for _ in range(6):
        pair.turn()
    assert pair.said[pair.server] == b"signal"
    assert pair.heard[pair.server] == [FRAME]
    assert pair.client.is_plain
    pair.client.close(reason_phrase="bye")
    assert pair.client.media_to_send(pair.now) is None
    pair.turn()
    assert pair.ended or pair.server.close_reason == "bye"


def test_new_keys_are_taken_the_long_way_and_used_the_short_way(pair: Pair) -> None:
    for _ in range(2):
        pair.client.request_key_update()
        pair.client.send_datagram_frame(b"new keys")
        assert pair.client.media_to_send(pair.now) is None
        for _ in range(4):
            pair.turn()
        for side in (pair.client, pair.server):
            side.send_datagram_frame(FRAME)
        before = pair.short
        pair.turn()
        assert pair.short == before + 2
    assert pair.heard[pair.server] == [b"new keys", FRAME] * 2
    assert pair.heard[pair.client] == [FRAME] * 2


def test_a_talkers_next_frame_takes_the_acknowledgement_along(pair: Pair) -> None:
    sent = 0
    for turn in range(100):
        if turn % 2 == 0:
            for side in (pair.client, pair.server):
                side.send_datagram_frame(FRAME)
        sent -= pair.client.packet_counts[0]
        pair.turn()
        sent += pair.client.packet_counts[0]
    assert sent == 50
    assert in_flight(pair.client) <= 2


def test_rare_frames_take_the_acknowledgement_of_rare_frames_along_and_the_round_trip_stays_what_it_is(
    pair: Pair,
) -> None:
    """As in a lifeboat, where an acknowledgement of its own would take as much as half a bundle."""
    counted = [0, 0]

    def count(_data: bytes) -> bool:
        counted[0] += 1
        return counted[0] % 5 != 0  # a fifth is lost

    for turn in range(40 * 24):
        if turn % 24 == 0:
            pair.client.send_datagram_frame(FRAME)
        if turn % 24 == 11:
            pair.server.send_datagram_frame(FRAME)
        pair.turn(count)
    assert 80 <= counted[0] <= 84
    for side in (pair.client, pair.server):
        assert in_flight(side) <= 3
        assert side.rtt_s < 0.03


def test_a_ping_takes_a_waiting_acknowledgement_along(pair: Pair) -> None:
    pair.server.send_datagram_frame(FRAME)
    pair.turn()
    assert pair.server.awaits_acknowledgement
    pair.client.send_ping(0)
    pair.turn()
    assert not pair.server.awaits_acknowledgement


def test_acknowledgements_are_waited_for_as_long_as_the_peer_said_where_media_are_sent(pair: Pair) -> None:
    assert pair.client._loss.max_ack_delay == 0.025
    pair.client.send_datagram_frame(FRAME)
    pair.turn()
    assert pair.client._loss.max_ack_delay == 0.25


def test_a_listener_acknowledges_in_time(pair: Pair) -> None:
    for turn in range(100):
        if turn % 2 == 0:
            pair.client.send_datagram_frame(FRAME)
        pair.turn()
    assert in_flight(pair.client) <= 10
    pair.later(0.25)
    assert in_flight(pair.client) == 0
    assert pair.client.packet_counts[1] == 0
    assert not pair.client.awaits_acknowledgement or pair.client.get_timer() is not None


def test_media_beyond_the_window_waits_for_an_acknowledgement(pair: Pair) -> None:
    for _ in range(2000):
        pair.client.send_datagram_frame(FRAME)
    pair.packets(pair.client)
    assert pair.client._flight_room < 1200
    assert len(pair.client.datagrams_waiting) > 1000
    assert pair.client.get_timer() is not None
    for _ in range(400):
        pair.turn()
    assert not pair.client.datagrams_waiting


def test_what_was_lost_is_counted_and_forgotten(pair: Pair) -> None:
    fate = iter([True, False, True, True, True] * 1000)
    for _ in range(400):
        for side in (pair.client, pair.server):
            side.send_datagram_frame(FRAME)
        pair.turn(lambda _: next(fate))
    sent, lost = pair.client.packet_counts
    assert 0.1 < lost / sent < 0.3
    assert in_flight(pair.client) < 10
    assert len(pair.client._spaces[tls.Epoch.ONE_RTT].ack_queue) < 30
    assert not pair.ended


_STATE = ("_rtt_smoothed", "_rtt_variance", "_rtt_min", "_rtt_latest", "_pto_count", "bytes_in_flight")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.floats(0.001, 0.3),  # until the next packet is sent
            st.sets(st.integers(1, 12), max_size=8),  # how long ago those were sent that are acknowledged
            st.integers(0, 40_000),  # microseconds that this was put off
        ),
        max_size=40,
    )
)
def test_an_acknowledgement_does_the_same_by_the_short_way_and_by_aioquic(
    turns: list[tuple[float, set[int], int]],
) -> None:
    """The same packets and acknowledgements for two connections, one of which asks aioquic's recovery each time."""
    short, long = (Pair().client for _ in range(2))
    now, arrived = 1010.0, set[int]()
    for pause_s, ago, delay_us in turns:
        now += pause_s
        for side in (short, long):
            side.send_datagram_frame(FRAME)
            assert side.media_to_send(now)
        arrived |= {short._packet_number - each for each in ago if each < 12 or len(ago) > 4}
        if not arrived:
            continue
        acknowledged = RangeSet()
        for number in arrived:
            acknowledged.add(number)
        now += 0.001
        space = short._one_rtt
        if not short._acknowledged_in_order(space, acknowledged[-1], delay_us / 1e6, now):
            short._loss.on_ack_received(ack_rangeset=acknowledged, ack_delay=delay_us / 1e6, now=now, space=space)
        long._loss.on_ack_received(ack_rangeset=acknowledged, ack_delay=delay_us / 1e6, now=now, space=long._one_rtt)
        for name in _STATE:
            assert getattr(short._loss, name) == pytest.approx(getattr(long._loss, name)), name
        for name in ("ack_eliciting_in_flight", "largest_acked_packet", "loss_time"):
            assert getattr(short._one_rtt, name) == getattr(long._one_rtt, name), name
        assert list(short._one_rtt.sent_packets) == list(long._one_rtt.sent_packets)
        assert short.packet_counts == long.packet_counts


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),  # frames of the client
            st.integers(0, 3),  # of the server
            st.sampled_from(["", "", "", "", "signal", "ping", "keys", "answer"]),
            st.integers(0, 15).map(lambda n: n < 4),  # whether the first packet of the turn is lost
        ),
        max_size=60,
    )
)
def test_whatever_is_mixed_and_lost_media_comes_at_most_once_and_signals_always(
    turns: list[tuple[int, int, str, bool]],
) -> None:
    pair, updated = Pair(), False
    media: dict[Connection, list[bytes]] = {pair.client: [], pair.server: []}
    signals: dict[Connection, bytes] = {pair.client: b"", pair.server: b""}
    for number, (ours, theirs, extra, loses) in enumerate(turns):
        for side, count in ((pair.client, ours), (pair.server, theirs)):
            for each in range(count):
                frame = bytes([number, each]) + FRAME
                side.send_datagram_frame(frame)
                media[pair.other(side)].append(frame)
        side = pair.server if extra == "answer" else pair.client
        if extra in ("signal", "answer"):
            side.send_stream_data(side.get_next_available_stream_id(), b"s", end_stream=True)
            signals[pair.other(side)] += b"s"
        elif extra == "ping":
            side.send_ping(0)
        elif extra == "keys" and not updated:  # a second one may follow only an acknowledgement (RFC 9001 §6.1)
            updated = True
            side.request_key_update()
        lost = iter([loses])
        pair.turn(lambda _, lost=lost: not next(lost, False))  # type: ignore[misc]
    for _ in range(400):
        pair.turn()
    assert not pair.ended
    for side in (pair.client, pair.server):
        heard = iter(media[side])
        assert all(frame in heard for frame in pair.heard[side]), "in order, each at most once"
        assert pair.said[side] == signals[side]
        assert not side.awaits_acknowledgement
