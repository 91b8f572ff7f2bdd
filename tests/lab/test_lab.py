"""A few cells of the laboratory, one call each; `./dev lab` runs them all many times."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.audio.speech import needs_speech
from tests.lab.calls import run_call
from tests.lab.cells import cell_named, laid
from tests.lab.links import link_named, run_links
from tests.lab.moves import CUT_LIMIT_MS, cut_and_mend
from tests.lab.namespaces import why_no_lab

_REASON = why_no_lab()
pytestmark = [pytest.mark.skipif(bool(_REASON), reason=f"no network laboratory: {_REASON}"), needs_speech]


@pytest.mark.parametrize("name", ["port-restricted → port-restricted", "only IPv4 → only IPv6"])
def test_two_homes_hear_each_other(name: str, tmp_path: Path) -> None:
    with laid(cell_named(name), tmp_path) as plan:
        outcome = run_call(plan, tmp_path / "call", 1)
    assert outcome.success, outcome.problem
    assert outcome.heard == (True, True)


def test_a_call_whose_direct_path_is_cut_goes_on_over_the_relay_and_returns(tmp_path: Path) -> None:
    away, back = cut_and_mend(tmp_path, 1)
    assert (away.problem, back.problem) == ("", "")
    assert max(away.concealed_ms) < CUT_LIMIT_MS


def test_calls_over_bad_links_are_understood_on_both_sides(tmp_path: Path) -> None:
    links = [replace(link_named(name), talk_s=8) for name in ("20 % twice", "loss 30 %")]
    found = run_links(links, tmp_path, parallel=2, runs=1, tell=lambda _row: None)
    for (call,), share in zip(found, (0.95, 0.5), strict=True):
        assert call.good, (call.problem, call.ended)
        assert min(heard.share for heard in call.heard) > share
        assert min(call.kbit) > 20
