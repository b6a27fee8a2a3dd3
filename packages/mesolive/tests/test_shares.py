"""Fair shares: one user's flood makes others wait for one turn at most, and what lowers risk waits for nobody."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.shares import ORDERS_FACTOR, URGENT, CallShares, CountedShares, FairTurns, Lane


async def loop_turns(number: int = 20) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def served(arrivals: list[tuple[str, bool]], number: int = 1) -> list[str]:
    """Return in what order users that arrive while all turns are taken have theirs."""
    turns, order = FairTurns(number), list[str]()
    for _ in range(number):
        await turns.acquire("first")

    async def work(user: str, urgent: bool) -> None:
        URGENT.set(urgent)
        await turns.acquire(user)
        order.append(user)
        await asyncio.sleep(0)
        turns.release()

    tasks = [asyncio.create_task(work(user, urgent)) for user, urgent in arrivals]
    await loop_turns(2)
    for _ in range(number):
        turns.release()
    await asyncio.gather(*tasks)
    return order


async def test_a_user_who_comes_after_a_flood_of_another_waits_for_one_turn() -> None:
    order = await served([("flood", False)] * 300 + [("ann", False), ("bob", False)])
    assert order[:4] == ["flood", "ann", "bob", "flood"]


async def test_urgent_calls_go_before_all_waiting_calls() -> None:
    order = await served([("flood", False)] * 300 + [("ann", False), ("bob", True), ("flood", True)])
    assert order[:2] == ["bob", "flood"]


@given(st.lists(st.sampled_from("abcd"), max_size=40), st.integers(1, 3))
def test_every_user_is_served_once_and_none_waits_for_two_turns_of_another(users: list[str], number: int) -> None:
    order = asyncio.run(served([(user, False) for user in users], number))
    assert Counter(order) == Counter(users)
    left = Counter(users)
    last: dict[str, int] = {}
    for place, user in enumerate(order):
        between = Counter(order[last.get(user, -1) + 1 : place])
        assert all(count <= 1 for other, count in between.items() if left[user] > 0 and other != user)
        left[user] -= 1
        last[user] = place


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=30))
def test_a_waiter_that_is_cancelled_takes_no_turn_with_it(waiters: list[tuple[str, bool]]) -> None:
    async def play() -> None:
        turns = FairTurns(1)
        await turns.acquire("holder")

        async def work(user: str) -> None:
            await turns.acquire(user)
            turns.release()

        tasks = [asyncio.create_task(work(user)) for user, _ in waiters]
        await loop_turns(2)
        for task, (_, cancelled) in zip(tasks, waiters, strict=True):
            if cancelled:
                task.cancel()
        turns.release()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
        await asyncio.wait_for(turns.acquire("next"), 60)

    asyncio.run(play())


async def test_one_users_calls_are_bounded_over_all_connections_and_others_are_not_counted() -> None:
    shares, running, most = CallShares(4), Counter[str](), Counter[str]()
    go = asyncio.Event()

    async def call(user: str) -> None:
        async with shares.turn(user, Lane.COMMON):
            running[user] += 1
            most[user] = max(most[user], running[user])
            await go.wait()
            running[user] -= 1

    calls = [asyncio.create_task(call("flood")) for _ in range(320)]
    await loop_turns()
    other = asyncio.create_task(call("ann"))
    await loop_turns()
    assert (running["flood"], running["ann"]) == (4, 1)
    go.set()
    await asyncio.gather(*calls, other)
    assert most["flood"] == 4
    assert shares.present == 0


async def test_orders_have_more_turns_because_one_commit_stores_many() -> None:
    shares, running, go = CallShares(2), Counter[Lane](), asyncio.Event()

    async def call(lane: Lane) -> None:
        async with shares.turn("ann", lane):
            running[lane] += 1
            await go.wait()

    calls = [asyncio.create_task(call(lane)) for lane in Lane for _ in range(50)]
    await loop_turns()
    assert running == {Lane.COMMON: 2, Lane.RISK: 2, Lane.ORDERS: 2 * ORDERS_FACTOR}
    go.set()
    await asyncio.gather(*calls)


async def test_a_cancel_does_not_wait_for_the_users_own_flood_and_is_urgent_below() -> None:
    shares, go = CallShares(2), asyncio.Event()

    async def common() -> None:
        async with shares.turn("ann", Lane.COMMON):
            await go.wait()

    calls = [asyncio.create_task(common()) for _ in range(100)]
    await loop_turns()
    async with shares.turn("ann", Lane.RISK):
        assert URGENT.get()
        assert await asyncio.create_task(_urgent()), "the tasks that it starts are urgent too"
    assert not URGENT.get()
    go.set()
    await asyncio.gather(*calls)


async def _urgent() -> bool:
    return URGENT.get()


def test_open_slots_of_a_user_are_counted_until_released() -> None:
    shares = CountedShares(2)
    assert [shares.take("ann") for _ in range(3)] == [True, True, False]
    assert shares.take("bob")
    shares.give_back("ann")
    assert shares.take("ann")


@pytest.mark.parametrize("lane", list(Lane))
async def test_a_call_that_fails_gives_its_turn_back(lane: Lane) -> None:
    shares = CallShares(1)
    for _ in range(3):
        with pytest.raises(LookupError):
            async with shares.turn("ann", lane):
                raise LookupError
    assert shares.present == 0
