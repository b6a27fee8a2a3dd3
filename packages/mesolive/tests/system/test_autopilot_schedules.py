"""The autopilot obeys schedules: it acts at scheduled times, anew at each of them, once at each of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mesolive_sdk import models
from mesolive_sdk.automation import Autopilot, Memory, Notice, TaskKind, TaskState
from mesolive_testkit.signals import Json, Stage, leg, short_put, stage

HALF_PAST = datetime(2024, 3, 11, 19, 30, tzinfo=UTC)
"""15:30 in New York, half an hour before the close."""
DAILY: Json = {"BeforeMarketCloseMinutes": 30, "Every": "day"}
EVERY_FIVE: Json = {"AfterMarketOpenMinutes": 30, "Every": "5min"}
ONE: Json = {"Concurrency": {"MaxPositionsInFlight": 1}, "ReentryDays": 1}


@pytest.fixture
async def play(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with stage(tmp_path) as server:
        yield server


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "memory.sqlite3"


async def pilot_of(play: Stage, memory: Memory, **options: Any) -> Autopilot:
    return Autopilot(play.kit.control, await play.kit.events(), memory, now=play.market.clock.now, **options)


async def live(play: Stage, pilot: Autopilot, start: datetime, minutes: range, **spot: Any) -> None:
    """Evaluate and act at each of these minutes after `start`."""
    for minute in minutes:
        await play.market.at(start + timedelta(minutes=minute), **spot)
        await play.evaluate()
        await pilot.catch_up()


async def trades(play: Stage) -> list[tuple[str, str, int]]:
    """Return what was traded: when, in New York's time, which leg, how many."""
    page = await play.kit.control.list_executions(models.ListExecutionsArgs())
    return [
        (f"{execution.ExecutedAt - timedelta(hours=4):%d %H:%M}", execution.LegName, int(execution.Qty))
        for execution in page.Executions
    ]


async def test_exits_and_adjustments_wait_for_their_scheduled_times(play: Stage, memory: Path) -> None:
    rules = {"Schedule": EVERY_FIVE, "ConditionalAdjustments": {"leg_p_strike == 4800": MOVE}}
    leaving = {"Schedule": DAILY, "Conditions": ["underlying_price < 4900"]}
    await play.strategy(short_put(Entry={**ONE, "Schedule": EVERY_FIVE}, Adjustment=rules, Exit=leaving))
    with Memory(memory) as remembered:
        pilot = await pilot_of(play, remembered)
        await live(play, pilot, HALF_PAST, range(-15, -8))
        await live(play, pilot, HALF_PAST, range(-8, 6), spot=4850)
    assert await trades(play) == [
        ("11 15:15", "p", -1),
        ("11 15:20", "p", 1),
        ("11 15:20", "p", -1),
        ("11 15:30", "p", 1),
    ]


async def test_watching_continuously_is_an_option(play: Stage, memory: Path) -> None:
    leaving = {"Schedule": DAILY, "Conditions": ["underlying_price < 4900"]}
    await play.strategy(short_put(Entry={**ONE, "Schedule": EVERY_FIVE}, Exit=leaving))
    with Memory(memory) as remembered:
        pilot = await pilot_of(play, remembered, ignore_schedules=True)
        await live(play, pilot, HALF_PAST, range(-15, -12))
        await live(play, pilot, HALF_PAST, range(-12, -10), spot=4850)
    assert await trades(play) == [("11 15:15", "p", -1), ("11 15:18", "p", 1)]


MOVE: Json = {"MoveLegAdjustment": {"LegName": "p", "StrikeSelector": {"StrikePrice": "leg_p_strike - 100"}}}


