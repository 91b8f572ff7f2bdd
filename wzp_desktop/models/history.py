"""The calls that were, as a Qt model."""

from PySide6.QtCore import QObject

from wzp_desktop.models.rows import Face, RowsModel
from wzp_desktop.presenters.lobby import CallKind, HistoryRow
from wzp_desktop.presenters.tone import Tone


def history_model(parent: QObject) -> RowsModel[HistoryRow]:
    return RowsModel(lambda row: row.call_id, history_face, parent)


def history_face(row: HistoryRow) -> Face:
    return Face(
        title=row.name,
        spoken=row.spoken,
        subtitle=row.detail,
        icon="hang-up" if row.kind is CallKind.DECLINED else row.kind.value,
        icon_tone=Tone.DANGER if row.kind is CallKind.MISSED else Tone.NEUTRAL,
        action="phone",
    )
