"""Who is online, as a Qt model."""

from PySide6.QtCore import QObject

from wzp_desktop.models.rows import Face, RowsModel
from wzp_desktop.presenters.lobby import PersonRow
from wzp_desktop.presenters.tone import Tone


def people_model(parent: QObject) -> RowsModel[PersonRow]:
    return RowsModel(lambda row: row.fingerprint, person_face, parent)


def person_face(row: PersonRow) -> Face:
    return Face(
        title=row.name,
        spoken=row.spoken,
        subtitle=f"{row.fingerprint}  {row.relay}".rstrip(),
        fixed_width=True,
        fingerprint=row.fingerprint,
        mark="alert" if row.mismatched else "shield-check" if row.verified else "",
        mark_tone=Tone.DANGER if row.mismatched else Tone.GOOD,
        action="phone",
    )
