"""Where the relay's log lines go, and how a crowd is kept from filling the disk with lines about itself."""

import logging
import sys
import time

from wzp_core.limits import Bucket, Rate

_LINES = Rate(per_s=1.0, burst=100.0)  # of one kind
_MOST_KINDS = 1000
_QUIC = logging.getLogger("quic")  # the library's: several lines about each connection


class FloodFilter(logging.Filter):
    """For a handler: holds back lines of a kind that come too often, and tells with the next one how many those were.

    A line's kind is its name (see `wzp_core.logs.event`), or its unformatted text where it has none.
    """

    def __init__(self) -> None:
        super().__init__()
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._held_back: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.name, str(record.args[0] if record.msg == "%s%s" and record.args else record.msg)  # type: ignore[index]
        now = time.monotonic()
        if kind not in self._buckets and len(self._buckets) >= _MOST_KINDS:
            kind = record.name, ""
        bucket = self._buckets.setdefault(kind, Bucket(_LINES, now))
        if not bucket.take(_LINES, now):
            self._held_back[kind] = self._held_back.get(kind, 0) + 1
            return False
        if held_back := self._held_back.pop(kind, 0):
            record.msg, record.args = f"{record.getMessage()} (and {held_back} like it)", ()
        return True


def start_logging(form: str, level: str) -> None:
    """To standard error."""
    logging.basicConfig(stream=sys.stderr, format=form)
    for handler in logging.getLogger().handlers:
        handler.addFilter(FloodFilter())
    set_log_level(level)


def set_log_level(level: str) -> None:
    """As the configuration names it; what the QUIC library thinks of each connection is for those who debug."""
    logging.getLogger().setLevel(level.upper())
    _QUIC.setLevel(logging.NOTSET if level == "debug" else logging.WARNING)
