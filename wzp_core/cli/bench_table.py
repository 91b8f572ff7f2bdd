"""The measurements of `wzp bench` as tables, and those of `voice` as a picture."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

Record = dict[str, Any]

_COLUMNS: Final = (
    ("codec", "Codec"),
    ("link", "Link"),
    ("receiver", "Receiver"),
    ("pesq", "PESQ"),
    ("stoi", "STOI"),
    ("plcmos", "PLCMOS"),
    ("delay_ms", "Delay ms"),
    ("concealed_pct", "Guessed %"),
    ("rebuilt_pct", "Rebuilt %"),
    ("kbit_s", "kbit/s"),
)


def markdown(records: Iterable[Record]) -> str:
    """The measurements of `voice`."""
    return table(records, _COLUMNS)


def table(records: Iterable[Record], columns: Sequence[tuple[str, str]]) -> str:
    """One row per record, the values of the columns' keys under their heads, aligned, as Markdown."""
    rows = [
        [head for _, head in columns],
        *(["" if record[key] is None else str(record[key]) for key, _ in columns] for record in records),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(columns))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def plotted(records: Sequence[Record], path: Path) -> bool:
    """PESQ over independent loss, one line per codec and receiver; False where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(8, 5))
    axes = figure.subplots()
    for (codec, receiver), points in sorted(_curves(records).items()):
        losses, scores = zip(*sorted(points), strict=True)
        axes.plot(losses, scores, marker="o", label=f"{codec}, {receiver}")
    axes.set_xlabel("packets lost, %")
    axes.set_ylabel("PESQ (wide band)")
    axes.legend()
    figure.savefig(path)
    return True


def _curves(records: Sequence[Record]) -> dict[tuple[str, str], list[tuple[int, float]]]:
    curves: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for record in records:
        if record["burst"] == 1 and record["jitter_ms"] == 0:
            key = (record["codec"], record["receiver"])
            curves.setdefault(key, []).append((record["loss_pct"], record["pesq"]))
    return curves
