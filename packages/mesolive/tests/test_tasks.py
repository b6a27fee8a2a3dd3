"""Background tasks: every one has an owner, a failure is counted and retried, and a stop has a deadline."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import mesolive
from mesolive.clock import ManualClock
from mesolive.tasks import BackOff, TaskRegistry, Tasks, Turns, until_first

START = datetime(2000, 1, 1, tzinfo=UTC)
RETRY = BackOff(first=1.0, longest=4.0)


@pytest.fixture
def pace() -> ManualClock:
    return ManualClock(START)


async def turn_of_the_loop() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_pauses_double_up_to_the_longest() -> None:
    assert list(islice(RETRY.pauses(), 5)) == [1.0, 2.0, 4.0, 4.0, 4.0]


async def test_a_loop_that_fails_is_logged_counted_and_started_again_after_growing_pauses(pace: ManualClock) -> None:
    tasks, begun = Tasks(pace), list[float]()

    async def run(_turns: Turns) -> None:
        begun.append((pace.now() - START).total_seconds())
        raise ValueError("an infinite ask")

    with capture_logs() as logs:
        tasks.start_loop("venue", run, back_off=RETRY)
        await turn_of_the_loop()
        await pace.advance(12)
    await tasks.stop()
    assert begun == [0, 1, 3, 7, 11]
    assert [line["event"] for line in logs[:2]] == ["task_failed", "task_restarted"]
    assert logs[0]["task"] == "venue"


async def test_the_state_of_a_failed_loop_names_the_error_and_its_age_but_not_its_text(pace: ManualClock) -> None:
    tasks = Tasks(pace)

    async def run(_turns: Turns) -> None:
        raise ValueError("account 4711")

    tasks.start_loop("venue", run, back_off=BackOff(60, 60))
    await turn_of_the_loop()
    await pace.advance(5)
    (state,) = tasks.states()
    assert (state.name, state.running, state.failures, state.error, state.failure_age) == (
        "venue",
        0,
        1,
        "ValueError",
        5,
    )
    await tasks.stop()


async def test_a_loop_that_returns_though_it_should_not_is_started_again(pace: ManualClock) -> None:
    tasks, begun = Tasks(pace), list[int]()

    async def run(_turns: Turns) -> None:
        begun.append(1)

    tasks.start_loop("venue", run, back_off=RETRY)
    await turn_of_the_loop()
    await pace.advance(1)
    (state,) = tasks.states()
    assert len(begun) == 2
    assert state.error == "returned"
    await tasks.stop()


async def test_a_loop_that_may_return_has_ended_and_has_not_failed(pace: ManualClock) -> None:
    tasks = Tasks(pace)

    async def run(turns: Turns) -> None:
        turns.turned()

    tasks.start_loop("recording", run, may_return=True)
    await turn_of_the_loop()
    (state,) = tasks.states()
    assert (state.ended, state.running, state.failures) == (True, 0, 0)
    await tasks.stop()


async def test_after_a_turn_that_succeeded_the_pauses_begin_anew(pace: ManualClock) -> None:
    tasks, begun = Tasks(pace), list[float]()

    async def run(turns: Turns) -> None:
        begun.append((pace.now() - START).total_seconds())
        if len(begun) == 3:
            turns.turned()
        raise ValueError

    tasks.start_loop("venue", run, back_off=RETRY)
    await turn_of_the_loop()
    await pace.advance(4)
    assert begun == [0, 1, 3, 4]
    await tasks.stop()


async def test_a_periodic_turn_that_fails_is_repeated_after_the_back_off_and_not_after_the_period(
    pace: ManualClock,
) -> None:
    tasks, turns = Tasks(pace), list[float]()

    async def turn() -> None:
        turns.append((pace.now() - START).total_seconds())
        if len(turns) == 1:
            raise OSError

    tasks.start_periodic("retention", turn, 3600, back_off=BackOff(60, 3600))
    await turn_of_the_loop()
    await pace.advance(8000)
    assert turns == [3600, 3660, 7260]
    await tasks.stop()


async def test_a_loop_without_a_turn_for_longer_than_its_limit_is_stuck(pace: ManualClock) -> None:
    tasks = Tasks(pace)

    async def run(turns: Turns) -> None:
        turns.turned()
        await asyncio.Event().wait()

    tasks.start_loop("keys", run, turn_limit=60)
    await turn_of_the_loop()
    await pace.advance(60)
    assert not tasks.states()[0].stuck
    await pace.advance(1)
    assert tasks.states()[0].stuck
    await tasks.stop()


async def test_a_stop_names_the_tasks_that_do_not_end_in_time_and_returns(pace: ManualClock) -> None:
    tasks, released = Tasks(pace), asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    task = tasks.spawn("commit", stubborn(), detail=7)
    await turn_of_the_loop()
    with capture_logs() as logs:
        await tasks.stop(seconds=0)
    assert [(line["event"], line["tasks"]) for line in logs] == [("tasks_not_stopped", ["commit 7"])]
    released.set()
    await task


async def test_an_error_of_a_spawned_task_is_logged_once_unless_its_caller_expects_it(pace: ManualClock) -> None:
    tasks = Tasks(pace)

    async def fail() -> None:
        raise LookupError

    with capture_logs() as logs:
        for expected in ((), LookupError):
            with pytest.raises(LookupError):
                await tasks.spawn("order", fail(), expected=expected)
    assert [line["event"] for line in logs] == ["task_failed"]
    (state,) = tasks.states()
    assert (state.turns, state.failures, state.running) == (1, 1, 0)


async def test_join_waits_for_spawned_tasks_and_for_those_that_they_spawn(pace: ManualClock) -> None:
    tasks, done = Tasks(pace), list[str]()

    async def second() -> None:
        await asyncio.sleep(0)
        done.append("second")

    async def first() -> None:
        tasks.spawn("work", second())
        done.append("first")

    tasks.spawn("work", first())
    await tasks.join()
    assert done == ["first", "second"]


async def test_the_first_to_end_decides_and_the_others_are_cancelled() -> None:
    cancelled = list[bool]()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError

    with pytest.raises(LookupError):
        await until_first(wait(), fail())
    assert cancelled == [True]


async def test_the_registry_tells_apart_tasks_of_the_same_name(pace: ManualClock) -> None:
    class Part:
        def __init__(self) -> None:
            self.tasks = Tasks(pace)

    async def wait(_turns: Turns) -> None:
        await asyncio.Event().wait()

    parts, registry = [Part(), Part()], TaskRegistry()
    registry.watch(*parts, object())
    for part in parts:
        part.tasks.start_loop("orders", wait)
    await turn_of_the_loop()
    assert list(registry.states()) == ["orders", "orders 2"]
    for part in parts:
        await part.tasks.stop()


def test_tasks_are_created_by_the_owner_of_the_server_and_by_that_of_the_client_alone() -> None:
    source = Path(mesolive.__file__).parent
    creating = [
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        # A TaskGroup owns its tasks: it waits for them, ends them together and raises their errors.
        if re.search(r"(?<!\bgroup\.)\b(create_task|ensure_future)\(", path.read_text(encoding="utf-8"))
    ]
    assert sorted(creating) == ["tasks.py", "tastytrade_client/tasks.py"]  # the client may not import the server
