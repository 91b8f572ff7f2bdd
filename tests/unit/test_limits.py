import pytest

from wzp_core.limits import Bucket, Buckets, Places, Rate, network_of

SLOW = Rate(per_s=1.0, burst=1.0)


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    rate = Rate(per_s=2.0, burst=3.0)
    bucket = Bucket(rate, now=0.0)
    assert [bucket.take(rate, 0.0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(rate, 0.4)
    assert bucket.take(rate, 0.6)
    assert [bucket.take(rate, 100.0) for _ in range(4)] == [True, True, True, False]


def test_a_bucket_gives_no_part_of_an_amount() -> None:
    rate = Rate(per_s=10.0, burst=10.0)
    bucket = Bucket(rate, now=0.0)
    assert bucket.take(rate, 0.0, 7)
    assert not bucket.take(rate, 0.0, 4)
    assert bucket.take(rate, 0.0, 3)


def test_a_rate_that_changes_counts_from_then_on() -> None:
    bucket = Bucket(SLOW, now=0.0)
    assert bucket.take(SLOW, 0.0)
    assert not bucket.take(SLOW, 0.5)
    faster = Rate(per_s=10.0, burst=2.0)
    assert [bucket.take(faster, 1.0) for _ in range(3)] == [True, True, False]


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    bucket = Bucket(SLOW, now=10.0)
    assert bucket.take(SLOW, 10.0)
    assert not bucket.take(SLOW, 5.0)
    assert not bucket.take(SLOW, 5.5)


def test_each_key_has_its_own_bucket() -> None:
    buckets: Buckets[str] = Buckets()
    assert buckets.take("a", SLOW, 0.0)
    assert not buckets.take("a", SLOW, 0.0)
    assert buckets.take("b", SLOW, 0.0)


def test_buckets_that_are_full_again_make_room_for_others() -> None:
    buckets: Buckets[int] = Buckets(most_keys=10)
    assert all(buckets.take(key, SLOW, 0.0) for key in range(10))
    assert not buckets.take(10, SLOW, 0.5)
    assert buckets.take(11, SLOW, 2.0)
    assert len(buckets) == 1


def test_one_holder_gets_only_its_part_of_the_places() -> None:
    places: Places[str] = Places()
    assert [places.take("a", 3, 2) for _ in range(3)] == [True, True, False]
    assert [places.take("b", 3, 2) for _ in range(2)] == [True, False]
    places.give_back("a")
    assert places.take("b", 3, 2)
    assert (places.taken, places.held("a"), places.held("b"), places.held("c")) == (3, 1, 2, 0)


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_the_addresses_that_one_subscriber_owns_count_as_one(host: str, network: str) -> None:
    assert network_of(host) == network
