"""One log line: a name and its facts, with secrets kept out and floods held back."""

import logging
import re
from collections import deque

_SECRET = re.compile(r"seed|secret|private|passphrase|token|words|mnemonic|root|nonce")
_LONGEST_FACT = 200
_LONGEST_LINE = 4000  # a traceback
_KEPT_LINES = 500


def logger(area: str) -> logging.Logger:
    """The logger of one area, below the program's own root so that libraries' logs stay apart."""
    return logging.getLogger(f"wzp.{area}")


def event(log: logging.Logger, name: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Writes `name key=value …`; `name` is `area:what_happened`."""
    if log.isEnabledFor(level):
        log.log(level, "%s%s", name, "".join(f" {key}={_shown(key, value)}" for key, value in facts.items()))


def _shown(key: str, value: object) -> str:
    if _SECRET.search(key):
        return "<hidden>"
    text = str(value)
    text = text if len(text) <= _LONGEST_FACT else text[:_LONGEST_FACT] + "…"
    return repr(text) if re.search(r"[\s\x00-\x1f\x7f]", text) else text


class RecentLines(logging.Handler):
    """Keeps the last lines in memory, for a report of a fault."""

    def __init__(self, kept: int = _KEPT_LINES) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self._lines = deque[str](maxlen=kept)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.append(self.format(record)[:_LONGEST_LINE])
        except Exception:  # as all handlers: a line that cannot be written stops nothing
            self.handleError(record)

    def lines(self) -> tuple[str, ...]:
        self.acquire()  # loggers of all threads write here
        try:
            return tuple(self._lines)
        finally:
            self.release()


def recent_lines() -> tuple[str, ...]:
    """What a `RecentLines` on the root logger has kept; nothing without one."""
    kept = (each.lines() for each in logging.getLogger().handlers if isinstance(each, RecentLines))
    return next(kept, ())
