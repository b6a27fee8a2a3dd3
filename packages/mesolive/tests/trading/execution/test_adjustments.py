"""Adjustments by orders at a venue: each kind, each refusal, and what is told of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.trading.execution import plan_completion
from mesolive.trading.execution.report_handler import report_from_venue
from mesolive.venues.base import Execution, LegExecution
from mesolive_sdk import MesoLiveDataHubClient, models
from mesolive_sdk.models import LivePositionState, OrderState, OrderType, PositionStatus, StatusCode
from mesolive_testkit.adjusting import ADD, CONDITION, REMOVE, STRIKE, Operation, Play, move, play, strangle
from mesolive_testkit.refusals import refused
from mesolive_testkit.signals import Json
from mesolive_testkit.venues import SIM, at_venue


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Play]:
    async with play(tmp_path) as server:
        yield server


async def conflict(call: Awaitable[object]) -> str:
    """Return the message of a call that is refused as a conflict."""
    error = await refused(call)
    assert error.status is StatusCode.Conflict
    return str(error)


# --- each kind


async def test_a_moved_leg_is_ordered_as_one_combo_and_reported_once(stage: Play) -> None:
    await stage.enter(strangle(MoveLegAdjustment=STRIKE))
    before = (await stage.position()).RealizedPnL
    stage.market.move(4900)
    plan = await stage.adjust(Operation.MoveLeg)
    assert (plan.Operation, plan.Condition, plan.LegGroups) == (Operation.MoveLeg, CONDITION, {0: ["p:close", "p"]})
    assert await stage.open_legs() == {"c": [(5200, -4, "Open")], "p": [(4700, -4, "Open")]}
    position = await stage.position()
    assert position.State is LivePositionState.Open
    assert position.Vars["moves"] == 1
    assert position.RealizedPnL < before, "the put was bought back dearer"
    await stage.completed(1)
    (adjusted,) = stage.updates(PositionStatus.Adjusted)
    assert adjusted.RealizedPnL == position.RealizedPnL
    reported = [(event.LegName, event.Status.name, event.Qty) for event in stage.of(models.LegUpdateEvent)]
    assert reported[-2:] == [("p", "Closed", -4), ("p", "Open", -4)]
    await stage.must_balance()


async def test_what_a_moved_leg_has_realised_stays_with_its_leg_group(stage: Play) -> None:
    await stage.enter(strangle(groups=(1, 2), MoveLegAdjustment=STRIKE))
    stage.market.move(4900)
    await stage.adjust(Operation.MoveLeg)
    async with MesoLiveDataHubClient(stage.desk.application.url, stage.desk.token) as data:
        detail = await data.get_position_snapshot(models.GetPositionSnapshotArgs(PositionId=stage.position_id))
    assert detail.PositionPnLs is not None
    assert detail.LegGroupPnLs is not None
    assert detail.LegGroupPnLs[1].Realized == detail.PositionPnLs.Realized == (await stage.position()).RealizedPnL
    assert detail.LegGroupPnLs[2].Realized == 0


@pytest.mark.parametrize(
    ("rule", "strike", "days"),
    [
        (move(StrikeSelector={"StrikePrice": "leg_p_strike"}, ExpirationName="far"), 4800, 67),
        (move(StrikeSelector={"StrikePrice": "4700"}, ExpirationName="far"), 4700, 67),
    ],
    ids=["expiration", "both"],
)
async def test_a_leg_moves_to_another_expiration(stage: Play, rule: Json, strike: int, days: int) -> None:
    await stage.enter(strangle(MoveLegAdjustment=rule))
    await stage.adjust(Operation.MoveLeg)
    (moved,) = [leg for leg in (await stage.position()).Legs if leg.Name == "p" and leg.ClosedAt is None]
    assert moved.LiveContract.Strike == strike
    assert moved.LiveContract.Expiration is not None
    assert (moved.LiveContract.Expiration.date() - stage.market.clock.now().date()).days == days
    await stage.must_balance()


async def test_added_legs_join_the_position_and_are_left_with_it(stage: Play) -> None:
    await stage.enter(strangle(AddLegsAdjustment=ADD))
    await stage.adjust(Operation.AddLegs)
    assert (await stage.open_legs())["hedge"] == [(4600, 4, "Open")]
    assert (await stage.position()).Vars["seen"] == 4600
    await stage.leave()
    assert (await stage.position()).State is LivePositionState.Closed
    assert await stage.open_legs() == {}
    await stage.must_balance()


async def test_removed_legs_realise_their_result(stage: Play) -> None:
    await stage.enter(strangle(RemoveLegsAdjustment=REMOVE))
    stage.market.move(4900)
    await stage.adjust(Operation.RemoveLegs)
    position = await stage.position()
    assert await stage.open_legs() == {"p": [(4800, -4, "Open")]}
    assert (position.State, position.Vars["seen"]) == (LivePositionState.Open, 1)
    assert position.RealizedPnL > 0
    await stage.must_balance()


async def test_removing_the_last_leg_closes_the_position(stage: Play) -> None:
    await stage.enter(strangle(groups=(1, 2), RemoveLegsAdjustment={"LegNames": ["p", "c"]}))
    plan = await stage.prepare(Operation.RemoveLegs)
    await stage.fill(await stage.order(plan, group=1))
    assert (await stage.position()).State is LivePositionState.Open
    await stage.fill(await stage.order(plan, group=2))
    position = await stage.position()
    assert position.State is LivePositionState.Closed
    assert position.ClosedAt == stage.market.clock.now()
    await stage.desk.until(lambda: len(stage.updates(PositionStatus.Closed)) == 1)
    assert stage.updates(PositionStatus.Adjusted) == []
    assert len(stage.updates(PositionStatus.RealizedPnLChanged)) == 1, "the put's result was told by itself"
    await stage.must_balance()


async def test_combined_actions_follow_one_another_count_once_and_end_with_their_variables(stage: Play) -> None:
    await stage.enter(
        strangle(
            maximum=1,
            AddLegsAdjustment={"Legs": ADD["Legs"]},
            MoveLegAdjustment=STRIKE,
            RemoveLegsAdjustment={"LegNames": ["c"]},
            UpdateVarsAdjustment={"VarDefines": {"seen": "open_trades_cnt * 1000 + moves"}},
        )
    )
    counts: list[bool | None] = []
    for operation in (Operation.RemoveLegs, Operation.MoveLeg, Operation.AddLegs):
        plan = await stage.adjust(operation)
        assert plan.AbortConditions is not None
        counts.append(plan.AbortConditions[0].Result)
    assert await stage.open_legs() == {"p": [(4700, -4, "Open")], "hedge": [(4600, 4, "Open")]}
    assert counts == [False, True, True], "the three are one adjustment"
    await stage.completed(3)  # variables are set after the fill, once there are quotes for them
    assert (await stage.position()).Vars["seen"] == 2001
    await stage.must_balance()


async def test_the_adjustment_after_the_last_allowed_one_closes_the_position(tmp_path: Path) -> None:
    async with play(tmp_path, enforce_max_adjustments=True) as stage:
        await stage.enter(strangle(maximum=1, MoveLegAdjustment=STRIKE))
        await stage.adjust(Operation.MoveLeg)
        plan = await stage.adjust(Operation.MoveLeg)
        assert {name: leg.Qty for name, leg in plan.OrderLegs.items()} == {"c": 4, "p": 4}
        assert (await stage.position()).State is LivePositionState.Closed
        await stage.must_balance()


async def test_marker_legs_move_without_an_order_and_end_with_the_others(stage: Play) -> None:
    marked = strangle(
        MoveLegAdjustment={"LegName": "m", "StrikeSelector": {"StrikePrice": "4500"}},
        RemoveLegsAdjustment={"LegNames": ["m", "c"]},
    )
    marked["Structure"]["Legs"].append(
        {**marked["Structure"]["Legs"][0], "Name": "m", "Qty": "0", "StrikeSelector": {"StrikePrice": "4600"}}
    )
    await stage.enter(marked)
    before = len(stage.desk.venue.ledger.orders)
    plan = await stage.prepare(Operation.MoveLeg)
    sent = await stage.desk.send(at_venue(plan))
    assert sent.State is OrderState.Filled
    await stage.completed(1)
    assert len(stage.desk.venue.ledger.orders) == before
    assert (await stage.open_legs())["m"] == [(4500, 0, "Open")]
    assert "is filled already" in await conflict(stage.desk.send(at_venue(plan)))
    await stage.adjust(Operation.RemoveLegs)
    assert await stage.open_legs() == {"p": [(4800, -4, "Open")]}
    await stage.must_balance()


@pytest.mark.parametrize("markers_first", [True, False])
async def test_every_group_of_an_adjustment_can_be_sent_in_any_order(stage: Play, markers_first: bool) -> None:
    marked = strangle(RemoveLegsAdjustment={"LegNames": ["m", "c"]})
    marked["Structure"]["Legs"].append(
        {
            **marked["Structure"]["Legs"][0],
            "Name": "m",
            "Qty": "0",
            "LegGroupId": "3",
            "StrikeSelector": {"StrikePrice": "4600"},
        }
    )
    await stage.enter(marked)
    plan = await stage.prepare(Operation.RemoveLegs)
    assert plan.LegGroups[3] == ["m"]
    for group in sorted(plan.LegGroups, key=lambda one: (one == 3) is not markers_first):
        sent = await stage.desk.send(at_venue(plan, group=group))
        await stage.desk.order_in(sent.LiveOrderId, OrderState.Filled)
    await stage.completed(1)
    assert await stage.open_legs() == {"p": [(4800, -4, "Open")]}
    await stage.must_balance()


# --- prices


async def test_a_move_for_a_credit_has_a_negative_price_and_one_for_a_debit_a_positive(stage: Play) -> None:
    nearer = move(StrikeSelector={"StrikePrice": "leg_p_strike + 100"})
    await stage.enter(strangle(MoveLegAdjustment=nearer))
    credit = await stage.prepare(Operation.MoveLeg)
    mark = credit.LegGroupPrices[0].Mark
    assert mark is not None
    assert mark < 0
    wrong = await refused(stage.desk.send(at_venue(credit, kind=OrderType.Limit, limit=Decimal(1))))
    assert wrong.error is not None
    assert wrong.error.Code == "WrongSign"
    limit = Decimal(round(mark * 20)) / 20 + Decimal("0.20")
    order_id = await stage.order(credit, kind=OrderType.Limit, limit=limit)
    await stage.fill(order_id)
    filled = await stage.desk.order(order_id)
    assert (filled.Side, filled.Qty) == ("B", 4)
    assert filled.AvgFillPrice is not None
    assert filled.AvgFillPrice <= limit < 0
    await stage.completed(1)
    await stage.must_balance()


async def test_a_price_off_the_tick_a_multiplier_and_wrong_names_are_refused(stage: Play) -> None:
    await stage.enter(strangle(MoveLegAdjustment=STRIKE))
    plan = await stage.prepare(Operation.MoveLeg)
    for order, field in (
        (at_venue(plan, kind=OrderType.Limit, limit=Decimal("1.03")), "LegGroupOrder.LimitPrice"),
        (at_venue(plan, multiplier=Decimal(2)), "QtyMultiplier"),
        (at_venue(plan, legs=["p"]), "LegGroupOrder.LegNames"),
        (at_venue(plan, legs=["p", "p:close", "c"]), "LegGroupOrder.LegNames"),
    ):
        error = await refused(stage.desk.send(order))
        assert error.error is not None
        assert error.error.ValidationErrors is not None
        assert list(error.error.ValidationErrors) == [field]
    await stage.fill(await stage.order(plan, multiplier=Decimal(1)))


# --- what is refused


async def test_an_adjustment_of_variables_only_has_nothing_to_order(stage: Play) -> None:
    await stage.enter(strangle(UpdateVarsAdjustment={"VarDefines": {"seen": "1"}}))
    plan = await stage.prepare(Operation.UpdateVars)
    args = at_venue(await stage.desk.prepare_exit(stage.position_id))
    args.ExecPlanId = plan.ExecPlanId
    error = await refused(stage.desk.send(args))
    assert error.status is StatusCode.ValidationError


async def test_nothing_else_is_begun_while_an_order_of_an_adjustment_works(stage: Play) -> None:
    await stage.enter(strangle(MoveLegAdjustment=STRIKE, AddLegsAdjustment=ADD))
    moving, adding = await stage.prepare(Operation.MoveLeg), await stage.prepare(Operation.AddLegs)
    leave = await stage.desk.prepare_exit(stage.position_id)
    resting = await stage.order(moving, kind=OrderType.Limit, limit=Decimal("0.05"))
    assert "has not ended" in await conflict(stage.prepare(Operation.MoveLeg))
    assert "has not ended" in await conflict(stage.order(adding))
    assert "has not ended" in await conflict(stage.desk.send(at_venue(leave)))
    assert "cancel or replace it" in await conflict(stage.order(moving))
    await stage.cancel(resting)
    await stage.fill(await stage.order(adding))
    await stage.completed(1)
    assert "has changed" in await conflict(stage.desk.send(at_venue(leave))), "it would leave the hedge behind"
    await stage.fill(await stage.order(moving))
    await stage.completed(2)
    await stage.must_balance()


async def test_an_adjustment_is_carried_out_once_however_often_it_was_prepared(stage: Play) -> None:
    await stage.enter(strangle(MoveLegAdjustment=STRIKE, AddLegsAdjustment=ADD))
    twice = [await stage.prepare(operation) for operation in (Operation.MoveLeg, Operation.AddLegs) for _ in range(2)]
    for first, second in ((twice[0], twice[1]), (twice[2], twice[3])):
        await stage.fill(await stage.order(first))
        await stage.completed()
        assert "has changed" in await conflict(stage.order(second))
        assert "filled already" in await conflict(stage.order(first))
    assert await stage.open_legs() == {
        "c": [(5200, -4, "Open")],
        "p": [(4700, -4, "Open")],
        "hedge": [(4600, 4, "Open")],
    }
    await stage.must_balance()


async def test_a_position_that_is_being_closed_is_not_adjusted(stage: Play) -> None:
    await stage.enter(strangle(groups=(1, 2), MoveLegAdjustment=STRIKE))
    plan = await stage.prepare(Operation.MoveLeg)
    leave = await stage.desk.prepare_exit(stage.position_id)
    await stage.fill((await stage.desk.send(at_venue(leave, group=2))).LiveOrderId)
    assert "only an open one" in await conflict(stage.prepare(Operation.MoveLeg))
    assert "only an open one" in await conflict(stage.order(plan))
    await stage.fill((await stage.desk.send(at_venue(leave, group=1))).LiveOrderId)
    assert (await stage.position()).State is LivePositionState.Closed
    await stage.must_balance()


# --- signals


async def test_a_signal_is_raised_once_while_its_adjustment_is_ordered_and_ends_with_it(stage: Play) -> None:
    condition = "leg_p_strike > 4750"
    await stage.enter(strangle(condition=condition, MoveLegAdjustment=STRIKE))

    async def states() -> list[str]:
        await stage.desk.application.signals.evaluate()
        result = stage.of(models.AdjustmentSignalEvent)
        return [item.State.name for item in result]

    await states()
    await stage.desk.until(lambda: bool(stage.of(models.AdjustmentSignalEvent)))
    order_id = await stage.order(
        await stage.prepare(Operation.MoveLeg, condition), kind=OrderType.Limit, limit=Decimal("0.05")
    )
    assert await states() == ["On"]
    await stage.cancel(order_id)
    assert await states() == ["On"], "it still holds"
    await stage.fill(await stage.order(await stage.prepare(Operation.MoveLeg, condition)))
    await stage.completed(1)
    await states()
    await stage.desk.until(lambda: len(stage.of(models.AdjustmentSignalEvent)) == 2)
    assert await states() == ["On", "Off"]


async def test_a_variable_that_cannot_be_set_is_an_error_and_the_adjustment_is_done(stage: Play) -> None:
    await stage.enter(strangle(MoveLegAdjustment={**STRIKE, "VarDefines": {"moves": "underlying_iv_rank"}}))
    await stage.adjust(Operation.MoveLeg)
    await stage.completed(1)
    (error,) = stage.of(models.ErrorEvent)
    assert (error.PositionId, error.Statement) == (stage.position_id, "underlying_iv_rank")
    assert error.Message.startswith("not set by the adjustment: ")
    assert (await stage.position()).Vars["moves"] == 0
    await stage.leave()
    await stage.desk.until(
        lambda: [event.State.name for event in stage.of(models.ErrorEvent)] == ["Active", "Resolved"]
    )


async def filled_without_quotes(stage: Play) -> None:
    """Move a leg by an order of which the last fill is booked while no quotes come, as at the start of a server."""
    await stage.enter(strangle(MoveLegAdjustment=STRIKE))
    plan = await stage.prepare(Operation.MoveLeg)
    await stage.order(plan, kind=OrderType.Limit, limit=Decimal("0.05"))
    (resting,) = [order for order in stage.desk.venue.ledger.orders.values() if order.filled == 0]
    stage.market.mute = True
    await stage.market.at(stage.market.clock.now() + timedelta(minutes=5))
    execution = Execution(
        account=SIM,
        reference=resting.request.reference,
        venue_id=resting.placed.venue_id,
        execution_id="all",
        qty=resting.request.qty,
        legs=tuple(
            LegExecution(
                name=leg.name,
                contract=leg.contract,
                qty=leg.ratio * resting.request.qty,
                price=Decimal(10),
                commission=Decimal("0.65"),
            )
            for leg in resting.request.legs
        ),
        at=stage.market.clock.now(),
    )
    await stage.desk.application.desk.facts.apply(report_from_venue(1, 1, execution))


def unset(stage: Play) -> list[str]:
    return [
        event.Message for event in stage.of(models.ErrorEvent) if event.Message.startswith("not set by the adjustment")
    ]


async def test_what_is_filled_while_no_quotes_come_sets_its_variables_when_they_do(
    stage: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_completion, "LOOK_SECONDS", 0.01)
    await filled_without_quotes(stage)
    await stage.completed()
    assert (await stage.position()).Vars["moves"] == 0
    stage.market.mute = False
    stage.market.reprice()
    await stage.completed(1)
    assert (await stage.position()).Vars["moves"] == 1
    assert not unset(stage)


async def test_an_entry_without_quotes_for_long_is_reported_to_lack_its_variables(
    stage: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_completion, "QUOTES_SECONDS", 0.0)
    await filled_without_quotes(stage)
    await stage.completed(1)
    (message,) = unset(stage)
    assert "no quotes of SPX are coming in" in message
    assert (await stage.position()).Vars["moves"] == 0
