"""The measurements of `wzp bench` as tables, and those of `voice` as pictures."""

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
_PANEL_INCHES: Final = (3.0, 2.4)
_MOST_ACROSS: Final = 4


def markdown(records: Sequence[Record]) -> str:
    """The measurements of `voice`, without a score that no machine here could give."""
    columns = [(key, head) for key, head in _COLUMNS if any(record[key] is not None for record in records)]
    return table(records, columns)


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


def plotted(records: Sequence[Record], folder: Path) -> bool:
    """Scores over loss, a panel per codec in voice.png, per burst and jitter of the first codec in voice-links.png.

    False where matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        return False
    plain = [record for record in records if record["burst"] == 1 and record["jitter_ms"] == 0]
    codecs = list(dict.fromkeys(record["codec"] for record in records))
    by_codec = {codec: [record for record in plain if record["codec"] == codec] for codec in codecs}
    _panels(by_codec, folder / "voice.png")
    first = [record for record in records if record["codec"] == codecs[0]]
    places = sorted({(record["jitter_ms"], record["burst"]) for record in first})
    by_link = {
        f"bursts of {burst}, {jitter_ms} ms jitter": [
            record
            for record in first
            if record["jitter_ms"] == jitter_ms and (record["burst"] == burst or not record["loss_pct"])
        ]
        for jitter_ms, burst in places
    }
    _panels(by_link, folder / "voice-links.png")
    return True


def _panels(panels: dict[str, list[Record]], path: Path) -> None:
    """PESQ over loss, a line per receiver, alike in all panels; STOI where PESQ says nothing, for vocoders."""
    from matplotlib.figure import Figure

    across = min(_MOST_ACROSS, len(panels))
    down = -(-len(panels) // across)
    width, height = _PANEL_INCHES
    figure = Figure(figsize=(width * across, height * down + 0.5), layout="constrained")
    receivers = list(dict.fromkeys(record["receiver"] for records in panels.values() for record in records))
    lines: dict[str, Any] = {}
    for axes, (title, records) in zip(figure.subplots(down, across, squeeze=False).flat, panels.items(), strict=False):
        vocoder = any(record["codec"].startswith("Codec2") for record in records)
        score, (least, most) = ("stoi", (0.3, 1.0)) if vocoder else ("pesq", (1.0, 4.6))
        for number, receiver in enumerate(receivers):
            points = sorted((r["loss_pct"], r[score]) for r in records if r["receiver"] == receiver)
            if points:
                losses, scores = zip(*points, strict=True)
                (lines[receiver],) = axes.plot(losses, scores, marker="o", markersize=3, color=f"C{number}")
        axes.set_title(title, fontsize=9)
        axes.set_ylim(least, most)
        axes.set_xlim(-2, 52)
        axes.set_ylabel(score.upper(), fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
    for axes in list(figure.axes)[len(panels) :]:
        axes.set_visible(False)
    figure.supxlabel("packets lost, %", fontsize=9)
    figure.legend(list(lines.values()), list(lines), loc="outside upper center", ncols=len(lines), fontsize=8)
    figure.savefig(path, dpi=110)
