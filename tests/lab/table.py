"""What the matrix found, as one table in Markdown and as a picture."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab.calls import DIRECT, Outcome

_HEAD = ("Cell", "Calls", "Success", "Direct", "Time to direct p50 / p95, ms", "Set-up p50, ms",
         "First audio p50, ms", "Probes p50", "Silent")  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1] if ordered else None


def markdown(found: Mapping[str, Sequence[Outcome]]) -> str:
    rows = [_HEAD, tuple("---" if i == 0 else "---:" for i in range(len(_HEAD)))]
    rows += [_row(name, outcomes) for name, outcomes in found.items()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(name: str, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    count = len(outcomes)
    direct = [o.time_to_direct_ms for o in outcomes if o.time_to_direct_ms is not None]
    to_direct = f"{_whole(percentile(direct, 0.5))} / {_whole(percentile(direct, 0.95))}"
    return (
        name,
        str(count),
        _share(sum(o.success for o in outcomes), count),
        _share(sum(o.path == DIRECT for o in outcomes), count),
        to_direct if direct else "–",
        _whole(percentile([o.setup_ms for o in outcomes if o.setup_ms is not None], 0.5)),
        _whole(percentile([o.first_audio_ms for o in outcomes if o.first_audio_ms is not None], 0.5)),
        _whole(percentile([float(o.probes_sent) for o in outcomes if o.probes_sent is not None], 0.5)),
        str(sum(o.silent for o in outcomes)),
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def picture(found: Mapping[str, Sequence[Outcome]], path: Path) -> str:
    """Draws shares and times; in words why not."""
    try:
        import matplotlib as mpl
    except ImportError:
        return "no picture: matplotlib is not installed"
    mpl.use("Agg")
    from matplotlib import pyplot

    names = list(found)
    figure, (left, right) = pyplot.subplots(1, 2, sharey=True, figsize=(12, 1 + 0.3 * len(names)))
    shares = [100 * sum(o.path == DIRECT for o in found[n]) / max(1, len(found[n])) for n in names]
    reached = [100 * sum(o.success and not o.silent for o in found[n]) / max(1, len(found[n])) for n in names]
    left.barh(names, reached, color="#c8d4e3", label="both heard each other")
    left.barh(names, shares, height=0.4, color="#2e6da4", label="on the direct path")
    left.set_xlabel("% of calls")
    left.legend(loc="lower left")
    left.invert_yaxis()
    for row, name in enumerate(names):
        times = [o.time_to_direct_ms for o in found[name] if o.time_to_direct_ms is not None]
        right.plot(times, [row] * len(times), "|", color="#2e6da4")
    right.set_xscale("log")
    right.set_xlabel("time to the direct path, ms")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    return ""
