import json
from pathlib import Path

import pytest

from wzp_core.errors import LocalMisuse, RemoteViolation
from wzp_core.protocol.media.header import MediaHeader, MediaPacket, encode_packet
from wzp_core.protocol.media.trunk import (
    FLUSH_DELAY_S,
    LONGEST_TRUNK,
    MOST_ENTRIES,
    TrunkBatcher,
    TrunkEntry,
    decode_trunk,
    encode_trunk,
)
from wzp_core.protocol.profile import CodecId

VECTOR = json.loads((Path(__file__).parents[3] / "vectors" / "media.json").read_text("utf-8"))["trunk"]


def entry(length: int, session: bytes = b"\x00\x01") -> TrunkEntry:
    return TrunkEntry(session, bytes(length))


def test_the_example_of_the_specification_is_coded_alike() -> None:
    entries = [
        TrunkEntry(
            b"\x00\x01",
            encode_packet(MediaPacket(MediaHeader(codec=CodecId.OPUS_24K, sequence=n, timestamp_ms=20 * n), p)),
        )
        for n, p in ((7, b"\x01\x02"), (8, b"\x03\x04\x05"))
    ]
    assert encode_trunk(entries).hex() == VECTOR
    assert decode_trunk(bytes.fromhex(VECTOR)) == entries


def test_a_trunk_cut_off_anywhere_is_refused() -> None:
    trunk = bytes.fromhex(VECTOR)
    for length in range(len(trunk)):
        with pytest.raises(RemoteViolation):
            decode_trunk(trunk[:length])


def test_bytes_after_the_last_entry_are_ignored() -> None:
    assert decode_trunk(bytes.fromhex(VECTOR) + b"more") == decode_trunk(bytes.fromhex(VECTOR))
    assert decode_trunk(bytes(2)) == []


@pytest.mark.parametrize("bad", [entry(3, b""), entry(3, b"abc"), entry(65_536)])
def test_we_never_send_an_entry_that_cannot_be_told(bad: TrunkEntry) -> None:
    with pytest.raises(LocalMisuse):
        encode_trunk([bad])
    with pytest.raises(LocalMisuse):
        TrunkBatcher(longest=100_000).push(bad, 0.0)


def test_ten_entries_leave_at_once() -> None:
    batcher = TrunkBatcher()
    assert [batcher.push(entry(20), 0.0) for _ in range(MOST_ENTRIES - 1)] == [[]] * (MOST_ENTRIES - 1)
    assert batcher.push(entry(20), 0.0) == [encode_trunk([entry(20)] * MOST_ENTRIES)]
    assert batcher.deadline is None
    assert batcher.flush() == []


def test_an_entry_that_no_longer_fits_opens_the_next_trunk() -> None:
    batcher = TrunkBatcher()
    assert batcher.push(entry(700), 0.0) == []
    assert batcher.push(entry(600), 0.001) == [encode_trunk([entry(700)])]
    assert batcher.deadline == pytest.approx(0.001 + FLUSH_DELAY_S)
    assert batcher.flush() == [encode_trunk([entry(600)])]


def test_a_trunk_that_is_full_to_the_byte_leaves_at_once() -> None:
    batcher = TrunkBatcher()
    batcher.push(entry(500), 0.0)
    (trunk,) = batcher.push(entry(LONGEST_TRUNK - 2 - 4 - 500 - 4), 0.0)
    assert len(trunk) == LONGEST_TRUNK


def test_one_push_can_fill_two_trunks() -> None:
    batcher = TrunkBatcher(longest=100)
    batcher.push(entry(20), 0.0)
    assert batcher.push(entry(94), 0.0) == [encode_trunk([entry(20)]), encode_trunk([entry(94)])]
    assert batcher.deadline is None


def test_the_deadline_runs_from_the_first_entry() -> None:
    batcher = TrunkBatcher()
    assert batcher.deadline is None
    batcher.push(entry(20), 1.0)
    batcher.push(entry(20), 1.004)
    assert batcher.deadline == 1.0 + FLUSH_DELAY_S


def test_an_entry_that_fits_no_trunk_is_refused_and_those_before_it_stay() -> None:
    batcher = TrunkBatcher()
    batcher.push(entry(20), 0.0)
    with pytest.raises(LocalMisuse):
        batcher.push(entry(LONGEST_TRUNK - 5), 0.0)
    assert batcher.flush() == [encode_trunk([entry(20)])]
