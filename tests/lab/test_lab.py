"""A few cells of the laboratory, one call each; `./dev lab` runs them all many times."""

from pathlib import Path

import pytest

from tests.audio.speech import needs_speech
from tests.lab.calls import run_call
from tests.lab.cells import cell_named, laid
from tests.lab.namespaces import why_no_lab

_REASON = why_no_lab()
pytestmark = [pytest.mark.skipif(bool(_REASON), reason=f"no network laboratory: {_REASON}"), needs_speech]


@pytest.mark.parametrize("name", ["port-restricted → port-restricted", "UDP only to the relay → port-restricted"])
def test_two_homes_hear_each_other(name: str, tmp_path: Path) -> None:
    with laid(cell_named(name), tmp_path) as plan:
        outcome = run_call(plan, tmp_path / "call", 1)
    assert outcome.success, outcome.problem
    assert outcome.heard == (True, True)
