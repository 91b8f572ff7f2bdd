"""Probes are known to the call's two ends only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.errors import LocalMisuse
from wzp_core.nat.probe import PROBE_BYTES, Probe, ProbeKind, encode_probe, probe_key, read_probe

KEY = probe_key(b"\x07" * 32)
GOLDEN = "3a010101777a7070000102030405060708090a0b0c0d0e0f0e3b8fe6c4fdc2b0e061a4c02a573098"
_probes = st.builds(
    Probe, kind=st.sampled_from(ProbeKind), from_caller=st.booleans(), nonce=st.binary(min_size=16, max_size=16)
)


@given(_probes)
def test_a_probe_reads_as_it_was_written_and_looks_like_no_other_protocol(probe: Probe) -> None:
    data = encode_probe(probe, KEY)
    assert len(data) == PROBE_BYTES
    assert data[0] & 0xC0 == 0, "a QUIC packet to the demultiplexer"
    assert data[0] > 3, "STUN by RFC 7983"
    assert data[4:8] != bytes.fromhex("2112a442")
    assert read_probe(data, KEY) == probe


def test_the_bytes_of_a_probe() -> None:
    """A golden vector: other builds of this program depend on it."""
    probe = Probe(kind=ProbeKind.REQUEST, from_caller=True, nonce=bytes(range(16)))
    assert encode_probe(probe, KEY).hex() == GOLDEN


@given(_probes, st.integers(0, PROBE_BYTES * 8 - 1))
def test_one_changed_bit_makes_it_nobodys(probe: Probe, bit: int) -> None:
    changed = bytearray(encode_probe(probe, KEY))
    changed[bit // 8] ^= 1 << bit % 8
    assert read_probe(bytes(changed), KEY) is None


@given(st.binary(max_size=80))
def test_a_strangers_bytes_are_no_probe(data: bytes) -> None:
    assert read_probe(data, KEY) is None


def test_another_calls_probe_is_none_of_ours() -> None:
    probe = Probe(kind=ProbeKind.REPLY, from_caller=False, nonce=bytes(16))
    assert read_probe(encode_probe(probe, probe_key(b"\x08" * 32)), KEY) is None


def test_a_nonce_of_another_length_is_our_bug() -> None:
    with pytest.raises(LocalMisuse):
        encode_probe(Probe(kind=ProbeKind.REPLY, from_caller=False, nonce=bytes(8)), KEY)
