"""An event loop whose clock jumps to the next timer, so that minutes of simulated calls take seconds."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

START_S = 1000.0


class Stuck(AssertionError):
    """Nothing can ever happen again: every task waits and no timer is set."""


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = START_S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise Stuck
        self.now += max(0.0, timeout)
        return []


class SimLoop(asyncio.SelectorEventLoop):
    """Work for threads runs in line: it takes no simulated time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def run_simulated(main: Callable[[], Any]) -> Any:
    """Runs `main()` to its end on simulated time; raises Stuck where it would wait for ever."""
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        return runner.run(main())
