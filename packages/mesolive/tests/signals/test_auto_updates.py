"""Conditions whose only action is UpdateVars are carried out by the server: once per edge, durably, and told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.market.history import DailySeries, Day
from mesolive.store.tables.trading import positions
from mesolive_sdk import models
from mesolive_testkit.signals import MONDAY, Json, ScriptedMarket, Stage, on_both_databases, short_put, stage

STARTED = models.AutoUpdateVarsAdjustmentStartedEvent
COMPLETED = models.AutoUpdateVarsAdjustmentCompletedEvent
FAILED = models.AutoUpdateVarsAdjustmentFailedEvent


def updating(condition: str, schedule: Json | None = None, **variables: str) -> Json:
    """Return a strategy with two variables of its entry, which sets some under a condition."""
    return short_put(
        Entry={"VarDefines": {"best": "0", "runs": "0"}},
        Adjustment={
            "Schedule": schedule,
            "ConditionalAdjustments": {condition: {"UpdateVarsAdjustment": {"VarDefines": variables}}},
        },
    )


@on_both_databases
async def test_an_update_is_carried_out_once_while_its_condition_holds(play: Stage) -> None:
    _, position_id = await play.enter(updating("underlying_price > 5050", runs="runs + 1"))
    await play.evaluate()
    assert await play.events(STARTED) == []
    play.market.move(5100)
    for _ in range(3):
        await play.evaluate()
    (started,), (completed,) = await play.events(STARTED), await play.events(COMPLETED)
    assert (completed.JobId, completed.PositionId) == (started.JobId, position_id)
    assert (completed.Condition, completed.UpdatedVars) == ("underlying_price > 5050", {"runs": 1})
    assert started.EventSeqId == completed.EventSeqId - 1
    assert (await play.position(position_id)).Vars["runs"] == 1
    assert await play.events(models.AdjustmentSignalEvent) == []
    play.market.move(5000)
    await play.evaluate()
    play.market.move(5100)
    await play.evaluate()
    assert [event.UpdatedVars for event in await play.events(COMPLETED)] == [{"runs": 1}, {"runs": 2}]


async def test_a_trailing_variable_follows_every_new_best(play: Stage) -> None:
    """The update makes its own condition false: the next best is a new edge."""
    _, position_id = await play.enter(updating("pos_pnl > best", best="pos_pnl"))
    best: list[Decimal] = []
    for spot in (5050, 5100, 5075, 5150):
        play.market.move(spot)
        await play.evaluate()
        best.append((await play.position(position_id)).Vars["best"])
    assert best[0] < best[1] == best[2] < best[3]
    assert len(await play.events(COMPLETED)) == 3


async def test_a_daily_update_runs_once_in_each_window(play: Stage) -> None:
    daily = {"BeforeMarketCloseMinutes": 30, "Every": "day"}
    _, position_id = await play.enter(updating("true", daily, runs="runs + 1"))
    for day in range(2):
        opening = datetime(2024, 3, 11 + day, 19, 30, tzinfo=UTC)
        for minutes in (-5, 0, 1, 4, 6):
            await play.market.at(opening + timedelta(minutes=minutes))
            await play.evaluate()
        assert (await play.position(position_id)).Vars["runs"] == day + 1


@on_both_databases
async def test_a_failed_update_is_reported_once_and_retried(play: Stage) -> None:
    _, position_id = await play.enter(updating("underlying_price > 5050", best="underlying_iv_rank"))
    play.market.move(5100)
    await play.evaluate()
    await play.evaluate()
    (failed,) = await play.events(FAILED)
    assert "underlying_iv_rank" in failed.Error
    assert (await play.position(position_id)).Vars["best"] == 0
    assert len(await play.events(STARTED)) == 1
    past = [Day(date(2024, 2, 1) + timedelta(days=n), close=5000.0, iv=0.1 + n / 100) for n in range(25)]
    play.market.book.history = DailySeries.of(past)
    await play.evaluate()
    await play.evaluate()
    (completed,) = await play.events(COMPLETED)
    assert (await play.position(position_id)).Vars["best"] == completed.UpdatedVars["best"] > 0


async def test_an_updates_condition_that_cannot_be_evaluated_is_an_error_until_it_can(play: Stage) -> None:
    _, position_id = await play.enter(updating("underlying_iv_rank > 1", runs="runs + 1"))
    await play.evaluate()
    await play.evaluate()
    (active,) = await play.events(models.ErrorEvent)
    assert (active.ConditionType, active.Statement) == (models.ConditionType.Adjustment, "underlying_iv_rank > 1")
    assert (await play.position(position_id)).Vars["runs"] == 0
    past = [Day(date(2024, 2, 1) + timedelta(days=n), close=5000.0, iv=0.1 + n / 100) for n in range(25)]
    play.market.book.history = DailySeries.of(past)
    await play.evaluate()
    _, resolved = await play.events(models.ErrorEvent)
    assert (resolved.State, resolved.ErrorId) == (models.ErrorState.Resolved, active.ErrorId)
    assert (await play.position(position_id)).Vars["runs"] == 1


async def test_an_update_computed_from_changed_variables_is_computed_again(
    play: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, position_id = await play.enter(updating("underlying_price > 5050", runs="runs + 1"))
    play.market.move(5100)
    application = play.kit.application
    evaluator = application.signals._evaluator
    run = evaluator.run

    async def slow(*args: Any) -> Any:
        result = await run(*args)
        if args[1].startswith("signals"):
            monkeypatch.undo()
            async with application.database.write() as tx:
                await tx.execute(positions.update().values(variables={"best": "0", "runs": "5"}))
        return result

    monkeypatch.setattr(evaluator, "run", slow)
    await play.evaluate()
    assert (await play.position(position_id)).Vars["runs"] == 5
    assert await play.events(STARTED) == []
    await play.evaluate()
    assert (await play.position(position_id)).Vars["runs"] == 6


async def test_updates_of_one_moment_see_each_other_in_the_order_of_their_text(play: Stage) -> None:
    definition = updating("underlying_price > 5050 -- A", best="best + 10")
    adjustments = definition["Adjustment"]["ConditionalAdjustments"]
    adjustments["underlying_price > 5050 -- B"] = {"UpdateVarsAdjustment": {"VarDefines": {"runs": "best * 2"}}}
    _, position_id = await play.enter(definition)
    play.market.move(5100)
    await play.evaluate()
    detail = (await play.position(position_id)).Vars
    assert (detail["best"], detail["runs"]) == (10, 20)


@on_both_databases
async def test_a_restart_does_not_repeat_an_update(tmp_path: Path, database_settings: Json) -> None:
    async with stage(tmp_path, **database_settings) as play:
        _, position_id = await play.enter(updating("underlying_price > 5050", runs="runs + 1"))
        play.market.move(5100)
        await play.evaluate()
    market = ScriptedMarket(MONDAY + timedelta(minutes=1))
    market.move(5100)
    async with stage(tmp_path, market, **database_settings) as play:
        await play.evaluate()
        assert (await play.position(position_id)).Vars["runs"] == 1
        assert len(await play.events(COMPLETED)) == 1
        market.blank("SPXW", date(2024, 4, 19))
        await play.evaluate()
        market.reprice()
        await play.evaluate()
        assert (await play.position(position_id)).Vars["runs"] == 1, "what is unknown is not an edge"
