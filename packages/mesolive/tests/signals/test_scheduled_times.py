"""A scheduled time is considered once, by the first evaluation that can; what stays on is told anew at each of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mesolive_sdk import models
from mesolive_testkit.signals import Json, ScriptedMarket, Stage, on_both_databases, short_put, stage

HALF_PAST = datetime(2024, 3, 11, 19, 30, tzinfo=UTC)
"""15:30 in New York, half an hour before the close."""
DAILY: Json = {"BeforeMarketCloseMinutes": 30, "Every": "day"}
EVERY_FIVE: Json = {"AfterMarketOpenMinutes": 30, "Every": "5min"}
REMOVE: Json = {"RemoveLegsAdjustment": {"LegNames": ["p"]}}
BELOW = "underlying_price < 4900"


def leaving(schedule: Json) -> Json:
    return short_put(Exit={"Schedule": schedule, "Conditions": [BELOW]})


def adjusting(schedule: Json, condition: str = BELOW, action: Json = REMOVE) -> Json:
    rules = {"Schedule": schedule, "ConditionalAdjustments": {condition: action}}
    return short_put(Adjustment=rules, Entry={"VarDefines": {"runs": "0"}})


def updating(schedule: Json, condition: str = "true") -> Json:
    return adjusting(schedule, condition, {"UpdateVarsAdjustment": {"VarDefines": {"runs": "runs + 1"}}})


async def walk(play: Stage, start: datetime, minutes: range, **spot: Any) -> None:
    """Evaluate at each of these minutes after `start`."""
    for minute in minutes:
        await play.market.at(start + timedelta(minutes=minute), **spot)
        await play.evaluate()


async def reported(play: Stage, kind: type[Any]) -> list[tuple[str, str, bool]]:
    """Return when signals of a kind were told: New York's minute, the state, and whether a scheduled time had come."""
    collected: list[tuple[str, str, bool]] = []
    for event in await play.events(kind):
        match event:
            case models.ExitSignalEvent():
                due = event.ExitSignalResult is not None and event.ExitSignalResult.ScheduleOk
            case models.AdjustmentSignalEvent():
                due = event.AdjustmentTimeOk
            case _:
                due = event.EntrySignalResult is not None and event.EntrySignalResult.ScheduleOk
        local = event.EventTime - timedelta(hours=4)
        collected.append((f"{local:%d %H:%M}", event.State.name, due))
    return collected


@pytest.mark.parametrize(
    ("kind", "rules"), [(models.ExitSignalEvent, leaving), (models.AdjustmentSignalEvent, adjusting)]
)
@on_both_databases
async def test_an_active_signal_is_raised_again_at_each_of_its_scheduled_times(
    play: Stage, kind: type[Any], rules: Any
) -> None:
    await play.enter(rules(DAILY))
    play.market.move(4850)
    for day in range(2):
        await walk(play, HALF_PAST + timedelta(days=day), range(-3, 8))
    assert await reported(play, kind) == [("11 15:27", "On", False), ("11 15:30", "On", True), ("12 15:30", "On", True)]


@pytest.mark.parametrize(
    ("kind", "rules"), [(models.ExitSignalEvent, leaving), (models.AdjustmentSignalEvent, adjusting)]
)
@on_both_databases
async def test_what_begins_to_hold_between_scheduled_times_is_due_at_the_next(
    play: Stage, kind: type[Any], rules: Any
) -> None:
    await play.enter(rules(EVERY_FIVE))
    await walk(play, HALF_PAST, range(2))
    await walk(play, HALF_PAST, range(2, 11), spot=4850)
    await walk(play, HALF_PAST, range(11, 13), spot=5000)
    assert await reported(play, kind) == [
        ("11 15:32", "On", False),
        ("11 15:35", "On", True),
        ("11 15:40", "On", True),
        ("11 15:41", "Off", False),
    ]


@on_both_databases
async def test_an_entry_is_considered_at_its_scheduled_times_and_ends_at_once(play: Stage) -> None:
    await play.strategy(short_put(Entry={"Schedule": EVERY_FIVE, "Conditions": [BELOW]}))
    await walk(play, HALF_PAST, range(3))
    await walk(play, HALF_PAST, range(3, 12), spot=4850)
    await walk(play, HALF_PAST, range(12, 14), spot=5000)
    assert [event[:2] for event in await reported(play, models.EntrySignalEvent)] == [
        ("11 15:35", "On"),
        ("11 15:40", "On"),
        ("11 15:42", "Off"),
    ]


@on_both_databases
async def test_a_scheduled_time_that_could_not_be_evaluated_stays_due(play: Stage) -> None:
    await play.enter(leaving(DAILY))
    await play.market.at(HALF_PAST, spot=4850)
    play.market.blank("SPXW", date(2024, 4, 19))
    await play.evaluate()
    assert await reported(play, models.ExitSignalEvent) == []
    await walk(play, HALF_PAST, range(2, 5))
    assert await reported(play, models.ExitSignalEvent) == [("11 15:32", "On", True)]


