"""The voice room: who is in it, by relay."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from wzp_core.session.state import AppState, Badge, MediaView, Participant, RoomStage, RoomView
from wzp_desktop.presenters.badge import BadgeLine, badge_line
from wzp_desktop.presenters.media import QualityLine, path_text, quality_line, silence_text
from wzp_desktop.presenters.names import shown_name
from wzp_desktop.presenters.talk import TalkScreen, talk_screen
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.presenters.volume import VolumeLine, volume_line
from wzp_desktop.presenters.words import ERROR, ROOM, ROOM_REFUSED


@dataclass(frozen=True, slots=True)
class RosterGroup:
    """The relay the following members are connected to."""

    label: str
    here: bool

    @property
    def spoken(self) -> str:
        return f"Relay: {self.label}"


@dataclass(frozen=True, slots=True)
class RosterMember:
    key: str
    fingerprint: str
    name: str
    me: bool
    speaking: bool
    volume: VolumeLine | None = None  # None where it cannot be set: ours, and where sounds cannot be told apart

    @property
    def note(self) -> str:
        return self.volume.note if self.volume is not None else ""

    @property
    def spoken(self) -> str:
        parts = (self.name, "you" if self.me else "", "speaking" if self.speaking else "", self.note.lower())
        return ", ".join(part for part in parts if part)


RosterRow: TypeAlias = RosterGroup | RosterMember


@dataclass(frozen=True, slots=True)
class RoomScreen:
    name: str
    stage: str
    tone: Tone
    running_since: float | None
    badge: BadgeLine
    banner: str
    rows: tuple[RosterRow, ...]
    count: str
    nobody: str  # what to say where there is no row
    hint: str  # what to do to change somebody's volume; empty where there is nobody
    path: str
    quality: QualityLine
    chosen_quality: str
    talk: TalkScreen


_TONE = {
    RoomStage.JOINING: Tone.WARNING,
    RoomStage.JOINED: Tone.GOOD,
    RoomStage.RECONNECTING: Tone.WARNING,
    RoomStage.FAILED: Tone.DANGER,
}


def room_screen(state: AppState, room: RoomView) -> RoomScreen:
    joined = room.stage is RoomStage.JOINED
    rows = tuple(roster_rows(room.participants, state.me.fingerprint if state.me else ""))
    some_can_be_set = any(isinstance(row, RosterMember) and row.volume is not None for row in rows)
    return RoomScreen(
        name=shown_name(room.name, room.name),
        stage=ROOM[room.stage] if room.error is None or joined else ROOM_REFUSED.get(room.error) or ERROR[room.error],
        tone=_TONE[room.stage],
        running_since=room.started_at_unix if joined else None,
        badge=badge_line(Badge.RELAY_ONLY),
        banner=silence_text(room.media) if joined else "",
        rows=rows,
        count="1 person" if len(room.participants) == 1 else f"{len(room.participants)} people",
        nobody="Waiting for participants…" if room.stage is RoomStage.JOINED else "",
        hint="Choose somebody to change how loud you hear them." if some_can_be_set else "",
        path=path_text(room.media) if joined else "",
        quality=quality_line(room.media if joined else MediaView()),
        chosen_quality=state.settings.call.quality,
        talk=talk_screen(state),
    )


def roster_rows(members: tuple[Participant, ...], mine: str) -> Iterator[RosterRow]:
    """Our relay's members first, then the other relays by name; a heading before each group."""
    labels = sorted({member.relay_label for member in members}, key=lambda label: (label is not None, label or ""))
    for label in labels:
        yield RosterGroup("This relay" if label is None else shown_name(label, "Another relay"), label is None)
        group = [_member(member, mine) for member in members if member.relay_label == label]
        yield from sorted(group, key=lambda row: (not row.me, row.name.casefold(), row.fingerprint))


def _member(member: Participant, mine: str) -> RosterMember:
    me = bool(mine) and member.fingerprint == mine
    name = shown_name(member.alias, member.fingerprint)
    can_be_set = not me and member.stream_id != 0
    return RosterMember(
        key=member.key,
        fingerprint=member.fingerprint,
        name=name,
        me=me,
        speaking=member.speaking,
        volume=volume_line(member.key, name, member.volume) if can_be_set else None,
    )
