"""Entry-time variables that failed to evaluate: tried again at every evaluation, an error until they succeed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from mesolive.market.history import DailySeries, Day
from mesolive_sdk import models
from mesolive_testkit.server import fills_args
from mesolive_testkit.signals import MONDAY, Json, ScriptedMarket, Stage, on_both_databases, short_put, stage

DEFINITION: Json = short_put(
    Entry={"VarDefines": {"credit": "-100 * leg_p_qty * leg_p_price", "rank": "underlying_iv_rank"}},
    Exit={"ProfitTarget": "credit / 2 + rank", "StopLoss": "2 * credit"},
)
PAST = DailySeries.of([Day(date(2024, 2, 1) + timedelta(days=n), close=5000.0, iv=0.1 + n / 100) for n in range(25)])


async def of_entry(play: Stage) -> list[models.ErrorEvent]:
    return [
        event
        for event in await play.events(models.ErrorEvent)
        if (event.Message or "").startswith("not frozen at entry")
    ]


async def of_exit(play: Stage) -> list[models.ErrorEvent]:
    return [event for event in await play.events(models.ErrorEvent) if event.Statement == "pos_pnl >= profit_target"]


@on_both_databases
async def test_entry_variables_that_failed_are_captured_later_and_their_errors_end(play: Stage) -> None:
    _, position_id = await play.enter(DEFINITION)
    before = (await play.position(position_id)).Vars
    assert {"credit", "stop_loss"} <= before.keys()
    assert not {"rank", "profit_target"} & before.keys()
    play.market.move(5100)
    for _ in range(2):
        await play.evaluate()
    active = await of_entry(play)
    assert [error.State for error in active] == [models.ErrorState.Active] * 2, "told once"
    assert {error.ConditionType for error in active} == {
        models.ConditionType.VarDefine,
        models.ConditionType.ProfitTarget,
    }
    (unknown,) = await of_exit(play)
    play.market.book.history = PAST
    await play.evaluate()
    after = (await play.position(position_id)).Vars
    assert after["rank"] > 0
    assert float(after["profit_target"]) == pytest.approx(float(before["credit"] / 2 + after["rank"]))
    assert {name: after[name] for name in before} == before, "what was frozen at the entry stays"
    reported = await of_entry(play)
    assert [event.State for event in reported[2:]] == [models.ErrorState.Resolved] * 2
    assert {event.ErrorId for event in reported[2:]} == {error.ErrorId for error in active}
    _, known = await of_exit(play)
    assert (known.State, known.ErrorId) == (models.ErrorState.Resolved, unknown.ErrorId)
    await play.evaluate()
    assert len(await of_entry(play)) == 4


async def test_variables_of_an_entry_filled_on_a_silent_market_are_captured_when_quotes_return(play: Stage) -> None:
    strategy = await play.strategy(DEFINITION)
    plan = (await play.kit.prepare_entry(strategy.Id)).Result
    assert plan is not None
    play.market.mute = True
    await play.market.at(MONDAY + timedelta(minutes=5))
    filled = await play.kit.control.apply_paper_fills(fills_args(plan.ExecPlanId, plan.SelectedLegs, plan.LegPrices))
    await play.evaluate()
    assert (await play.position(filled.PositionId)).Vars == {}
    (silent,) = await of_entry(play)
    assert silent.Statement is None
    play.market.mute = False
    play.market.reprice()
    await play.evaluate()
    assert {"credit", "stop_loss"} <= (await play.position(filled.PositionId)).Vars.keys()
    reported = await of_entry(play)
    assert (reported[1].ErrorId, reported[1].State) == (silent.ErrorId, models.ErrorState.Resolved)
    assert {(event.State.name, event.Statement) for event in reported[2:]} == {
        ("Active", "underlying_iv_rank"),
        ("Active", "credit / 2 + rank"),
    }, "what is missing now is told by its own name"


async def test_a_position_that_is_closed_waits_no_more(play: Stage) -> None:
    _, position_id = await play.enter(DEFINITION)
    await play.evaluate()
    await play.kit.leave(position_id)
    play.market.book.history = PAST
    await play.evaluate()
    assert [item.State.name for item in await of_entry(play)] == ["Active", "Active", "Resolved", "Resolved"]
    assert "rank" not in (await play.position(position_id)).Vars


async def test_a_statement_that_was_taken_out_of_the_definition_is_missed_no_more(play: Stage) -> None:
    strategy, _ = await play.enter(DEFINITION)
    await play.evaluate()
    await play.kit.control.update_strategy(
        models.UpdateStrategyArgs(StrategyId=strategy.Id, StrategyDefinition=short_put())
    )
    await play.evaluate()
    assert [item.State.name for item in await of_entry(play)] == ["Active", "Active", "Resolved", "Resolved"]


@on_both_databases
async def test_a_restart_does_not_forget_what_waits(tmp_path: Path, database_settings: Json) -> None:
    async with stage(tmp_path, **database_settings) as play:
        _, position_id = await play.enter(DEFINITION)
        before = (await play.position(position_id)).Vars
    market = ScriptedMarket(MONDAY + timedelta(minutes=10))
    market.book.history = PAST
    async with stage(tmp_path, market, **database_settings) as play:
        await play.evaluate()
        after = (await play.position(position_id)).Vars
        assert float(after["profit_target"]) == pytest.approx(float(before["credit"] / 2 + after["rank"]))
        assert [item.State.name for item in await of_entry(play)] == ["Active", "Active", "Resolved", "Resolved"]
