"""Writes grafana-dashboard.json: `python packaging/relay/dashboard.py > packaging/relay/grafana-dashboard.json`.

A panel is an entry of the table below; a test asks every query of a real Prometheus that watches a real relay.
"""

import json
from dataclasses import dataclass
from typing import Any

SOURCE = {"type": "prometheus", "uid": "${source}"}
HERE = '{instance=~"$instance"}'
FULL, HALF, THIRD, QUARTER = 24, 12, 8, 6
WORST = 10


@dataclass(frozen=True, kw_only=True)
class Panel:
    title: str
    queries: dict[str, str]  # by legend
    unit: str = "short"
    width: int = THIRD
    kind: str = "timeseries"
    words: str = ""
    stacked: bool = False
    steps: tuple[tuple[float | None, str], ...] = ((None, "green"),)  # from which value on which colour


def now(name: str) -> str:
    return f"{name}{HERE}"


def rate(name: str) -> str:
    return f"rate({name}{HERE}[$__rate_interval])"


def total(query: str, by: str = "instance") -> str:
    return f"sum by ({by}) ({query})"


def rates(*names: str) -> dict[str, str]:
    return {f"{name.replace('_', ' ')} {{{{instance}}}}": rate(f"wzp_relay_{name}_total") for name in names}


def quantile(part: float, name: str) -> str:
    return f"histogram_quantile({part}, {total(rate(f'{name}_bucket'), 'le, instance')})"


def worst_sessions(query: str) -> dict[str, str]:
    return {"{{session_id}}": f"topk({WORST}, {query})"}


PER_SESSION = f"The {WORST} worst sessions, as their clients tell; the relay's log names a session's room."
RELAY = [
    Panel(
        title="Version",
        queries={"{{instance}} {{version}}": now("wzp_relay_build_info")},
        kind="stat",
        width=QUARTER,
    ),
    Panel(
        title="Now",
        queries={name: total(now(f"wzp_relay_active_{name}")) for name in ("clients", "calls", "rooms", "sessions")},
        kind="stat",
        width=HALF + QUARTER,
    ),
    Panel(
        title="Participants and calls",
        queries={
            f"{name} {{{{instance}}}}": now(f"wzp_relay_active_{name}")
            for name in ("clients", "calls", "rooms", "sessions")
        },
    ),
    Panel(title="Packets", queries=rates("packets_received", "packets_forwarded"), unit="pps"),
    Panel(
        title="Traffic passed on",
        queries={"{{instance}}": f"8 * {rate('wzp_relay_bytes_forwarded_total')}"},
        unit="bps",
    ),
    Panel(
        title="Packets not passed on",
        queries=rates("packets_malformed", "packets_limited", "packets_foreign_stream", "packets_withheld"),
        unit="pps",
        words="Withheld ones are the quieter speakers' of a large room; the others should be none.",
    ),
    Panel(
        title="Refused or cut off",
        queries=rates(
            "links_refused",
            "links_failed",
            "registrations_refused",
            "joins_refused",
            "signals_refused",
            "offers_limited",
            "slow_readers_cut",
            "malformed_datagrams",
        ),
        unit="cps",
    ),
    Panel(
        title="Proofs of identity",
        queries={"{{result}} {{instance}}": rate("wzp_relay_auth_attempts_total")},
        unit="cps",
        words="Signatures and tokens at registrations and joins.",
    ),
    Panel(
        title="Handshake with participants",
        queries={
            f"{name} {{{{instance}}}}": quantile(part, "wzp_relay_handshake_duration_seconds")
            for name, part in (("median", 0.5), ("95 %", 0.95))
        },
        unit="s",
    ),
    Panel(title="Signals", queries=rates("signals_received", "registrations", "joins", "probes"), unit="cps"),
    Panel(
        title="Processor",
        queries={"{{instance}}": rate("process_cpu_seconds_total")},
        unit="percentunit",
        words="Of one core, which is all that a relay uses.",
        width=QUARTER // 2 + 1,
    ),
    Panel(
        title="Memory",
        queries={"{{instance}}": now("process_resident_memory_bytes")},
        unit="bytes",
        width=QUARTER // 2 + 1,
    ),
]
QUALITY = [
    Panel(
        title="Loss",
        queries=worst_sessions(now("wzp_relay_session_loss_pct")),
        unit="percent",
        words=PER_SESSION,
    ),
    Panel(title="Round trip", queries=worst_sessions(now("wzp_relay_session_rtt_ms")), unit="ms", words=PER_SESSION),
    Panel(title="Jitter", queries=worst_sessions(now("wzp_relay_session_jitter_ms")), unit="ms", words=PER_SESSION),
    Panel(
        title="Jitter buffer",
        queries=worst_sessions(now("wzp_relay_session_jitter_buffer_depth")),
        words="Packets of 20 ms held back. " + PER_SESSION,
    ),
    Panel(
        title="Packets missing at their turn",
        queries=worst_sessions(rate("wzp_relay_session_underruns_total")),
        unit="pps",
        words=PER_SESSION,
    ),
    Panel(
        title="Packets never played",
        queries=worst_sessions(rate("wzp_relay_session_overruns_total")),
        unit="pps",
        words="Left out to get rid of delay. " + PER_SESSION,
    ),
    Panel(
        title="Loss over all sessions",
        queries={
            f"{name} {{{{instance}}}}": f"quantile by (instance) ({part}, {now('wzp_relay_session_loss_pct')})"
            for name, part in (("median", 0.5), ("95 %", 0.95))
        },
        unit="percent",
        width=HALF,
    ),
    Panel(
        title="Loss recovery",
        queries={
            "rebuilt from deep redundancy": total(rate("wzp_relay_session_dred_reconstructions_total")),
            "only concealed": total(rate("wzp_relay_session_classical_plc_total")),
        },
        unit="cps",
        width=HALF,
        stacked=True,
        words="Lost frames, by what their listeners heard instead.",
    ),
]
MESH = [
    Panel(
        title="Round trip to other relays",
        queries={"{{target}}": now("wzp_probe_rtt_ms")},
        unit="ms",
        width=HALF,
        kind="status-history",
        steps=((None, "green"), (80, "yellow"), (200, "orange"), (400, "red")),
    ),
    Panel(
        title="Answering",
        queries={"{{target}}": now("wzp_probe_up")},
        width=HALF,
        kind="state-timeline",
        steps=((None, "red"), (1, "green")),
    ),
    Panel(title="Unanswered", queries={"{{target}}": now("wzp_probe_loss_pct")}, unit="percent", width=HALF),
    Panel(title="Jitter to other relays", queries={"{{target}}": now("wzp_probe_jitter_ms")}, unit="ms", width=HALF),
    Panel(
        title="Linked relays",
        queries={"{{peer}}": now("wzp_federation_peer_status")},
        width=HALF,
        kind="state-timeline",
        steps=((None, "red"), (1, "green")),
    ),
    Panel(title="Round trip on links", queries={"{{peer}}": now("wzp_federation_peer_rtt_ms")}, unit="ms", width=HALF),
]
ROWS = {"Relay": RELAY, "Call quality": QUALITY, "Other relays": MESH}
HEIGHTS = {"stat": 4}
HEIGHT = 8


