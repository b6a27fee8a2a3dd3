"""The autopilot acts on each signal at most once, wherever it is killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from mesolive.clock import ManualClock
from mesolive.operations.retention import Retention, RetentionPeriods
from mesolive.store.tables.journal import event_counters
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.automation import Autopilot, LogRestoredError, Memory, TaskState
from mesolive_testkit.autopilot.mortal import Killed, Mortal
from mesolive_testkit.server import ACCOUNT
from mesolive_testkit.signals import Json, Stage, leg, short_put, stage


@pytest.fixture
async def play(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with stage(tmp_path) as server:
        yield server


class RealTime:
    """Market time that is the wall's: what is old by one clock is old by the other."""

    async def stamped_before(self, moment: datetime) -> datetime | None:
        return moment


async def autopilot(play: Stage, memory: Memory, **options: Any) -> Autopilot:
    return Autopilot(play.kit.control, await play.kit.events(), memory, **options)


async def held(play: Stage) -> list[models.LivePosition]:
    return (await play.kit.control.list_positions(models.ListPositionsArgs())).Positions


ONE: Json = {"Concurrency": {"MaxPositionsInFlight": 1}}


async def test_a_signal_becomes_a_position_and_then_nothing_more(play: Stage, tmp_path: Path) -> None:
    strategy = await play.strategy(short_put(Entry=ONE, Exit={"Conditions": ["underlying_price < 4900"]}))
    with Memory(tmp_path / "memory.sqlite3") as memory:
        pilot = await autopilot(play, memory)
        assert await pilot.catch_up() == []
        await play.evaluate()
        (task,) = await pilot.catch_up()
        assert (task.state, task.strategy_id) == (TaskState.DONE, strategy.Id)
        (position,) = await held(play)
        assert position.State is models.LivePositionState.Open
        await play.evaluate()
        assert await pilot.catch_up() == []
        play.market.move(4850)
        await play.evaluate()
        await pilot.catch_up()
        (position,) = await held(play)
        assert position.State is models.LivePositionState.Closed
        await play.evaluate()
        entry_again = await pilot.catch_up()
        assert [day.kind.value for day in entry_again] == ["entry"], "the strategy may enter again"


async def test_an_active_signal_is_acted_on_after_the_log_at_the_cursor_was_deleted(
    play: Stage, tmp_path: Path
) -> None:
    await play.strategy(short_put(Entry=ONE, Exit={"Conditions": ["underlying_price < 4900"]}))
    with Memory(tmp_path / "memory.sqlite3") as memory:
        pilot = await autopilot(play, memory)
        await play.evaluate()
        await pilot.catch_up()
        play.market.move(4850)
        await play.evaluate()
        much_later = ManualClock(play.market.clock.now() + timedelta(days=500))
        pruned = await Retention(
            play.kit.application.database, much_later, RetentionPeriods(), wall=much_later, course=RealTime()
        ).prune()
        assert pruned["events"] > 0
        (task,) = await pilot.catch_up()
        assert (task.kind.value, task.state) == ("exit", TaskState.DONE)
        (position,) = await held(play)
        assert position.State is models.LivePositionState.Closed


async def test_a_server_restored_to_an_earlier_state_is_not_traded_before_the_operator_agrees(
    play: Stage, tmp_path: Path
) -> None:
    await play.strategy(short_put(Entry=ONE, Exit={"Conditions": ["underlying_price < 4900"]}))
    with Memory(tmp_path / "memory.sqlite3") as memory:
        pilot = await autopilot(play, memory)
        await play.evaluate()
        await pilot.catch_up()
        await pilot.catch_up()
        read = memory.cursor
        async with play.kit.application.database.write() as tx:  # as a restore does
            await tx.execute(event_counters.update().values(latest_seq_id=read + 1_000_000))
        play.market.move(4850)
        await play.evaluate()
        with pytest.raises(LogRestoredError, match=f"from event {read} with event {read + 1_000_001}"):
            await pilot.catch_up()
        with pytest.raises(LogRestoredError):
            await pilot.run()
        (position,) = await held(play)
        assert position.State is models.LivePositionState.Open
        assert await pilot.accept_restored_log() == []
        (task,) = await pilot.catch_up()
        assert (task.kind.value, task.state) == ("exit", TaskState.DONE)


async def test_all_actions_of_an_adjustment_are_carried_out(play: Stage, tmp_path: Path) -> None:
    actions: Json = {
        "RemoveLegsAdjustment": {"LegNames": ["c"]},
        "MoveLegAdjustment": {"LegName": "p", "StrikeSelector": {"StrikePrice": "leg_p_strike - 100"}},
        "AddLegsAdjustment": {"Legs": [leg("hedge", 1, StrikePrice=4600)]},
        "UpdateVarsAdjustment": {"VarDefines": {"done": "1"}},
    }
    definition = short_put(
        Entry={**ONE, "VarDefines": {"done": "0"}},
        Adjustment={"ConditionalAdjustments": {"underlying_price < 4900 and done == 0": actions}},
    )
    definition["Structure"]["Legs"] = [leg("p", -1, StrikePrice=4800), leg("c", -1, "Call", StrikePrice=5200)]
    await play.strategy(definition)
    with Memory(tmp_path / "memory.sqlite3") as memory:
        pilot = await autopilot(play, memory)
        await play.evaluate()
        await pilot.catch_up()
        play.market.move(4850)
        await play.evaluate()
        await pilot.catch_up()
        assert [task.note for task in memory.tasks()] == [None, None]
        (position,) = await held(play)
        detail = await play.position(position.Id)
        assert {item.Name: int(item.Qty) for item in detail.Legs if item.ClosedAt is None} == {"p": -1, "hedge": 1}
        assert detail.Vars["done"] == 1
        await play.evaluate()
        assert await play.states(models.AdjustmentSignalEvent) == ["On", "Off"]


