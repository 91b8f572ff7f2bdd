"""A thread with its own loop for the engine, so that a busy user interface never delays sound."""

import asyncio
import gc
import sys
import threading
from collections.abc import Callable
from types import TracebackType

from wzp_core.engine.commands import Command
from wzp_core.engine.engine import Engine

# CPython hands the interpreter lock over this often; the default of 5 ms is a quarter of a frame.
_SWITCH_INTERVAL_S = 0.0005
_STOP_LIMIT_S = 5.0


def keep_pace() -> None:
    """Once everything is loaded: keeps the interpreter from holding sound up."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.freeze()  # modules live for ever: walking through them takes longer than a frame


class EngineHost:
    """`with EngineHost(make_engine) as host:` runs the engine until the block ends."""

    def __init__(self, make_engine: Callable[[], Engine], on_failure: Callable[[BaseException], None]) -> None:
        self._make_engine, self._on_failure = make_engine, on_failure
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._engine: Engine | None = None

    def __enter__(self) -> "EngineHost":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._call_soon(self._task.cancel)
        self._thread.join(_STOP_LIMIT_S)

    def post(self, command: Command) -> None:
        """From any thread; a command after the end is dropped."""
        if self._engine is not None:
            self._call_soon(self._engine.submit, command)

    def _call_soon(self, function: Callable[..., object], *args: object) -> None:
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(function, *args)
            except RuntimeError:  # the loop has just closed
                return

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except asyncio.CancelledError:
            return
        except BaseException as failure:
            self._on_failure(failure)
        finally:
            self._ready.set()

    async def _run(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._engine = self._make_engine()
        keep_pace()
        self._ready.set()
        await self._engine.run()
