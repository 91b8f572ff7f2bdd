"""What a command prints: JSON lines for scripts or sentences for people; and the exit codes."""

import json
import sys
from enum import IntEnum
from typing import Any

from wzp_core.session.state import EndReason


class Exit(IntEnum):
    """The command-line contract's exit codes."""

    OK = 0
    USAGE = 2
    CANNOT_REACH = 3
    REFUSED = 4
    NO_ANSWER = 5
    SECURITY = 6
    LOST = 7


EXIT_OF_END = {
    EndReason.HUNG_UP: Exit.OK,
    EndReason.PEER_HUNG_UP: Exit.OK,
    EndReason.DECLINED: Exit.REFUSED,
    EndReason.BUSY: Exit.REFUSED,
    EndReason.NO_ANSWER: Exit.NO_ANSWER,
    EndReason.UNREACHABLE: Exit.CANNOT_REACH,
    EndReason.LOST: Exit.LOST,
    EndReason.NOT_PROTECTED: Exit.REFUSED,
    EndReason.SECURITY: Exit.SECURITY,
    EndReason.FAILED: Exit.CANNOT_REACH,
}


class Output:
    """Writes events as they happen; logs go to stderr, never here."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def event(self, name: str, **facts: Any) -> None:
        if self._as_json:
            print(json.dumps({"event": name, **facts}), flush=True)
        else:
            shown = "  ".join(f"{key}: {_words(value)}" for key, value in facts.items() if value not in (None, ""))
            print(f"{name.replace('_', ' ')}  {shown}".rstrip(), flush=True)

    def summary(self, **facts: Any) -> None:
        """What it came to: the last event; for people a line per fact."""
        if self._as_json:
            self.event("summary", **facts)
        else:
            self.record(facts)

    def figures(self, name: str, **facts: Any) -> None:
        """An event for scripts only: too many for people."""
        if self._as_json:
            self.event(name, **facts)

    def record(self, facts: dict[str, Any]) -> None:
        """One answer that is not an event."""
        if self._as_json:
            print(json.dumps(facts), flush=True)
        else:
            for key, value in facts.items():
                print(f"{key.replace('_', ' ')}: {_words(value)}", flush=True)

    def text(self, words: str) -> None:
        """For people only."""
        if not self._as_json:
            print(words, flush=True)

    @staticmethod
    def error(words: str) -> None:
        print(words, file=sys.stderr, flush=True)


def _words(value: Any) -> str:
    """As people write lists, and what has several parts."""
    if isinstance(value, dict):
        return " ".join(f"{key.replace('_', ' ')} {part}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(" ".join(map(str, each.values())) if isinstance(each, dict) else str(each) for each in value)
    return "-" if value is None else str(value)
