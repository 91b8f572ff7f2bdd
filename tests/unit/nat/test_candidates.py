"""Which addresses are told, and which of the peer's are tried."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.nat.candidates import Candidates, dial_order, host_candidates, is_private

HOME = "203.0.113.5:40112"
AWAY = "198.51.100.9:51200"


def test_hosts_are_private_ipv4_and_routable_ipv6() -> None:
    addresses = (
        "127.0.0.1", "192.168.88.21", "169.254.7.7", "10.1.2.3", "172.16.0.9", "100.64.3.4", "8.8.8.8",
        "::1", "fe80::1%eth0", "fd00::5", "2001:db8::7", "2606:4700::1%2", "nonsense", "0.0.0.0", "192.168.88.21",
    )  # fmt: skip
    assert host_candidates(addresses, port4=40112, port6=40113) == (
        "192.168.88.21:40112",
        "10.1.2.3:40112",
        "172.16.0.9:40112",
        "100.64.3.4:40112",
        "[fd00::5]:40113",
        "[2001:db8::7]:40113",
        "[2606:4700::1]:40113",
    )


def test_without_an_ipv6_socket_no_ipv6_host_is_told() -> None:
    assert host_candidates(("2001:db8::7", "10.1.2.3"), port4=1, port6=None) == ("10.1.2.3:1",)


def test_no_more_hosts_are_told_than_a_relay_forwards() -> None:
    assert len(host_candidates(tuple(f"10.0.0.{n}" for n in range(1, 200)), port4=1, port6=None)) == 16


PEER = Candidates(reflexive=AWAY, hosts=("10.0.0.7:51200", "[2606:4700::1]:5"), mapped="198.51.100.9:6000")


def test_another_networks_private_hosts_are_left_out_and_its_ipv6_hosts_are_not() -> None:
    own = Candidates(reflexive=HOME)
    assert dial_order(own, PEER) == (("2606:4700::1", 5), ("198.51.100.9", 6000), ("198.51.100.9", 51200))


@pytest.mark.parametrize("own", ["198.51.100.9:7", "192.168.0.3:7", "127.0.0.1:7"])
def test_in_what_may_be_one_network_the_private_hosts_come_first(own: str) -> None:
    assert dial_order(Candidates(reflexive=own), PEER)[0] == ("10.0.0.7", 51200)


def test_a_private_mapped_address_of_another_network_is_left_out() -> None:
    assert dial_order(Candidates(reflexive=HOME), Candidates(reflexive=AWAY, mapped="192.168.1.2:5")) == (
        ("198.51.100.9", 51200),
    )


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:5", "0.0.0.0:5", "224.0.0.1:5", "255.255.255.255:5", "240.0.0.1:5", "169.254.1.1:5", "0.1.2.3:5",
        "[::1]:5", "[::]:5", "[ff02::1]:5", "[fe80::1]:5", "[fe80::1%eth0]:5", "[::ffff:127.0.0.1]:5",
        "1.2.3.4", "1.2.3.4:0", "1.2.3.4:65536", "name.example:5", "2001:db8::1", "", "\x00", "[2001:db8::1]",
    ],
)  # fmt: skip
def test_what_is_no_other_machine_is_never_tried(text: str) -> None:
    own = Candidates(reflexive="10.0.0.1:1")
    assert dial_order(own, Candidates(reflexive=text, hosts=(text,), mapped=text)) == ()


def test_a_flood_of_hosts_does_not_crowd_out_the_address_that_the_relay_saw() -> None:
    peer = Candidates(reflexive=AWAY, hosts=tuple(f"10.0.{n}.1:5" for n in range(200)))
    order = dial_order(Candidates(reflexive="198.51.100.9:1"), peer)
    assert len(order) == 16
    assert order[-1] == ("198.51.100.9", 51200)


def test_an_address_named_twice_is_tried_once() -> None:
    assert dial_order(Candidates(reflexive=HOME), Candidates(reflexive=AWAY, mapped=AWAY)) == (("198.51.100.9", 51200),)


_texts = st.text(max_size=40) | st.builds("{}:{}".format, st.ip_addresses(v=4), st.integers(0, 70_000))
_any = _texts | st.builds("[{}]:{}".format, st.ip_addresses(v=6), st.integers(0, 70_000))
_candidates = st.builds(
    Candidates,
    reflexive=st.none() | _any,
    hosts=st.lists(_any, max_size=40).map(tuple),
    mapped=st.none() | _any,
)


@given(_candidates, _candidates)
def test_whatever_the_peer_says_only_few_and_foreign_machines_are_tried(own: Candidates, peer: Candidates) -> None:
    order = dial_order(own, peer)
    assert len(order) <= 16
    assert len(set(order)) == len(order)
    for host, port in order:
        assert 0 < port < 65_536
        address = ip_address(host)
        assert not any((address.is_loopback, address.is_unspecified, address.is_multicast, address.is_link_local))


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_between_two_public_addresses_nothing_private_is_tried(own: object, peer: object) -> None:
    if is_private(str(own)) or is_private(str(peer)) or own == peer:
        return
    hosts = ("10.0.0.1:5", "172.31.0.1:5", "192.168.1.1:5", "100.127.0.1:5", "[fd00::1]:5")
    order = dial_order(Candidates(f"{own}:1"), Candidates(f"{peer}:2", hosts, hosts[0]))
    assert all(host == str(peer) for host, _ in order)
