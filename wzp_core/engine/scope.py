"""The one way to own tasks: they end with the block that started them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from wzp_core.errors import WzpError


class TaskScope:
    """Starts tasks; made by `task_scope` only."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: set[asyncio.Task[Any]] = set()

    def create_task(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cancel_all(self) -> None:
        for task in list(self._tasks):
            task.cancel()


@asynccontextmanager
async def task_scope() -> AsyncIterator[TaskScope]:
    """A TaskGroup whose children are cancelled when the body ends; a child's failure ends the body.

    A WzpError of the body itself leaves as it is and not in a group, so that it can be caught by kind.
    """
    failure: WzpError | None = None
    async with asyncio.TaskGroup() as group:
        scope = TaskScope(group)
        try:
            yield scope
        except WzpError as error:
            failure = error
        finally:
            scope.cancel_all()
    if failure is not None:
        raise failure
