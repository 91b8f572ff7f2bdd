"""Who is in the room, as a Qt model."""

from collections.abc import Hashable

from PySide6.QtCore import QObject

from wzp_desktop.models.rows import Face, RowsModel
from wzp_desktop.presenters.room import RosterGroup, RosterRow
from wzp_desktop.presenters.tone import Tone


def roster_model(parent: QObject) -> RowsModel[RosterRow]:
    return RowsModel(_key, roster_face, parent)


def roster_face(row: RosterRow) -> Face:
    if isinstance(row, RosterGroup):
        tone = Tone.GOOD if row.here else Tone.ACCENT
        return Face(title=row.label, spoken=row.spoken, icon="relay", icon_tone=tone, heading=True)
    silent = row.volume is not None and bool(row.volume.silence)
    return Face(
        title=f"{row.name} (you)" if row.me else row.name,
        spoken=row.spoken,
        subtitle=row.fingerprint[:16],
        fixed_width=True,
        fingerprint=row.fingerprint or "0",
        mark="speaker-off" if silent else "speaker" if row.speaking else "",
        mark_tone=Tone.DANGER if silent else Tone.ACCENT,
        note=row.note,
        framed=row.me,
    )


def _key(row: RosterRow) -> Hashable:
    return (True, row.label) if isinstance(row, RosterGroup) else (False, row.key)
