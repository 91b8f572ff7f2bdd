"""Observations → the kind of router."""

import pytest

from wzp_core.nat.classify import NatType, is_outside, nat_type_of
from wzp_core.protocol.address import Address

A: Address = ("203.0.113.7", 4000)


@pytest.mark.parametrize(
    ("seen", "kind", "agreed"),
    [
        ((), NatType.UNKNOWN, None),
        ((A,), NatType.UNKNOWN, None),
        ((A, A), NatType.CONE, A),
        ((A, ("203.0.113.7", 4001)), NatType.SYMMETRIC, None),
        ((A, ("203.0.113.8", 4000)), NatType.MULTIPLE, None),
        (
            (A, ("192.168.1.2", 4000), ("100.64.0.1", 4000), ("127.0.0.1", 4000), ("169.254.1.1", 1)),
            NatType.UNKNOWN,
            None,
        ),
        ((A, ("10.0.0.1", 9), A), NatType.CONE, A),
    ],
)
def test_only_what_the_internet_sees_counts(seen: tuple[Address, ...], kind: NatType, agreed: Address | None) -> None:
    assert nat_type_of(seen) == (kind, agreed)


@pytest.mark.parametrize("host", ["::1", "fe80::1", "fd00::1", "::", "172.31.0.1"])
def test_an_inside_address_is_known_as_one(host: str) -> None:
    assert not is_outside(host)
    assert is_outside("2001:db8::1")
    assert is_outside("172.32.0.1")