def panel_json(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    thresholds = {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in panel.steps]}
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0, "thresholds": thresholds}
    if panel.kind == "timeseries":
        stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        defaults["custom"] = {"fillOpacity": 30 if panel.stacked else 5, "showPoints": "never", "stacking": stacking}
        options: dict[str, Any] = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}}
    else:
        defaults["color"] = {"mode": "thresholds"}
        options = {"textMode": "name" if panel.title == "Version" else "auto"} if panel.kind == "stat" else {}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.words,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": query, "legendFormat": legend}
            for at, (legend, query) in enumerate(panel.queries.items())
        ],
    }


def panels_json() -> list[dict[str, Any]]:
    """Side by side until a line is full, line below line."""
    made: list[dict[str, Any]] = []
    y = 0
    for title, panels in ROWS.items():
        place = {"x": 0, "y": y, "w": FULL, "h": 1}
        made.append(
            {"id": len(made) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        )
        x, y, height = 0, y + 1, 0
        for panel in panels:
            if x + panel.width > FULL:
                x, y, height = 0, y + height, 0
            height = max(height, HEIGHTS.get(panel.kind, HEIGHT))
            place = {"x": x, "y": y, "w": panel.width, "h": HEIGHTS.get(panel.kind, HEIGHT)}
            made.append(panel_json(panel, len(made) + 1, place))
            x += panel.width
        y += height
    return made


def variable(name: str, label: str, **facts: Any) -> dict[str, Any]:
    return {"name": name, "label": label, "hide": 0, **facts}


def dashboard_json() -> dict[str, Any]:
    instances = "label_values(wzp_relay_build_info, instance)"
    return {
        "uid": "wzp-relay",
        "title": "WZP relay",
        "tags": ["wzp"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [
                variable("source", "Prometheus", type="datasource", query="prometheus"),
                variable(
                    "instance",
                    "Relay",
                    type="query",
                    datasource=SOURCE,
                    query={"query": instances, "refId": "instances"},
                    refresh=2,
                    multi=True,
                    includeAll=True,
                    allValue=".+",
                    current={"text": "All", "value": "$__all"},
                ),
            ]
        },
        "panels": panels_json(),
    }


if __name__ == "__main__":
    print(json.dumps(dashboard_json(), indent=2))
