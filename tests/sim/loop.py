"""An event loop whose clock jumps to the next timer, so that minutes of simulated calls take seconds."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

START_S = 1000.0
_MOST_TURNS = 1000  # at one moment: from then on time creeps, since QUIC's loss timer rounds and sets itself again
_CREEP_S = 1e-6
_HOPELESS_TURNS = 200_000


class Stuck(AssertionError):
    """Nothing can ever happen again: every task waits and no timer is set, or one sets itself again for ever."""


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = START_S
        self.turns = 0
        self.due: Callable[[], Any] = lambda: ""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise Stuck
        self.turns = 0 if timeout > 0 else self.turns + 1
        if self.turns > _HOPELESS_TURNS:
            raise Stuck(f"spins at {self.now}: {self.due()}")
        self.now += timeout if timeout > 0 else _CREEP_S * (self.turns > _MOST_TURNS)
        return []


class SimLoop(asyncio.SelectorEventLoop):
    """Work for threads runs in line: it takes no simulated time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._jumping.due = lambda: [*self._ready, *self._scheduled[:3]]
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
