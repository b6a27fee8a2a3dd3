"""Tasks of the client of tastytrade: they end with their owner, and no failure is lost."""

from __future__ import annotations

import asyncio

import pytest

from mesolive.tastytrade_client.tasks import SingleFlight, beside, until_first


async def forever() -> None:
    await asyncio.Event().wait()


async def fail(text: str) -> None:
    raise ValueError(text)


async def fail_when_cancelled(text: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise ValueError(text)


def others() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def test_the_first_end_cancels_the_others() -> None:
    await until_first(waiting=forever(), ending=asyncio.sleep(0))
    assert others() == set()


async def test_a_failure_during_the_cancellation_is_raised() -> None:
    with pytest.raises(ValueError, match="lost"):
        await until_first(connection=fail_when_cancelled("lost"), renewal=asyncio.sleep(0))


async def test_the_failure_of_the_task_named_first_counts_where_several_fail() -> None:
    with pytest.raises(ValueError, match="connection"):
        await until_first(connection=fail("connection"), renewal=fail("renewal"))


async def test_a_cancelled_caller_leaves_no_task() -> None:
    caller = asyncio.ensure_future(until_first(one=forever(), two=forever()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert {"tastytrade one", "tastytrade two"} <= others()
    caller.cancel()
    await asyncio.wait((caller,))
    assert others() == set()


async def test_work_beside_a_block_ends_with_the_block_and_its_failure_is_not_raised() -> None:
    async with beside("heartbeats", fail_when_cancelled("ignored")):
        await asyncio.sleep(0)
        assert others() == {"tastytrade heartbeats"}
    assert others() == set()


async def test_callers_share_one_request_and_a_cancelled_caller_does_not_end_it() -> None:
    requests, answered = 0, asyncio.Event()

    async def request() -> int:
        nonlocal requests
        requests += 1
        await answered.wait()
        return requests

    flight = SingleFlight("access token", request)
    first, second = asyncio.ensure_future(flight.answer()), asyncio.ensure_future(flight.answer())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait((first,))
    answered.set()
    assert await second == 1
    assert await flight.answer() == 2
