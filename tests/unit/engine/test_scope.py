"""Tasks end with the block that started them."""

import asyncio

import pytest

from wzp_core.engine.scope import task_scope
from wzp_core.errors import ErrorCode, RemoteViolation


async def test_children_end_with_the_body() -> None:
    async with task_scope() as tasks:
        child = tasks.create_task(asyncio.Event().wait(), name="for ever")
    assert child.cancelled()


async def test_a_failing_child_ends_the_body() -> None:
    async def fail() -> None:
        raise ValueError

    async def body() -> None:
        async with task_scope() as tasks:
            tasks.create_task(fail(), name="fails")
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as group:
        await body()
    assert group.group_contains(ValueError)


async def test_a_failure_of_the_body_leaves_as_it_is() -> None:
    async def body() -> None:
        async with task_scope() as tasks:
            tasks.create_task(asyncio.Event().wait(), name="for ever")
            raise RemoteViolation(ErrorCode.BAD_SIGNATURE)

    with pytest.raises(RemoteViolation):
        await body()
