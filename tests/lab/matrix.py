"""Runs every cell many times: networks side by side, calls within one network after each other."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tests.lab.calls import Outcome, run_call
from tests.lab.cells import Cell, laid


def run_cell(cell: Cell, folder: Path, runs: range) -> list[Outcome]:
    """One network for all of these runs; each run's seed is its number."""
    outcomes = []
    with laid(cell, folder, seed=runs.start) as plan:
        for seed in runs:
            place = folder / f"run{seed}"
            outcome = run_call(plan, place, seed)
            record = {key: value for key, value in asdict(outcome).items() if key != "events"}
            (place / "outcome.json").write_text(
                json.dumps({**record, "caller": outcome.events[0], "callee": outcome.events[1]}, indent=1), "utf-8"
            )
            for recording in place.glob("*.wav"):  # megabytes each
                if outcome.success and not outcome.silent:
                    recording.unlink()
            outcomes.append(outcome)
    return outcomes


def run_matrix(
    cells: Sequence[Cell], folder: Path, *, runs: int, parallel: int, tell: Callable[[str], None]
) -> dict[str, list[Outcome]]:
    with ThreadPoolExecutor(parallel) as pool:
        begun = {
            cell.name: pool.submit(run_cell, cell, folder / f"cell{number}", range(1, runs + 1))
            for number, cell in enumerate(cells)
        }
        found = {}
        for name, work in begun.items():
            found[name] = work.result()
            tell(summary(name, found[name]))
        return found


def summary(name: str, outcomes: Sequence[Outcome]) -> str:
    problems = "; ".join(sorted({o.problem for o in outcomes if o.problem}))
    paths = ", ".join(sorted({o.path or "none" for o in outcomes}))
    well = sum(o.success and not o.silent for o in outcomes)
    return f"{name}: {well} of {len(outcomes)} heard each other, path {paths}{'; ' + problems if problems else ''}"
