import logging
from collections.abc import Iterator

import pytest

from relay.observe import log_flood
from relay.observe.log_flood import FloodFilter
from wzp_core.logs import event, logger


class Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler = Heard()
    handler.addFilter(FloodFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(log_flood.time, "monotonic", lambda: now[0])
    return now


def test_lines_of_one_kind_are_held_back_and_counted_and_others_are_not(heard: Heard, clock: list[float]) -> None:
    log = logger("relay")
    for number in range(1000):
        event(log, "relay:signal_refused", level=logging.WARNING, number=number)
    event(log, "relay:other", level=logging.WARNING)
    assert len(heard.lines) == 101
    assert heard.lines[-1] == "relay:other"
    clock[0] = 1.0
    event(log, "relay:signal_refused", level=logging.WARNING, number=1000)
    assert heard.lines[-1] == "relay:signal_refused number=1000 (and 900 like it)"


def test_kinds_that_strangers_make_up_do_not_grow_its_memory(heard: Heard, clock: list[float]) -> None:
    log = logger("relay")
    for number in range(5000):
        log.warning(f"made up {number}")
    assert len(heard.lines) == 1000 + 100
