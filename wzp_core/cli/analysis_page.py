"""An analysis as a page of its own: a table, and loss and jitter of each second as drawn lines; nothing is loaded."""

from collections.abc import Callable, Iterable
from html import escape
from typing import Final

from wzp_core.cli.analysis import Analysis, Second
from wzp_core.cli.captured import Origin

_COLOURS: Final = ("#22c55e", "#38bdf8", "#facc15", "#f472b6", "#a78bfa", "#fb923c", "#94a3b8")
_WIDTH, _HEIGHT, _MARGIN = 860, 200, 36
_STYLE: Final = """
body { background: #0f172a; color: #e2e8f0; font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 900px }
table { border-collapse: collapse; width: 100% } th, td { padding: .3rem .6rem; text-align: left }
th { border-bottom: 1px solid #475569 } svg { background: #1e293b; border-radius: 6px } text { fill: #94a3b8 }
"""


def page(analysis: Analysis, origin: Origin) -> str:
    streams = list(analysis.streams.values())
    colours = [_COLOURS[number % len(_COLOURS)] for number in range(len(streams))]
    rows = "".join(
        f'<tr><td style="color:{colour}">{escape(stream.name)}</td><td>{stream.codec}</td><td>{stream.packets}</td>'
        f"<td>{stream.loss_pct:.2f} %</td><td>{stream.jitter_ms:.1f} ms</td><td>{stream.switches}</td></tr>"
        for stream, colour in zip(streams, colours, strict=True)
    )
    courses = [(colour, stream.course) for stream, colour in zip(streams, colours, strict=True)]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>WZP: {escape(origin.room)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(origin.room)}</h1>"
        f"<p>{escape(origin.relay)}, {escape(origin.start_time)}: {analysis.packets} packets</p>"
        "<table><tr><th>Name<th>Codec<th>Packets<th>Loss<th>Jitter<th>Codec switches</tr>"
        f"{rows}</table><h2>Loss, %</h2>{_chart(courses, lambda second: second.loss_pct)}"
        f"<h2>Jitter, ms</h2>{_chart(courses, lambda second: second.jitter_ms)}</html>\n"
    )


def _chart(courses: Iterable[tuple[str, dict[int, Second]]], value: Callable[[Second], float]) -> str:
    drawn = [(colour, {at: value(second) for at, second in course.items()}) for colour, course in courses]
    last = max((at for _, course in drawn for at in course), default=0) or 1
    top = max((height for _, course in drawn for height in course.values()), default=0.0) or 1.0
    lines = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="'
        + " ".join(
            f"{_MARGIN + at * (_WIDTH - 2 * _MARGIN) / last:.1f},{_HEIGHT - 24 - height * (_HEIGHT - 48) / top:.1f}"
            for at, height in sorted(course.items())
        )
        + '"/>'
        for colour, course in drawn
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="100%" role="img">{lines}'
        f'<text x="4" y="20">{top:.1f}</text><text x="4" y="{_HEIGHT - 8}">0 s</text>'
        f'<text x="{_WIDTH - 60}" y="{_HEIGHT - 8}">{last} s</text></svg>'
    )
