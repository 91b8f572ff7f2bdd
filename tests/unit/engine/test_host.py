"""The engine's thread."""

import asyncio
import threading

from wzp_core.engine.commands import Command, DismissNotice, HangUp
from wzp_core.engine.host import EngineHost


class Engine:
    """As much of an engine as the host sees."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.got: list[Command] = []
        self.came = threading.Event()
        self.ended = threading.Event()
        self.thread = ""

    def submit(self, command: Command) -> None:
        self.thread = threading.current_thread().name
        self.got.append(command)
        self.came.set()

    async def run(self) -> None:
        try:
            if self.fails:
                raise ValueError
            await asyncio.Event().wait()
        finally:
            self.ended.set()


def test_commands_arrive_on_the_engines_thread_and_the_block_ends_it() -> None:
    engine = Engine()
    with EngineHost(lambda: engine, lambda failure: None) as host:  # type: ignore[arg-type, return-value]
        host.post(HangUp())
        assert engine.came.wait(5)
    assert (engine.got, engine.thread) == ([HangUp()], "engine")
    assert engine.ended.is_set()
    host.post(DismissNotice())
    assert engine.got == [HangUp()]


def test_a_failure_is_reported_and_leaves_no_thread() -> None:
    failures: list[BaseException] = []
    reported = threading.Event()

    def report(failure: BaseException) -> None:
        failures.append(failure)
        reported.set()

    with EngineHost(lambda: Engine(fails=True), report):  # type: ignore[arg-type, return-value]
        assert reported.wait(5)
    assert isinstance(failures[0], ValueError)
    assert not any(thread.name == "engine" for thread in threading.enumerate())