async def test_an_aborted_entry_and_one_without_a_strike_are_tried_at_every_scheduled_time(
    play: Stage, memory: Path
) -> None:
    aborted = short_put(Entry={**ONE, "Schedule": EVERY_FIVE, "AbortConditions": ["minutes_before_close > 20"]})
    structure = aborted["Structure"] | {"Legs": [leg("p", -1, Delta=16, Max="minutes_before_close < 25 and 40 or 1")]}
    structure["Legs"][0]["StrikeSelector"]["Min"] = "minutes_before_close < 25 and 10 or 0.9"
    await play.strategy(aborted)
    await play.strategy(short_put(Structure=structure, Entry={**ONE, "Schedule": EVERY_FIVE}))
    with Memory(memory) as remembered:
        pilot = await pilot_of(play, remembered)
        await live(play, pilot, HALF_PAST, range(-5, 20))
        states = [task.state for task in remembered.tasks()]
    assert [moment for moment, _, _ in await trades(play)] == ["11 15:40", "11 15:40"]
    assert states.count(TaskState.DONE) == 2
    assert states.count(TaskState.SKIPPED) == 6, "one for each scheduled time before, and none in between"


async def test_legs_whose_abort_condition_holds_are_added_when_it_does_not_any_more(play: Stage, memory: Path) -> None:
    adding = {"Legs": [leg("h", 1, StrikePrice=4600)], "AbortConditions": ["minutes_before_close > 20"]}
    rules = {"open_trades_cnt == 1": {"AddLegsAdjustment": adding}}
    schedules = {"Schedule": EVERY_FIVE}
    await play.strategy(
        short_put(Entry={**ONE, **schedules}, Adjustment={**schedules, "ConditionalAdjustments": rules})
    )
    with Memory(memory) as remembered:
        await live(play, await pilot_of(play, remembered), HALF_PAST, range(-5, 20))
    assert await trades(play) == [("11 15:25", "p", -1), ("11 15:40", "h", 1)]


async def test_what_always_holds_is_carried_out_at_each_scheduled_time(play: Stage, memory: Path) -> None:
    rules = {"Schedule": DAILY, "ConditionalAdjustments": {"pos_pnl > -1000000": MOVE}}
    await play.strategy(short_put(Entry={**ONE, "Schedule": EVERY_FIVE}, Adjustment=rules))
    with Memory(memory) as remembered:
        pilot = await pilot_of(play, remembered)
        for day in range(3):
            await live(play, pilot, HALF_PAST + timedelta(days=day), range(-5, 7, 3))
    opened = [moment for moment, _, qty in await trades(play) if qty < 0]
    assert opened == ["11 15:25", "11 15:31", "12 15:31", "13 15:31"]


async def test_the_adjustment_after_the_last_allowed_one_closes_the_position_and_ends_the_task(
    play: Stage, memory: Path
) -> None:
    both = {**MOVE, "AddLegsAdjustment": {"Legs": [leg("h", 1, StrikePrice=4600)]}}
    conditional = {
        "open_trades_cnt == 1": both,
        "open_trades_cnt == 2": {"RemoveLegsAdjustment": {"LegNames": ["h"]}, **MOVE},
    }
    rules = {"Schedule": DAILY, "MaxAdjustmentCount": 1, "ConditionalAdjustments": conditional}
    await play.strategy(short_put(Entry={**ONE, "Schedule": EVERY_FIVE}, Adjustment=rules))
    with Memory(memory) as remembered:
        pilot = await pilot_of(play, remembered)
        for day in range(2):
            await live(play, pilot, HALF_PAST + timedelta(days=day), range(-1, 2))
        states = {task.kind.value: task.state for task in remembered.tasks()}
    assert states == {"entry": TaskState.DONE, "adjustment": TaskState.DONE}
    (position,) = (await play.kit.control.list_positions(models.ListPositionsArgs())).Positions
    assert position.State is models.LivePositionState.Closed


async def test_a_scheduled_time_is_acted_on_once_also_by_an_autopilot_that_was_started_again(
    play: Stage, memory: Path
) -> None:
    rules = {"Schedule": DAILY, "ConditionalAdjustments": {"pos_pnl > -1000000": MOVE}}
    await play.strategy(short_put(Entry={**ONE, "Schedule": EVERY_FIVE}, Adjustment=rules))
    for minutes in (range(-5, 1), range(1, 3), range(3, 8)):
        with Memory(memory) as remembered:
            await live(play, await pilot_of(play, remembered), HALF_PAST, minutes)
    assert len(await trades(play)) == 3


