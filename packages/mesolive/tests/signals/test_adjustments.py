"""Adjustments from their preparation through to their fills, on a market that the test moves."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive_sdk import MesoLiveApiException, models, new_idempotency_key
from mesolive_testkit.server import ACCOUNT, fills_args
from mesolive_testkit.signals import Json, Stage, leg, short_put, stage

Operation = models.PositionAdjustmentOperation
CONDITION = "underlying_price > 1 -- adjust"


@pytest.fixture
async def play(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with stage(tmp_path) as server:
        yield server


def strangle(*, maximum: int | None = None, **actions: Json) -> Json:
    """Return a short strangle with one conditional adjustment."""
    return short_put(
        Structure={
            "Expirations": [
                {"Name": "e", "DTE": "39", "Roots": {"Include": ["SPXW"]}},
                {"Name": "far", "DTE": "67", "Roots": {"Include": ["SPXW"]}},
            ],
            "Legs": [leg("p", -1, StrikePrice=4800), leg("c", -1, "Call", StrikePrice=5200)],
        },
        Entry={"VarDefines": {"moves": "0", "seen": "0"}},
        Adjustment={"MaxAdjustmentCount": maximum, "ConditionalAdjustments": {CONDITION: actions}},
    )


def move(**rule: object) -> Json:
    return {"LegName": "p", "VarDefines": {"moves": "moves + 1"}, **rule}


STRIKE = move(StrikeSelector={"StrikePrice": "leg_p_strike - 100"})
ADD: Json = {
    "Legs": [leg("hedge", 1, StrikePrice=4600)],
    "AbortConditions": ["leg_hedge_price > 1000"],
    "VarDefines": {"seen": "leg_hedge_strike"},
}
REMOVE: Json = {"LegNames": ["c"], "VarDefines": {"seen": "open_trades_cnt"}}


async def assert_books_balance(play: Stage, position_id: int) -> None:
    """Cash is what there was at the start, less what is held cost, plus what was realised: to the cent."""
    account = await play.kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
    position = await play.position(position_id)
    held = sum(
        (item.AvgEntryPrice * item.Qty * 100 for item in position.Legs if item.ClosedAt is None and item.Qty != 0),
        Decimal(0),
    )
    assert account.Cash is not None
    assert account.Cash + held == 100_000 + position.RealizedPnL


def contracts(position: models.LivePositionDetail, *, closed: bool = False) -> dict[str, tuple[Decimal, Decimal]]:
    """Return strike and quantity of the legs by name."""
    collected: dict[str, tuple[Decimal, Decimal]] = {}
    for item in position.Legs:
        if (item.ClosedAt is not None) is closed:
            assert item.LiveContract.Strike is not None
            collected[item.Name] = (item.LiveContract.Strike, item.Qty)
    return collected


# --- each kind


async def test_a_moved_leg_is_closed_and_opened_again_under_its_name_as_one_combo(play: Stage) -> None:
    strategy, position_id = await play.enter(strangle(MoveLegAdjustment=STRIKE))
    before = (await play.position(position_id)).RealizedPnL
    play.market.move(4900)
    result = await play.adjust(position_id, CONDITION, Operation.MoveLeg)
    assert (result.PositionId, result.Operation, result.Condition) == (position_id, Operation.MoveLeg, CONDITION)
    assert {name: item.Qty for name, item in result.OrderLegs.items()} == {"p:close": 1, "p": -1}
    assert {name: item.Name for name, item in result.OrderLegs.items()} == {"p:close": "p", "p": "p"}
    assert result.LegGroups == {0: ["p:close", "p"]}
    assert result.LegGroupQtys[0].LegRatios == {"p:close": 1, "p": -1}
    debit, old, new = result.LegGroupPrices[0].Mark, result.LegPrices["p:close"].Mark, result.LegPrices["p"].Mark
    assert debit is not None
    assert old is not None
    assert new is not None
    assert abs(debit - (old - new)) < Decimal("0.000001")
    assert (result.AdjustmentAllowed, result.AbortConditions, result.Vars["moves"]) == (True, None, 1)
    position = await play.position(position_id)
    assert contracts(position) == {"c": (5200, -1), "p": (4700, -1)}
    assert contracts(position, closed=True) == {"p": (4800, -1)}
    assert position.RealizedPnL < before, "the put was bought back dearer"
    assert position.Vars["moves"] == 1
    assert position.State is models.LivePositionState.Open
    await assert_books_balance(play, position_id)
    (reported,) = [event for event in await play.events(models.PositionUpdateEvent) if event.Status.name == "Adjusted"]
    assert (reported.PositionId, reported.StrategyId, reported.RealizedPnL) == (
        position_id,
        strategy.Id,
        position.RealizedPnL,
    )
    legs = [(event.LegName, event.Status.name) for event in await play.events(models.LegUpdateEvent)]
    assert legs[2:] == [("p", "Closed"), ("p", "Open")]
    executions = await play.kit.control.list_executions(models.ListExecutionsArgs(PositionId=position_id))
    assert [execution.LegName for execution in executions.Executions] == ["p", "c", "p", "p"]
    (prepared,) = await play.events(models.PositionAdjustmentPreparationCompletedEvent)
    assert prepared.Result.ExecPlanId == result.ExecPlanId


@pytest.mark.parametrize(
    ("rule", "strike", "days"),
    [
        (move(StrikeSelector={"StrikePrice": "leg_p_strike"}, ExpirationName="far"), 4800, 67),
        (move(StrikeSelector={"StrikePrice": "4700"}, ExpirationName="far"), 4700, 67),
        (
            move(
                StrikeSelector={"StrikePrice": "4700"},
                ExpirationName="new",
                Expirations=[{"Name": "new", "DTE": "60", "Roots": {"Include": ["SPXW"]}}],
            ),
            4700,
            67,
        ),
    ],
    ids=["expiration", "both", "an expiration of its own"],
)
async def test_a_leg_moves_to_another_expiration(play: Stage, rule: Json, strike: int, days: int) -> None:
    _, position_id = await play.enter(strangle(MoveLegAdjustment=rule))
    await play.adjust(position_id, CONDITION, Operation.MoveLeg)
    position = await play.position(position_id)
    (moved,) = [item for item in position.Legs if item.Name == "p" and item.ClosedAt is None]
    assert moved.LiveContract.Strike == strike
    assert moved.LiveContract.Expiration is not None
    assert (moved.LiveContract.Expiration.date() - play.market.clock.now().date()).days == days
    if "Expirations" in rule:
        assert position.Vars[f"expiration_{rule['ExpirationName']}_dte"] == days
    await assert_books_balance(play, position_id)


async def test_added_legs_join_the_position(play: Stage) -> None:
    _, position_id = await play.enter(strangle(AddLegsAdjustment=ADD))
    result = await play.adjust(position_id, CONDITION, Operation.AddLegs)
    assert list(result.OrderLegs) == ["hedge"]
    assert result.AbortConditions is not None
    assert [(condition.Statement, condition.Result) for condition in result.AbortConditions] == [
        ("leg_hedge_price > 1000", False)
    ]
    position = await play.position(position_id)
    assert contracts(position) == {"p": (4800, -1), "c": (5200, -1), "hedge": (4600, 1)}
    assert position.Vars["seen"] == 4600
    await assert_books_balance(play, position_id)


async def test_an_abort_condition_is_advice(play: Stage) -> None:
    aborting = {**ADD, "AbortConditions": ["leg_hedge_price > 0"]}
    _, position_id = await play.enter(strangle(AddLegsAdjustment=aborting))
    status = await play.prepare_adjustment(position_id, CONDITION, Operation.AddLegs)
    assert status.Result is not None
    assert status.Result.AdjustmentAllowed is False


async def test_removed_legs_realise_their_result(play: Stage) -> None:
    _, position_id = await play.enter(strangle(RemoveLegsAdjustment=REMOVE))
    play.market.move(4900)
    await play.adjust(position_id, CONDITION, Operation.RemoveLegs)
    position = await play.position(position_id)
    assert contracts(position) == {"p": (4800, -1)}
    assert position.RealizedPnL > 0
    assert position.Vars["seen"] == 1
    await assert_books_balance(play, position_id)


async def test_removing_the_last_leg_closes_the_position(play: Stage) -> None:
    _, position_id = await play.enter(strangle(RemoveLegsAdjustment={"LegNames": ["p", "c"]}))
    await play.adjust(position_id, CONDITION, Operation.RemoveLegs)
    position = await play.position(position_id)
    assert position.State is models.LivePositionState.Closed
    assert position.ClosedAt == play.market.clock.now()
    assert (await play.events(models.PositionUpdateEvent))[-1].Status is models.PositionStatus.Closed
    await assert_books_balance(play, position_id)


async def test_variables_are_set_by_a_plan_without_legs(play: Stage) -> None:
    _, position_id = await play.enter(strangle(UpdateVarsAdjustment={"VarDefines": {"seen": "leg_p_strike"}}))
    result = await play.adjust(position_id, CONDITION, Operation.UpdateVars)
    assert (result.OrderLegs, result.Vars["seen"]) == ({}, 4800)
    assert (await play.position(position_id)).Vars["seen"] == 4800


# --- several actions, counts


async def test_combined_actions_are_carried_out_in_their_order_and_count_once(play: Stage) -> None:
    update: Json = {"VarDefines": {"seen": "open_trades_cnt * 1000 + moves"}}
    _, position_id = await play.enter(
        strangle(
            maximum=1,
            AddLegsAdjustment={"Legs": ADD["Legs"]},
            MoveLegAdjustment=STRIKE,
            RemoveLegsAdjustment={"LegNames": ["c"]},
            UpdateVarsAdjustment=update,
        )
    )
    counts: list[bool | None] = []
    for operation in (Operation.RemoveLegs, Operation.MoveLeg, Operation.AddLegs):
        result = await play.adjust(position_id, CONDITION, operation)
        assert result.AbortConditions is not None
        (count,) = result.AbortConditions
        counts.append(count.Result)
    position = await play.position(position_id)
    assert contracts(position) == {"p": (4700, -1), "hedge": (4600, 1)}
    assert position.Vars["seen"] == 2001, "UpdateVars follows the last operation that trades"
    assert counts == [False, True, True], "the three are one adjustment"
    await assert_books_balance(play, position_id)


async def test_a_server_that_does_not_enforce_the_maximum_reports_it(tmp_path: Path) -> None:
    async with stage(tmp_path, enforce_max_adjustments=False) as play:
        _, position_id = await play.enter(strangle(maximum=1, MoveLegAdjustment=STRIKE))
        first = await play.adjust(position_id, CONDITION, Operation.MoveLeg)
        second = await play.adjust(position_id, CONDITION, Operation.MoveLeg)
        assert first.AbortConditions is not None
        assert second.AbortConditions is not None
        assert [first.AbortConditions[0].Result, second.AbortConditions[0].Result] == [False, True]
        assert second.AbortConditions[0].Vars == {"adjustment_count": 1, "MaxAdjustmentCount": 1}
        assert contracts(await play.position(position_id))["p"] == (4600, -1)


async def test_the_adjustment_after_the_last_allowed_one_closes_the_position(play: Stage) -> None:
    _, position_id = await play.enter(strangle(maximum=1, MoveLegAdjustment=STRIKE))
    await play.adjust(position_id, CONDITION, Operation.MoveLeg)
    assert contracts(await play.position(position_id))["p"] == (4700, -1)
    result = await play.adjust(position_id, CONDITION, Operation.MoveLeg)
    assert {name: item.Qty for name, item in result.OrderLegs.items()} == {"c": 1, "p": 1}
    assert (await play.position(position_id)).State is models.LivePositionState.Closed
    await assert_books_balance(play, position_id)


async def test_the_operations_of_the_last_allowed_adjustment_are_all_carried_out(play: Stage) -> None:
    actions = {"RemoveLegsAdjustment": REMOVE, "MoveLegAdjustment": STRIKE, "AddLegsAdjustment": ADD}
    _, position_id = await play.enter(strangle(maximum=1, **actions))
    for operation in (Operation.RemoveLegs, Operation.MoveLeg, Operation.AddLegs):
        await play.adjust(position_id, CONDITION, operation)
    position = await play.position(position_id)
    assert position.State is models.LivePositionState.Open
    assert contracts(position) == {"p": (4700, -1), "hedge": (4600, 1)}


# --- what is refused


@pytest.mark.parametrize(
    ("condition", "operation", "message"),
    [
        (CONDITION, Operation.AddLegs, "this condition has no AddLegs; it has MoveLeg"),
        ("no such condition", Operation.MoveLeg, "the strategy has no such condition"),
    ],
)
async def test_an_adjustment_that_is_not_written_fails_its_preparation(
    play: Stage, condition: str, operation: Operation, message: str
) -> None:
    _, position_id = await play.enter(strangle(MoveLegAdjustment=STRIKE))
    status = await play.prepare_adjustment(position_id, condition, operation)
    assert status.Status is models.PreparationStatus.Failed
    assert status.Error is not None
    assert message in status.Error
    (failed,) = await play.events(models.PositionAdjustmentPreparationFailedEvent)
    assert failed.Error == status.Error


async def test_a_plan_whose_position_has_changed_is_refused(play: Stage) -> None:
    _, position_id = await play.enter(strangle(MoveLegAdjustment=STRIKE))
    stale = (await play.prepare_adjustment(position_id, CONDITION, Operation.MoveLeg)).Result
    assert stale is not None
    await play.adjust(position_id, CONDITION, Operation.MoveLeg)
    with pytest.raises(MesoLiveApiException) as caught:
        await play.kit.control.apply_paper_fills(fills_args(stale.ExecPlanId, stale.OrderLegs, stale.LegPrices))
    assert caught.value.status is models.StatusCode.Conflict
    await assert_books_balance(play, position_id)


async def test_a_fill_is_needed_for_each_side_of_a_move(play: Stage) -> None:
    _, position_id = await play.enter(strangle(MoveLegAdjustment=STRIKE))
    prepared = (await play.prepare_adjustment(position_id, CONDITION, Operation.MoveLeg)).Result
    assert prepared is not None
    args = fills_args(prepared.ExecPlanId, prepared.OrderLegs, prepared.LegPrices)
    del args.PaperLegFills["p:close"]
    with pytest.raises(MesoLiveApiException) as caught:
        await play.kit.control.apply_paper_fills(args)
    assert caught.value.error is not None
    assert caught.value.error.ValidationErrors is not None
    assert list(caught.value.error.ValidationErrors) == ["PaperLegFills[p:close]"]


async def test_a_closed_position_cannot_be_adjusted(play: Stage) -> None:
    _, position_id = await play.enter(strangle(MoveLegAdjustment=STRIKE))
    await play.kit.leave(position_id)
    with pytest.raises(MesoLiveApiException) as caught:
        await play.prepare_adjustment(position_id, CONDITION, Operation.MoveLeg)
    assert caught.value.status is models.StatusCode.Conflict


async def test_a_preparation_that_has_ended_is_not_cancelled(play: Stage) -> None:
    _, position_id = await play.enter(strangle(MoveLegAdjustment=STRIKE))
    status = await play.prepare_adjustment(position_id, CONDITION, Operation.MoveLeg)
    args = models.CancelPreparePositionAdjustmentArgs(IdempotencyKey=new_idempotency_key(), JobId=status.JobId)
    cancelled = await play.kit.control.cancel_prepare_position_adjustment(args)
    assert cancelled.Status is models.PreparationStatus.Completed


async def test_a_variable_that_cannot_be_set_is_an_error_until_the_position_is_closed(play: Stage) -> None:
    rule = {**STRIKE, "VarDefines": {"moves": "underlying_iv_rank"}}
    _, position_id = await play.enter(strangle(MoveLegAdjustment=rule))
    await play.adjust(position_id, CONDITION, Operation.MoveLeg)
    (error,) = await play.events(models.ErrorEvent)
    assert (error.PositionId, error.Statement) == (position_id, "underlying_iv_rank")
    assert error.Message is not None
    assert error.Message.startswith("not set by the adjustment: ")
    assert (await play.position(position_id)).Vars["moves"] == 0
    await play.kit.leave(position_id)
    assert await play.states(models.ErrorEvent) == ["Active", "Resolved"]
