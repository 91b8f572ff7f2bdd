from relay.decide.admission import Bucket, Buckets, Rate, Seats


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(Rate(per_s=2.0, burst=3.0), now=0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(0.4)
    assert bucket.take(0.6)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    bucket = Bucket(Rate(per_s=1.0, burst=1.0), now=10.0)
    assert bucket.take(10.0)
    assert not bucket.take(5.0)
    assert not bucket.take(5.5)


def test_each_key_has_its_own_bucket() -> None:
    buckets: Buckets[str] = Buckets(Rate(per_s=1.0, burst=1.0))
    assert buckets.take("a", 0.0)
    assert not buckets.take("a", 0.0)
    assert buckets.take("b", 0.0)


def test_buckets_that_are_full_again_make_room_for_others() -> None:
    buckets: Buckets[int] = Buckets(Rate(per_s=1.0, burst=1.0), most_keys=10)
    assert all(buckets.take(key, 0.0) for key in range(10))
    assert not buckets.take(10, 0.5)
    assert buckets.take(11, 2.0)
    assert len(buckets) == 1


def test_seats_are_given_back() -> None:
    seats = Seats(1)
    assert seats.take()
    assert not seats.take()
    seats.give_back()
    assert seats.take()
