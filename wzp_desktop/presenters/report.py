"""A report of a fault, for somebody to send: what the program is, how it stands, and its last log lines."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from wzp_core.errors import ErrorCode
from wzp_core.session.state import AppState
from wzp_desktop.presenters.media import path_text, quality_line
from wzp_desktop.presenters.network import network_screen
from wzp_desktop.presenters.redaction import Redactor

INTRODUCTION = (
    "Names, addresses, fingerprints and secrets have been taken out: <name 3> is the same name wherever it stands. "
    "Read it before you send it."
)


def report_text(state: AppState, system: Mapping[str, str], lines: tuple[str, ...], *, home: str, own: set[str]) -> str:
    """`system` says where it runs; `own` are names of this computer and its user, to be taken out too."""
    redacted = Redactor({*own, *_names(state)}, home)
    parts = [f"WZP Desktop, report of a fault\n{INTRODUCTION}"]
    for title, rows in _sections(state, system):
        parts.append("\n".join((f"## {title}", *(redacted(row) for row in rows))))
    parts.append("\n".join((f"## Log, the last {len(lines)} lines", *(redacted(line) for line in lines))))
    return "\n\n".join(parts) + "\n"


def _sections(state: AppState, system: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    settings, devices, relay = state.settings, state.devices, state.relay
    yield "System", [f"{name}: {value}" for name, value in system.items()]
    yield (
        "Sound",
        [
            f"microphone: {settings.audio.input_device or 'system default'}, of {', '.join(devices.inputs) or 'none'}",
            f"speaker: {settings.audio.output_device or 'system default'}, of {', '.join(devices.outputs) or 'none'}",
            f"problem: {_code(devices.error)}",
            f"deep redundancy: {state.has_dred}",
        ],
    )
    yield (
        "Relay",
        [
            f"{'own' if relay.embedded else 'another'}, {relay.phase.value}, {_code(relay.error)}, "
            f"{relay.rtt_ms} ms, {len(state.present)} people"
        ],
    )
    yield "Call", list(_talk(state)) or ["none"]
    checked = network_screen(state.netcheck)
    yield "Network check", [*filter(None, [checked.verdict]), *checked.findings, *checked.relays] or ["not made"]
    told = {"audio": asdict(settings.audio), "call": asdict(settings.call), "appearance": asdict(settings.appearance)}
    told["call"].pop("room")
    told["network"] = {"path": settings.network.path, "use_stun": settings.network.use_stun}
    yield "Settings", [f"{table}.{key} = {value!r}" for table, values in told.items() for key, value in values.items()]


def _talk(state: AppState) -> Iterator[str]:
    call, room = state.call, state.room
    if call is not None:
        ended = f", {call.ended.value}" if call.ended else ""
        code = f", {call.ended_code.value}" if call.ended_code else ""
        yield f"call: {call.stage.value}{ended}{code}, {call.badge.value}, code {call.sas.stage.value}"
    if room is not None:
        yield f"room: {room.stage.value}, {_code(room.error)}, {len(room.participants)} people"
    for media in (each.media for each in (call, room) if each is not None):
        silence = media.no_audio.value if media.no_audio else "none"
        yield f"{path_text(media)} · {quality_line(media).technical} · silence: {silence}"


def _code(error: ErrorCode | None) -> str:
    return error.value if error is not None else "no error"


def _names(state: AppState) -> Iterator[str]:
    """Every name that the state knows of people, rooms and relays."""
    settings = state.settings
    yield from (settings.alias, settings.call.room, state.relay.name, state.me.alias if state.me else "")
    yield from (person.alias for person in state.present)
    yield from (contact.alias for contact in state.contacts)
    yield from (entry.alias for entry in state.history)
    if state.call is not None:
        yield state.call.peer.alias
    for entry in settings.relay.relays:
        yield from (entry.name, entry.address.rpartition(":")[0], entry.token)
    for nearby in state.nearby:
        yield from (nearby.name, nearby.address.rpartition(":")[0])
    yield from (person.relay_label for person in state.present)
    if state.room is not None:
        yield state.room.name
        for member in state.room.participants:
            yield from (member.alias, member.relay_label or "")
