"""Durations and points in time as people write them."""

from datetime import datetime, timedelta, tzinfo


def duration_text(seconds: float) -> str:
    """`0:07`, `12:34`, `1:02:03`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment_text(then_unix: float, now_unix: float, zone: tzinfo | None = None) -> str:
    """`14:05` today, `Yesterday 14:05`, else `3 May 14:05`; in `zone`, or the machine's own."""
    then, now = datetime.fromtimestamp(then_unix, zone), datetime.fromtimestamp(now_unix, zone)
    clock = then.strftime("%H:%M")
    if then.date() == now.date():
        return clock
    if then.date() == now.date() - timedelta(days=1):
        return f"Yesterday {clock}"
    return f"{then.day} {then.strftime('%b')} {clock}"