async def test_a_signal_that_ended_before_it_was_acted_on_is_ignored(play: Stage, tmp_path: Path) -> None:
    await play.strategy(short_put(Entry={"Conditions": ["underlying_price > 5050"]}))
    play.market.move(5100)
    await play.evaluate()
    play.market.move(5000)
    await play.evaluate()
    with Memory(tmp_path / "memory.sqlite3") as memory:
        assert await (await autopilot(play, memory)).catch_up() == []
        assert [task.state for task in memory.tasks()] == [TaskState.WITHDRAWN]
    assert await held(play) == []


async def test_an_entry_that_the_strategy_refuses_is_skipped(play: Stage, tmp_path: Path) -> None:
    await play.strategy(short_put(Entry={"AbortConditions": ["leg_p_price > 0"]}))
    await play.evaluate()
    with Memory(tmp_path / "memory.sqlite3") as memory:
        (task,) = await (await autopilot(play, memory)).catch_up()
    assert (task.state, task.note) == (TaskState.SKIPPED, "the strategy does not allow it")
    assert await held(play) == []


async def test_an_account_that_is_not_paper_is_never_traded(play: Stage, tmp_path: Path) -> None:
    owner = await play.kit.application.access.user("trader")
    await play.kit.application.accounts.create_simulated(owner, "SIM1000", Decimal(100_000))
    await play.kit.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=short_put(), ActiveOnAccounts=["SIM1000"])
    )
    await play.evaluate()
    with Memory(tmp_path / "memory.sqlite3") as memory:
        (task,) = await (await autopilot(play, memory)).catch_up()
    assert task.state is TaskState.SKIPPED
    assert "not a paper account" in (task.note or "")


async def test_other_strategies_and_accounts_are_not_traded(play: Stage, tmp_path: Path) -> None:
    first = await play.strategy(short_put())
    second = await play.strategy(short_put())
    await play.evaluate()
    with Memory(tmp_path / "one.sqlite3") as memory:
        tasks = await (await autopilot(play, memory, strategies=[second.Id])).catch_up()
        assert {task.strategy_id: task.state for task in tasks} == {
            first.Id: TaskState.SKIPPED,
            second.Id: TaskState.DONE,
        }
    with Memory(tmp_path / "two.sqlite3") as memory:
        tasks = await (await autopilot(play, memory, accounts=["ML9"], strategies=[first.Id])).catch_up()
        assert {task.state for task in tasks} == {TaskState.SKIPPED}
    assert ACCOUNT != "ML9"


async def test_the_autopilot_follows_announced_signals(play: Stage, tmp_path: Path) -> None:
    entered = asyncio.Event()
    listener = await play.kit.events()
    listener.on_position_update(lambda _event: entered.set())
    strategy = await play.strategy(short_put(Entry=ONE))
    await listener.subscribe_to_strategies(models.SubscribeToStrategiesArgs(Strategies=[strategy.Id]))
    with Memory(tmp_path / "memory.sqlite3") as memory:
        following = asyncio.create_task((await autopilot(play, memory)).run(poll_seconds=0.2))
        await play.evaluate()
        async with asyncio.timeout(60):
            await entered.wait()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    (position,) = await held(play)
    assert position.LiveStrategyId == strategy.Id


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_call_and_started_again_it_enters_and_leaves_once(
    play: Stage, tmp_path: Path, after: bool
) -> None:
    """Every call to the server and every change of its memory is once the last of a process."""
    last, survived = 0, False
    while not survived:
        last += 1
        play.market.move(5000)
        rules = {"Conditions": ["underlying_price < 4900"]}
        strategy = await play.strategy(short_put(Entry=ONE, Exit=rules, Settings=NOT_UNIQUE))
        await play.evaluate()
        survived = await lives(play, tmp_path, strategy.Id, last, after)
        play.market.move(4850)
        await play.evaluate()
        await lives(play, tmp_path, strategy.Id, last, after)
        own = [holding for holding in await held(play) if holding.LiveStrategyId == strategy.Id]
        assert [position.State.name for position in own] == ["Closed"], (
            f"killed {'after' if after else 'before'} call {last}"
        )
        await play.kit.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=strategy.Id))
    assert last > 5, "the loop was killed at several calls"


NOT_UNIQUE: Json = {"Core": {"LegSelectionConstraint": "None"}}


async def lives(play: Stage, folder: Path, strategy_id: int, last: int, after: bool) -> bool:
    """Run the autopilot until it is killed, then again; return whether it lived through."""
    file = folder / f"{strategy_id}.sqlite3"
    calls = [0]
    survived = True
    events = await play.kit.events()
    with Memory(file) as real:
        control = cast("MesoLiveControlHubClient", Mortal(play.kit.control, calls, last, after))
        memory = cast("Memory", Mortal(real, calls, last, after))
        try:
            await Autopilot(control, events, memory, strategies=[strategy_id]).catch_up()
        except Killed:
            survived = False
    with Memory(file) as real:
        await Autopilot(play.kit.control, events, real, strategies=[strategy_id]).catch_up()
    await events.stop()
    return survived
