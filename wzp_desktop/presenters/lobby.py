"""The lobby: who is here, whom we spoke with, which relay carries us."""

from dataclasses import dataclass
from enum import Enum

from wzp_core.ports import HistoryEntry
from wzp_core.session.state import AppState, Person, RelayPhase
from wzp_desktop.presenters.moments import duration_text, moment_text
from wzp_desktop.presenters.names import person_name, shown_name
from wzp_desktop.presenters.relays import RelayPanel, relay_panel

_MOST_RECENT = 6
_LONGEST_HISTORY = 50


@dataclass(frozen=True, slots=True)
class PersonRow:
    fingerprint: str
    name: str
    verified: bool
    mismatched: bool
    relay: str = ""  # another than ours

    @property
    def spoken(self) -> str:
        """What a screen reader says of the row."""
        mark = ", the codes differed" if self.mismatched else ", verified" if self.verified else ""
        place = f", on {self.relay}" if self.relay else ""
        return f"{self.name}{mark}{place}, {self.fingerprint}"


class CallKind(Enum):
    PLACED = "placed"
    RECEIVED = "received"
    MISSED = "missed"
    DECLINED = "declined"


_KIND_WORDS = {
    CallKind.PLACED: "Outgoing",
    CallKind.RECEIVED: "Incoming",
    CallKind.MISSED: "Missed",
    CallKind.DECLINED: "Declined",
}


@dataclass(frozen=True, slots=True)
class HistoryRow:
    call_id: str
    fingerprint: str
    name: str
    kind: CallKind
    detail: str

    @property
    def spoken(self) -> str:
        return f"{self.name}, {self.detail}"


@dataclass(frozen=True, slots=True)
class RecentContact:
    fingerprint: str
    name: str


@dataclass(frozen=True, slots=True)
class LobbyScreen:
    my_name: str
    my_fingerprint: str
    relay: RelayPanel
    people: tuple[PersonRow, ...]
    online: str
    nobody: str
    recent: tuple[RecentContact, ...]
    history: tuple[HistoryRow, ...]
    room: str
    can_call: bool


def lobby_screen(state: AppState, now_unix: float) -> LobbyScreen:
    online = state.relay.phase is RelayPhase.ONLINE
    rows = people_rows(state.present)
    return LobbyScreen(
        my_name=shown_name(state.me.alias, state.me.fingerprint) if state.me else "",
        my_fingerprint=state.me.fingerprint if state.me else "",
        relay=relay_panel(state),
        people=rows,
        online=str(len(rows)),
        nobody="No one else is here yet. Share your fingerprint, or use the same relay as your friends."
        if online
        else "Whoever is online appears here once you are connected to a relay.",
        recent=recent_contacts(state.history),
        history=tuple(_history_row(entry, now_unix) for entry in state.history[:_LONGEST_HISTORY]),
        room=state.settings.call.room,
        can_call=online and state.call is None,
    )


def people_rows(present: tuple[Person, ...]) -> tuple[PersonRow, ...]:
    """Everyone by name; equal names stay apart by their fingerprints."""
    rows = [
        PersonRow(person.fingerprint, person_name(person), person.verified, person.mismatched, person.relay_label)
        for person in present
    ]
    return tuple(sorted(rows, key=lambda row: (row.name.casefold(), row.fingerprint)))


def recent_contacts(history: tuple[HistoryEntry, ...]) -> tuple[RecentContact, ...]:
    """The first six different people of the history."""
    first: dict[str, RecentContact] = {}
    for entry in history:
        first.setdefault(
            entry.fingerprint, RecentContact(entry.fingerprint, shown_name(entry.alias, entry.fingerprint))
        )
    return tuple(first.values())[:_MOST_RECENT]


def _history_row(entry: HistoryEntry, now_unix: float) -> HistoryRow:
    kind = CallKind(entry.direction)
    parts = [_KIND_WORDS[kind], moment_text(entry.started_unix, now_unix)]
    if entry.duration_s:
        parts.append(duration_text(entry.duration_s))
    return HistoryRow(
        entry.call_id, entry.fingerprint, shown_name(entry.alias, entry.fingerprint), kind, " · ".join(parts)
    )
