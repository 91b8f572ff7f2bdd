"""Which relay is near."""

from wzp_core.nat.relay_map import RelayMap

TWO = RelayMap().upsert("one", "a:1", "EU").upsert("two", "b:1")


def test_the_nearest_relay_that_answers_is_preferred_and_silent_ones_come_last() -> None:
    assert TWO.preferred is None
    measured = TWO.update_rtt("a:1", 80, now=5.0).update_rtt("b:1", 20, now=5.0)
    assert [entry.name for entry in measured.entries] == ["two", "one"]
    lost = measured.mark_unreachable("b:1", now=6.0)
    assert [entry.name for entry in lost.entries] == ["one", "two"]
    assert lost.preferred is not None
    assert lost.preferred.name == "one"


def test_a_relay_keeps_its_region_and_its_time_under_a_new_name() -> None:
    renamed = TWO.update_rtt("a:1", 80, now=5.0).upsert("other", "a:1")
    assert len(renamed.entries) == 2
    assert (renamed.entries[0].name, renamed.entries[0].region, renamed.entries[0].rtt_ms) == ("other", "EU", 80)


def test_what_a_relay_says_of_others_is_taken_where_it_can_be_understood() -> None:
    told = RelayMap().populate_from_ack(("x|1.2.3.4:5|6", "broken", "|1.2.3.4:9", "y|"))
    assert [(entry.name, entry.addr) for entry in told.entries] == [("x", "1.2.3.4:5|6")]


def test_old_measurements_are_to_be_repeated() -> None:
    assert TWO.needs_reprobe(0.0, 60.0)
    fresh = TWO.update_rtt("a:1", 80, now=5.0).mark_unreachable("b:1", now=50.0)
    assert not fresh.needs_reprobe(60.0, 60.0)
    assert [entry.addr for entry in fresh.stale_entries(70.0, 60.0)] == ["a:1"]
    assert TWO.update_rtt("nowhere:1", 1, now=0.0) == TWO
