from wzp_core.engine.media_room import unpacking
from wzp_core.protocol.media.trunk import TrunkEntry, encode_trunk


def test_a_trunk_becomes_its_packets_and_a_broken_one_something_that_is_counted_as_broken() -> None:
    heard: list[bytes] = []
    received = unpacking(heard.append)
    received(encode_trunk([TrunkEntry(b"\x00\x01", b"first"), TrunkEntry(b"\x00\x02", b"second")]))
    received(encode_trunk([TrunkEntry(b"\x00\x01", b"third")])[:-1])
    received(b"")
    assert heard == [b"first", b"second", b"", b""]