async def test_a_scheduled_time_that_was_missed_is_not_made_up_for(play: Stage, memory: Path) -> None:
    leaving = {"Schedule": DAILY, "Conditions": ["underlying_price < 4900"]}
    await play.strategy(short_put(Entry={**ONE, "Schedule": EVERY_FIVE}, Exit=leaving))
    with Memory(memory) as remembered:
        pilot = await pilot_of(play, remembered)
        await live(play, pilot, HALF_PAST, range(-5, -3))
        for minute in range(-3, 8):
            await play.market.at(HALF_PAST + timedelta(minutes=minute), spot=4850)
            await play.evaluate()
        await pilot.catch_up()
        last = remembered.tasks()[-1]
        assert (last.state, "is over: the next one counts" in (last.note or "")) == (TaskState.SKIPPED, True)
        assert len(await trades(play)) == 1
        await live(play, pilot, HALF_PAST + timedelta(days=1), range(-1, 1), spot=4850)
    assert (await trades(play))[-1] == ("12 15:30", "p", 1)


async def test_signals_repeated_while_the_autopilot_was_away_are_reported_in_one_line(
    play: Stage, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesolive_sdk.automation.log.PAGE", 1)  # events that one page holds
    leaving = {"Schedule": EVERY_FIVE, "Conditions": ["underlying_price < 4900"]}
    await play.strategy(short_put(Entry={**ONE, "Schedule": EVERY_FIVE}, Exit=leaving))
    notices: list[Notice] = []
    with Memory(memory) as remembered:
        pilot = await pilot_of(play, remembered, listener=notices.append)
        await live(play, pilot, HALF_PAST, range(-30, -29))
        for minute in range(-25, 1):
            await play.market.at(HALF_PAST + timedelta(minutes=minute), spot=4850)
            await play.evaluate()
        notices.clear()
        await pilot.catch_up()
        states = [task.state for task in remembered.tasks() if task.kind is TaskKind.EXIT]
    assert states == [*[TaskState.SKIPPED] * 5, TaskState.DONE]
    skipped = [notice for notice in notices if notice.details.get("State") == "skipped"]
    assert [notice.text for notice in skipped] == ["skipped 5 signals (the same is being acted on already)"]
    assert skipped[0].values["Signals"] == 5
    assert [moment for moment, _, qty in await trades(play) if qty == 1] == ["11 15:30"]


async def test_without_a_schedule_a_failed_task_is_tried_again_while_its_signal_is_active(
    play: Stage, memory: Path
) -> None:
    await play.strategy(short_put(Entry={**ONE, "AbortConditions": ["minutes_before_close > 20"]}))
    with Memory(memory) as remembered:
        pilot = await pilot_of(play, remembered)
        await live(play, pilot, HALF_PAST, range(14))
        states = [task.state for task in remembered.tasks()]
    assert [moment for moment, _, _ in await trades(play)] == ["11 15:40"]
    assert states == [TaskState.SKIPPED, TaskState.SKIPPED, TaskState.DONE]


async def test_a_leg_is_removed_as_version_2_writes_it(play: Stage, memory: Path) -> None:
    removing = {"minutes_before_close == 25": {"RemoveLegAdjustment": {"LegName": "c"}}}
    written: Json = short_put()["Structure"]
    structure = {**written, "Legs": [*written["Legs"], leg("c", -1, "Call", StrikePrice=5200)]}
    old = short_put(
        MesoSimVersion="2.11.70",
        SimSettings={"LegSelectionConstraint": "None"},
        Structure=structure,
        Entry={**ONE, "Schedule": EVERY_FIVE},
        Adjustment={"Schedule": EVERY_FIVE, "ConditionalAdjustments": removing},
    )
    await play.strategy(old)
    with Memory(memory) as remembered:
        await live(play, await pilot_of(play, remembered), HALF_PAST, range(7))
    assert await trades(play) == [("11 15:30", "p", -1), ("11 15:30", "c", -1), ("11 15:35", "c", 1)]
