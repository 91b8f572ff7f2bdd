"""What the sweep computes."""

from wzp_core.cli.sweep import swept


def test_a_steady_link_needs_no_more_delay_than_it_is_told_to_keep() -> None:
    least, more = swept(0, 0, 0.0, 500), swept(200, 0, 0.0, 500)
    assert least["latency_ms"] <= 40.0
    assert 190.0 <= more["latency_ms"] <= 210.0
    assert (least["underruns"], least["loss_pct"]) == (0, 0.0)


def test_jitter_costs_delay_or_underruns_and_loss_is_counted() -> None:
    learnt, generous = swept(0, 25, 0.0, 500), swept(400, 25, 0.0, 500)
    assert learnt["underruns"] > generous["underruns"] == 0
    assert learnt["latency_ms"] < generous["latency_ms"]
    assert 15.0 < swept(0, 0, 20.0, 500)["loss_pct"] < 25.0
