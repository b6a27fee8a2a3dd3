"""Adjustments by orders that are filled in parts: stopped half way, told late or twice, cut off by a restart."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import pytest

from mesolive.market.contracts import OptionContract
from mesolive.tasks import BackOff
from mesolive.trading.evaluation.adjustment_variables import evaluate_adjustment_variables
from mesolive.trading.execution.report_handler import report_from_venue
from mesolive.trading.portfolio.positions import find_position
from mesolive.venues.base import Execution, LegExecution
from mesolive.venues.simulated.faults import Fault
from mesolive_sdk import models
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import LivePositionState, OrderState, OrderType, PositionStatus
from mesolive_testkit.adjusting import ADD, QTY, STRIKE, Operation, Play, play, strangle
from mesolive_testkit.signals import Json
from mesolive_testkit.venues import SIM, at_venue

MOVED = {"c": [(5200, -4, "Open")], "p": [(4700, -4, "Open")]}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Play]:
    async with play(tmp_path, displayed=1) as server:
        yield server


def half_moved(filled: int) -> dict[str, list[tuple[int, int, str]]]:
    """Return what is held when so many combos of the move are filled."""
    if filled == 0:
        return {"c": [(5200, -4, "Open")], "p": [(4800, -4, "Open")]}
    if filled == QTY:
        return MOVED
    return {"c": [(5200, -4, "Open")], "p": [(4800, filled - QTY, "Closing"), (4700, -filled, "Opening")]}


async def begun(stage: Play, parts: int, *, limit: Decimal | None = None, rule: Json = STRIKE) -> tuple[int, int]:
    """Enter, order the move and have so many of its combos filled; return the order's and the plan's id."""
    await stage.enter(strangle(maximum=5, MoveLegAdjustment=rule))
    plan = await stage.prepare(Operation.MoveLeg)
    order = at_venue(plan) if limit is None else at_venue(plan, kind=OrderType.Limit, limit=limit)
    order_id = (await stage.desk.send(order)).LiveOrderId
    await stage.part(order_id, parts)
    return order_id, plan.ExecPlanId


async def test_each_part_leaves_books_that_balance_and_a_position_that_is_watched(stage: Play) -> None:
    order_id, _ = await begun(stage, 1)
    for filled in range(1, QTY):
        await stage.part(order_id, filled)
        assert await stage.open_legs() == half_moved(filled)
        assert (await stage.position()).State is LivePositionState.Open
        await stage.desk.application.signals.evaluate()
        async with stage.desk.application.database.read() as tx:
            state = (await find_position(tx, 1, stage.position_id)).language_state
        assert {leg.name: leg.qty for leg in state.legs} == {"c": -4, "p:close": filled - QTY, "p": -filled}
        await stage.must_balance()
    await stage.part(order_id, QTY)
    await stage.completed(1)
    assert await stage.open_legs() == MOVED
    assert stage.of(models.ErrorEvent) == []
    position = await stage.position()
    assert position.Vars["moves"] == 1
    changed = stage.updates(PositionStatus.RealizedPnLChanged)
    assert len(changed) == QTY - 1
    assert changed[-1].RealizedPnL > position.RealizedPnL, "each part costs something"
    statuses = [event.Status.name for event in stage.of(models.LegUpdateEvent)[-2 * QTY :]]
    assert statuses == ["Closing", "Opening"] * (QTY - 1) + ["Closed", "Open"]
    await stage.must_balance()


async def test_the_rest_of_an_adjustment_is_ordered_again_and_reported_once(stage: Play) -> None:
    order_id, plan_id = await begun(stage, 2)
    await stage.cancel(order_id)
    assert await stage.open_legs() == half_moved(2)
    args = at_venue(await stage.desk.prepare_exit(stage.position_id), legs=["p:close", "p"])
    args.ExecPlanId = plan_id
    rest = (await stage.desk.send(args)).LiveOrderId
    assert (await stage.desk.order(rest)).Qty == 2
    await stage.fill(rest)
    await stage.completed(1)
    assert await stage.open_legs() == MOVED
    assert (await stage.position()).Vars["moves"] == 1
    await stage.must_balance()


async def test_an_order_is_replaced_between_two_parts(stage: Play) -> None:
    order_id, _ = await begun(stage, 1, limit=Decimal(24))
    order = await stage.desk.order(order_id)
    args = at_venue(
        await stage.desk.prepare_exit(stage.position_id),
        kind=OrderType.Limit,
        limit=Decimal(28),
        legs=["p:close", "p"],
        replaces=order_id,
    )
    args.ExecPlanId = order.ExecPlanId
    replacement = (await stage.desk.send(args)).LiveOrderId
    await stage.fill(replacement)
    await stage.completed(1)
    assert (await stage.desk.order(order_id)).State is OrderState.Replaced
    assert await stage.open_legs() == MOVED
    await stage.must_balance()


async def test_a_half_adjusted_position_is_exited_whole(stage: Play) -> None:
    order_id, plan_id = await begun(stage, 2)
    await stage.cancel(order_id)
    leave = await stage.desk.prepare_exit(stage.position_id)
    assert {name: leg.Qty for name, leg in leave.PositionLegs.items()} == {"c": -4, "p:close": -4, "p": -2}
    assert leave.LegGroupQtys[0].LegRatios == {"c": 2, "p:close": 1, "p": 1}
    out = (await stage.desk.send(at_venue(leave))).LiveOrderId
    await stage.fill(out)
    assert (await stage.position()).State is LivePositionState.Closed
    assert await stage.open_legs() == {}
    args = at_venue(leave, legs=["p:close", "p"])
    args.ExecPlanId = plan_id
    with pytest.raises(MesoLiveApiException, match="only an open one is adjusted"):
        await stage.desk.send(args)
    await stage.must_balance()


async def test_a_new_adjustment_takes_the_rest_of_the_old_one_with_it(stage: Play) -> None:
    order_id, old = await begun(stage, 2)
    await stage.cancel(order_id)
    plan = await stage.prepare(Operation.MoveLeg)
    traded = {name: (leg.LiveContract.Strike, leg.Qty) for name, leg in plan.OrderLegs.items()}
    assert traded == {"p:close": (4700, 2), "p:close2": (4800, 2), "p": (4600, -4)}
    assert {leg.Name for leg in plan.OrderLegs.values()} == {"p"}
    await stage.fill(await stage.order(plan))
    await stage.completed(1)
    assert await stage.open_legs() == {"c": [(5200, -4, "Open")], "p": [(4600, -4, "Open")]}
    assert (await stage.position()).Vars["moves"] == 1, "the one that was given up set nothing"
    args = at_venue(plan, legs=["p:close", "p"])
    args.ExecPlanId = old
    with pytest.raises(MesoLiveApiException, match="has changed"):
        await stage.desk.send(args)
    await stage.must_balance()


async def test_a_partly_added_leg_remains_when_another_adjustment_is_made(stage: Play) -> None:
    await stage.enter(strangle(AddLegsAdjustment=ADD, RemoveLegsAdjustment={"LegNames": ["c"]}))
    adding = await stage.prepare(Operation.AddLegs)
    order_id = await stage.order(adding)
    await stage.part(order_id, 1)
    await stage.cancel(order_id)
    assert (await stage.open_legs())["hedge"] == [(4600, 1, "Opening")]
    await stage.adjust(Operation.RemoveLegs)
    assert await stage.open_legs() == {"p": [(4800, -4, "Open")], "hedge": [(4600, 1, "Open")]}
    await stage.fill(await stage.order(adding))
    await stage.completed(2)
    assert (await stage.open_legs())["hedge"] == [(4600, 4, "Open")]
    assert (await stage.position()).Vars["seen"] == 4600
    await stage.must_balance()


@pytest.mark.parametrize(
    "fault",
    [Fault.DUPLICATE_FILL, Fault.REORDERED_FILL, Fault.FILL_LOST, Fault.DISCONNECT_AT_FILL],
    ids=lambda fault: fault.name,
)
async def test_a_part_is_booked_once_however_often_it_is_reported(stage: Play, fault: Fault) -> None:
    await stage.enter(strangle(MoveLegAdjustment=STRIKE))
    plan = await stage.prepare(Operation.MoveLeg)
    stage.desk.venue.faults.ask(fault)
    await stage.fill(await stage.order(plan))
    await stage.completed(1)
    assert await stage.open_legs() == MOVED
    await stage.must_balance()


async def test_a_fill_that_comes_after_the_exit_opens_the_position_again(stage: Play) -> None:
    order_id, _ = await begun(stage, 2)
    await stage.cancel(order_id)
    await stage.leave()
    (cancelled,) = [order for order in stage.desk.venue.ledger.orders.values() if order.status.value == "Cancelled"]
    late = Execution(
        account=SIM,
        reference=cancelled.request.reference,
        venue_id=cancelled.placed.venue_id,
        execution_id="late",
        qty=Decimal(1),
        legs=tuple(
            LegExecution(
                name=leg.name, contract=leg.contract, qty=leg.ratio, price=Decimal(10), commission=Decimal("0.65")
            )
            for leg in cancelled.request.legs
        ),
        at=stage.market.clock.now(),
    )
    await stage.desk.application.desk.facts.apply(report_from_venue(1, 1, late))
    assert (await stage.position()).State is LivePositionState.Closing
    assert {name: [qty for _, qty, _ in found] for name, found in (await stage.open_legs()).items()} == {"p": [1, -1]}
    await stage.desk.until(
        lambda: any("filled after it was Cancelled" in event.Message for event in stage.of(models.ErrorEvent))
    )
    await stage.leave()
    assert (await stage.position()).State is LivePositionState.Closed


async def test_a_fill_while_the_books_are_compared_with_the_venue_is_no_difference(
    stage: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id, _ = await begun(stage, 1)
    venue = stage.desk.venue
    ask_executions, ask_positions = venue.executions, venue.positions
    asked: list[str] = []

    async def positions(account: str) -> Mapping[OptionContract, Decimal]:
        asked.append("positions")
        return await ask_positions(account)

    async def executions(account: str, since: datetime) -> Sequence[Execution]:
        result = await ask_executions(account, since)
        if asked == ["positions"]:
            asked.append("executions")
            stage.nudge()
            await stage.filled_more(order_id, Decimal(1))
        return result

    monkeypatch.setattr(venue, "positions", positions)
    monkeypatch.setattr(venue, "executions", executions)
    await stage.desk.application.desk.supervisors[0].reconcile()
    assert asked[:2] == ["positions", "executions"]
    await stage.fill(order_id)
    await stage.completed(1)
    assert stage.of(models.ErrorEvent) == []


# --- restarts


@pytest.mark.parametrize("filled", range(QTY + 1))
async def test_an_adjustment_resumes_after_a_restart_at_any_part(tmp_path: Path, filled: int) -> None:
    async with play(tmp_path, displayed=1) as stage:
        limit = Decimal("0.05") if filled == 0 else None
        order_id, _ = await begun(stage, filled, limit=limit)
    async with play(tmp_path, displayed=1) as stage:
        await stage.desk.application.desk.supervisors[0].reconciled()
        if filled == 0:
            assert await stage.open_legs() == half_moved(0)
            await stage.cancel(order_id)
            order_id = await stage.order(await stage.prepare(Operation.MoveLeg))
        await stage.fill(order_id)
        await stage.completed()
        assert len(await stage.logged(PositionStatus.Adjusted)) == 1
        assert await stage.open_legs() == MOVED
        position = await stage.position()
        assert (position.State, position.Vars["moves"]) == (LivePositionState.Open, 1)
        plan = await stage.prepare(Operation.MoveLeg)
        assert plan.AbortConditions is not None
        assert plan.AbortConditions[-1].Vars["adjustment_count"] == 1
        await stage.must_balance()


async def test_a_server_that_stops_before_the_variables_are_set_sets_them_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> NoReturn:
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as patched:
        patched.setattr("mesolive.trading.execution.plan_completion.evaluate_adjustment_variables", broken)
        async with play(tmp_path) as stage:
            await stage.enter(strangle(maximum=5, MoveLegAdjustment=STRIKE, AddLegsAdjustment=ADD))
            adding = await stage.prepare(Operation.AddLegs)
            await stage.fill(await stage.order(await stage.prepare(Operation.MoveLeg)))
            await stage.desk.application.desk.completion.close()
            assert await stage.open_legs() == MOVED
            assert (await stage.position()).Vars["moves"] == 0
            with pytest.raises(MesoLiveApiException, match="is being completed"):
                await stage.prepare(Operation.MoveLeg)
            with pytest.raises(MesoLiveApiException, match="is being completed"):
                await stage.order(adding)
    for _ in range(2):  # once and never again
        async with play(tmp_path) as stage:
            await stage.completed()
            assert (await stage.position()).Vars["moves"] == 1
            plan = await stage.prepare(Operation.MoveLeg)
            assert plan.AbortConditions is not None
            assert plan.AbortConditions[-1].Vars["adjustment_count"] == 1
            assert len(await stage.logged(PositionStatus.Adjusted)) == 1
            await stage.must_balance()


async def test_an_adjustment_that_cannot_be_ended_keeps_no_server_from_starting_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> NoReturn:
        raise RuntimeError("its definition cannot be read")

    monkeypatch.setattr("mesolive.trading.execution.plan_completion.RETRY", BackOff(first=0.01, longest=0.01))
    with monkeypatch.context() as patched:
        patched.setattr("mesolive.trading.execution.plan_completion.evaluate_adjustment_variables", broken)
        async with play(tmp_path) as stage:
            await stage.enter(strangle(MoveLegAdjustment=STRIKE))
            await stage.fill(await stage.order(await stage.prepare(Operation.MoveLeg)))
            await stage.desk.application.desk.completion.close()
    with monkeypatch.context() as patched:
        patched.setattr("mesolive.trading.execution.plan_completion.evaluate_adjustment_variables", broken)
        async with play(tmp_path) as stage:
            assert (await stage.position()).Vars["moves"] == 0
            await stage.desk.listen()
            patched.undo()
            await stage.completed(1)
            assert (await stage.position()).Vars["moves"] == 1
            assert len(await stage.logged(PositionStatus.Adjusted)) == 1


async def test_variables_set_at_the_same_time_are_stored_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An automatic update of a variable comes between the evaluation of an adjustment and its transaction."""
    rule = {**STRIKE, "VarDefines": {"moves": "seen + 1"}}
    meanwhile: list[int] = []
    async with play(tmp_path) as stage:

        async def interrupted(*args: object) -> object:
            result = await evaluate_adjustment_variables(*args)  # pyright: ignore[reportArgumentType]  # what it was called with
            if not meanwhile:
                meanwhile.append(1)
                await stage.set_variable("seen", 7)
            return result

        monkeypatch.setattr("mesolive.trading.execution.plan_completion.evaluate_adjustment_variables", interrupted)
        await begun(stage, QTY, rule=rule)
        await stage.completed(1)
        position = await stage.position()
        assert (position.Vars["moves"], position.Vars["seen"]) == (8, 7)