@on_both_databases
async def test_the_scheduled_time_at_which_a_position_is_opened_is_not_one_of_its_own(play: Stage) -> None:
    await play.market.at(HALF_PAST, spot=4850)
    await play.enter(leaving(EVERY_FIVE))
    await walk(play, HALF_PAST, range(6))
    assert await reported(play, models.ExitSignalEvent) == [("11 15:30", "On", False), ("11 15:35", "On", True)]


@on_both_databases
async def test_a_restart_does_not_raise_a_scheduled_time_again(tmp_path: Path, database_settings: Json) -> None:
    async with stage(tmp_path, **database_settings) as play:
        await play.enter(leaving(DAILY))
        await walk(play, HALF_PAST, range(-1, 1), spot=4850)
    market = ScriptedMarket(HALF_PAST + timedelta(minutes=1))
    market.move(4850)
    async with stage(tmp_path, market, **database_settings) as play:
        await walk(play, HALF_PAST, range(1, 4), spot=4850)
        assert await reported(play, models.ExitSignalEvent) == [("11 15:29", "On", False), ("11 15:30", "On", True)]


@on_both_databases
async def test_a_scheduled_update_is_carried_out_once_at_each_of_its_times(
    tmp_path: Path, database_settings: Json
) -> None:
    async with stage(tmp_path, **database_settings) as play:
        _, position_id = await play.enter(updating(EVERY_FIVE))
        await walk(play, HALF_PAST, range(-1, 12))
        assert (await play.position(position_id)).Vars["runs"] == 4  # 15:29 for 15:25, 15:30, 15:35, 15:40
    market = ScriptedMarket(HALF_PAST + timedelta(minutes=12))
    async with stage(tmp_path, market, **database_settings) as play:
        await walk(play, HALF_PAST, range(12, 15))
        assert (await play.position(position_id)).Vars["runs"] == 4
        await walk(play, HALF_PAST, range(15, 17))
        assert (await play.position(position_id)).Vars["runs"] == 5


@on_both_databases
async def test_an_update_is_decided_at_its_scheduled_time_and_not_a_minute_later(play: Stage) -> None:
    _, position_id = await play.enter(updating(DAILY, BELOW))
    await walk(play, HALF_PAST, range(1))
    await walk(play, HALF_PAST, range(1, 5), spot=4850)
    assert (await play.position(position_id)).Vars["runs"] == 0


@pytest.mark.parametrize("seed", range(4))
@on_both_databases
async def test_a_signal_and_what_is_prepared_by_it_draw_the_same(play: Stage, seed: int) -> None:
    """Half of the entries would be refused otherwise, and a quarter come about."""
    rules = {"Schedule": EVERY_FIVE, "Conditions": ["random(0, 1)"], "VarDefines": {"dice": "random(1, 1000000)"}}
    strategy = await play.strategy(short_put(Entry=rules))
    await play.market.at(HALF_PAST - timedelta(minutes=5 * seed))
    await play.evaluate()
    states = await play.states(models.EntrySignalEvent)
    result = [(await play.kit.prepare_entry(strategy.Id)).Result for _ in range(2)]
    assert result[0] is not None
    assert result[1] is not None
    assert {item.EntryAllowed for item in result if item is not None} == {states == ["On"]}
    assert result[0].Vars["dice"] == result[1].Vars["dice"]


@pytest.mark.parametrize(
    ("entry", "minute", "refused"),
    [
        ({"Schedule": DAILY}, 10, "Entry.Schedule is due"),
        ({"Schedule": DAILY}, 0, None),
        ({}, 40, "the session is open"),
        ({"Concurrency": {"MaxPositionsInFlight": 1}}, 0, "pos_in_flight < MaxPositionsInFlight"),
        ({"Concurrency": {"MaxPositionsInFlight": 3, "EntryShiftDays": 1}}, 0, "days_since_entry >= EntryShiftDays"),
    ],
)
@on_both_databases
async def test_a_preparation_states_what_refuses_the_entry_besides_its_conditions(
    play: Stage, entry: Json, minute: int, refused: str | None
) -> None:
    strategy, _ = await play.enter(short_put(Entry={**entry, "Conditions": ["underlying_price > 1"]}))
    await play.market.at(HALF_PAST + timedelta(minutes=minute))
    result = (await play.kit.prepare_entry(strategy.Id)).Result
    assert result is not None
    assert [condition.Statement for condition in result.EntryConditions if condition.Result is False] == (
        [refused] if refused else []
    )
    assert result.EntryAllowed is (refused is None)
