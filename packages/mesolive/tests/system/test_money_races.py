"""Two hands on one position: whatever crosses, it is traded once, and never left in a state that nobody can leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.trading.execution import halts
from mesolive.trading.execution.risk_limits import Limits
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.venues.simulated.faults import Fault
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import LivePositionState, OrderState, OrderType, StatusCode, TimeInForce
from mesolive_testkit.adjusting import STRIKE, Operation, Play, play, strangle
from mesolive_testkit.market.chains import expiration
from mesolive_testkit.signals import Json, ScriptedMarket, leg, short_put
from mesolive_testkit.venues import SIM, at_venue

ENDED = {OrderState.Filled, OrderState.Cancelled, OrderState.Rejected, OrderState.Expired, OrderState.Replaced}
CLOSE = datetime(2024, 3, 15, 20, 0, tzinfo=UTC)
ANY_LEG = models.LiveLegSelectionConstraint.None_


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Play]:
    async with play(tmp_path, displayed=1) as server:
        yield server


async def working(stage: Play) -> list[models.Order]:
    result = (await stage.desk.control.list_orders(models.ListOrdersArgs(Limit=500))).Orders
    return [item for item in result if item.State not in ENDED]


def replacing(args: models.SendOrderArgs, order_id: int, limit: Decimal) -> models.SendOrderArgs:
    """Return the order of the same group in the place of another."""
    return models.SendOrderArgs(
        IdempotencyKey=new_idempotency_key(),
        ReplacesOrder=order_id,
        BrokerAccountId=args.BrokerAccountId,
        ExecPlanId=args.ExecPlanId,
        LegGroupId=args.LegGroupId,
        LegGroupOrder=models.LegGroupOrder(
            OrderType=OrderType.Limit,
            TimeInForce=TimeInForce.Day,
            LimitPrice=limit,
            LegNames=args.LegGroupOrder.LegNames,
        ),
    )


async def test_of_an_exit_and_an_adjustment_sent_by_two_clients_at_once_one_is_traded(stage: Play) -> None:
    await stage.enter(strangle(MoveLegAdjustment=STRIKE))
    leave = await stage.desk.prepare_exit(stage.position_id)
    move = await stage.prepare(Operation.MoveLeg)
    other = await stage.desk.stack.enter_async_context(
        MesoLiveControlHubClient(stage.desk.application.url, stage.desk.token)
    )
    answers = await asyncio.gather(
        stage.desk.control.send_order(at_venue(leave)), other.send_order(at_venue(move)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, MesoLiveApiException)]
    sent = [answer for answer in answers if isinstance(answer, models.SendOrderResult)]
    assert [error.status for error in refused] == [StatusCode.Conflict]
    await stage.fill(sent[0].LiveOrderId)
    await stage.completed()
    await stage.must_balance()
    if (await stage.position()).State is LivePositionState.Open:
        await stage.leave()
    assert (await stage.position()).State is LivePositionState.Closed
    await stage.must_balance()


async def test_a_halt_in_the_middle_of_an_adjustment_holds_over_a_restart_and_then_all_can_be_closed(
    tmp_path: Path,
) -> None:
    market = ScriptedMarket()
    async with play(tmp_path, market, displayed=1) as stage:
        await stage.enter(strangle(MoveLegAdjustment=STRIKE))
        move = await stage.prepare(Operation.MoveLeg)
        moving = await stage.order(move, kind=OrderType.Limit, limit=Decimal(28))
        await stage.part(moving, 2)
        await halts.halt(stage.desk.application.database, "enough", market.clock.now())
        assert (await stage.desk.order_in(moving, OrderState.Cancelled)).CumQty == 2
    async with play(tmp_path, market, displayed=1) as stage:
        leave = await stage.desk.prepare_exit(stage.position_id)
        with pytest.raises(MesoLiveApiException, match="halted"):
            await stage.desk.send(at_venue(leave))
        await halts.resume(stage.desk.application.database, market.clock.now())
        await stage.fill((await stage.desk.send(at_venue(leave))).LiveOrderId)
        assert (await stage.position()).State is LivePositionState.Closed
        await stage.must_balance()


async def test_an_order_that_is_replaced_fifty_times_is_filled_once(stage: Play) -> None:
    await stage.enter(strangle(MoveLegAdjustment=STRIKE))
    plan = await stage.desk.prepare_exit(stage.position_id)
    leave = at_venue(plan, kind=OrderType.Limit, limit=Decimal(1))
    ids = [(await stage.desk.send(leave)).LiveOrderId]
    for step in range(1, 51):
        ids.append((await stage.desk.send(replacing(leave, ids[-1], 1 + Decimal(step) / 20))).LiveOrderId)
    assert [item.OrderId for item in await working(stage)] == ids[-1:]
    costs = plan.LegGroupPrices[leave.LegGroupId].Mark
    assert costs is not None
    last = (await stage.desk.send(replacing(leave, ids[-1], Decimal(round(costs) + 5)))).LiveOrderId
    await stage.fill(last)
    states = [(await stage.desk.order(item)).State for item in ids]
    assert states == [OrderState.Replaced] * 51
    assert (await stage.position()).State is LivePositionState.Closed
    await stage.must_balance()


@pytest.mark.parametrize("fault", [None, Fault.ANSWER_LOST, Fault.REQUEST_LOST, Fault.DISCONNECT_AFTER])
async def test_a_cancel_and_a_replacement_that_cross_leave_at_most_one_order(stage: Play, fault: Fault | None) -> None:
    await stage.enter(strangle(MoveLegAdjustment=STRIKE))
    await stage.desk.set_limits(Limits(max_orders_per_minute=1000))
    args = at_venue(await stage.desk.prepare_exit(stage.position_id), kind=OrderType.Limit, limit=Decimal(1))
    for _ in range(4):
        first = (await stage.desk.send(args)).LiveOrderId
        if fault is not None:
            stage.desk.venue.faults.ask(fault)
        await asyncio.gather(
            stage.desk.send(replacing(args, first, Decimal(2))),
            stage.desk.control.cancel_order(
                models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=first)
            ),
            return_exceptions=True,
        )
        await stage.desk.application.desk.supervisors[0].reconciled()

        async def settled(first: int = first) -> bool | None:
            return True if (await stage.desk.order(first)).State in ENDED else None

        await stage.desk.eventually(settled)
        left = await working(stage)
        assert len(left) <= 1
        for order in left:
            await stage.desk.order_in(order.OrderId, OrderState.Submitted, *ENDED)
            if (await stage.desk.order(order.OrderId)).State is OrderState.Submitted:
                await stage.cancel(order.OrderId)
        assert stage.desk.venue.ledger.working == {}
        args.IdempotencyKey = new_idempotency_key()
    await stage.leave()
    await stage.must_balance()


async def test_an_idempotency_key_belongs_to_one_call_of_one_method(stage: Play) -> None:
    await stage.enter(strangle(MoveLegAdjustment=STRIKE))
    leave = await stage.desk.prepare_exit(stage.position_id)
    key = "k" * 128
    args = at_venue(leave, kind=OrderType.Limit, limit=Decimal(1), key=key)
    order_id = (await stage.desk.send(args)).LiveOrderId
    others = [
        stage.desk.control.cancel_order(models.CancelOrderArgs(IdempotencyKey=key, LiveOrderId=order_id)),
        stage.desk.send(at_venue(leave, key=key)),
        stage.desk.control.liquidate_position(
            models.LiquidatePositionArgs(IdempotencyKey=key, PositionId=stage.position_id)
        ),
        stage.desk.control.set_position_closed(
            models.SetPositionClosedArgs(IdempotencyKey=key, PositionId=stage.position_id)
        ),
    ]
    for call in others:
        with pytest.raises(MesoLiveApiException) as refused:
            await call
        assert refused.value.error is not None
        assert refused.value.error.Code == "IdempotencyKeyReused"
    for wrong in ("", "k" * 129, "schlüssel", "a b", "a\n"):
        args.IdempotencyKey = wrong
        with pytest.raises(MesoLiveApiException) as refused:
            await stage.desk.send(args)
        assert refused.value.status is StatusCode.ValidationError
    assert [item.OrderId for item in await working(stage)] == [order_id]


def one_expiration(*legs: Json, dte: int = 4) -> Json:
    return short_put(
        StrategyName="legs " + " ".join(str(item["Qty"]) for item in legs),
        Structure={
            "Expirations": [{"Name": "e", "DTE": str(dte), "Roots": {"Include": ["SPXW"]}}],
            "Legs": list(legs),
        },
    )


async def test_ratios_and_one_contract_in_two_groups_and_two_positions_settle_to_the_cent(tmp_path: Path) -> None:
    market = ScriptedMarket()
    async with play(tmp_path, market) as stage:
        definitions = [
            one_expiration(leg("a", 1, StrikePrice=5000), leg("b", -2, StrikePrice=4900)),
            one_expiration(
                leg("a", 3, StrikePrice=5000) | {"LegGroupId": "1"},
                leg("b", -1, StrikePrice=5000) | {"LegGroupId": "2"},
            ),
            one_expiration(leg("a", -4, StrikePrice=5000)),
        ]
        ids: list[int] = []
        for number, definition in enumerate(definitions):
            made = await stage.desk.control.create_strategy(
                models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[SIM])
            )
            await stage.listen()
            plan = await stage.desk.prepare_entry(made.Id, f"number {number}", constraint=ANY_LEG)
            for group in plan.LegGroups:
                await stage.fill((await stage.desk.send(at_venue(plan, group=group))).LiveOrderId)
            await stage.completed()
            stage.position_id = (await stage.desk.position_in(LivePositionState.Open)).Id
            ids.append(stage.position_id)
        async with stage.desk.application.database.read() as tx:
            held = await held_in_books(tx, 1)
        assert held == stage.desk.venue.ledger.positions_of(SIM)
        assert sorted((contract.strike, qty) for contract, qty in held.items()) == [(4900, -2), (5000, -1)]
        account = await stage.desk.control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))
        assert account.NetLiquidationValue is not None
        assert 99_900 < account.NetLiquidationValue < 100_000, "what is held is worth what it cost, but for spreads"
        assert account.MaintenanceMarginReq is not None
        assert account.MaintenanceMarginReq > 0
        await market.at(CLOSE, spot=4950.0)

        async def closed() -> bool | None:
            states = {position.State for position in await stage.desk.positions()}
            return True if states == {LivePositionState.Closed} else None

        await stage.desk.application.desk.supervisors[0].reconcile()
        await market.at(CLOSE + timedelta(minutes=15), spot=4950.0)
        await stage.desk.application.desk.supervisors[0].reconcile()
        await stage.desk.eventually(closed)
        details = [await stage.desk.control.get_position(models.GetPositionArgs(PositionId=item)) for item in ids]
        account = await stage.desk.control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))
        assert account.Cash == 100_000 + sum(row.RealizedPnL for row in details)
        assert account.NetLiquidationValue == account.Cash
        assert stage.desk.venue.ledger.positions_of(SIM) == {}


@pytest.mark.parametrize(
    ("last", "over"),
    [
        (datetime(2024, 3, 13, 19, 59, 59, tzinfo=UTC), datetime(2024, 3, 13, 20, 0, tzinfo=UTC)),
        (datetime(2024, 11, 29, 17, 59, 59, tzinfo=UTC), datetime(2024, 11, 29, 18, 0, tzinfo=UTC)),
        (datetime(2024, 11, 1, 19, 59, 59, tzinfo=UTC), datetime(2024, 11, 1, 20, 0, tzinfo=UTC)),
        (datetime(2024, 11, 4, 20, 59, 59, tzinfo=UTC), datetime(2024, 11, 4, 21, 0, tzinfo=UTC)),
    ],
    ids=["summer", "short day", "before the clocks change", "after"],
)
async def test_a_day_order_of_the_last_second_ends_with_its_session(
    tmp_path: Path, last: datetime, over: datetime
) -> None:
    market = ScriptedMarket(
        last,
        [
            expiration("SPXW", date(2024, 4, 19)),
            expiration("SPXW", date(2024, 12, 20)),
        ],
    )
    day = 4 if last.month == 3 else 12
    dte = (date(2024, 4, 19) if day == 4 else date(2024, 12, 20)) - last.date()
    async with play(tmp_path, market) as stage:
        definition = one_expiration(leg("a", 1, StrikePrice=5000), leg("b", -1, StrikePrice=4900), dte=dte.days)
        made = await stage.desk.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[SIM])
        )
        await stage.listen()
        plan = await stage.desk.prepare_entry(made.Id)
        args = at_venue(plan, kind=OrderType.Limit, limit=Decimal(1))
        resting = (await stage.desk.send(args)).LiveOrderId
        await market.at(over)
        assert (await stage.desk.order_in(resting, *ENDED)).State is OrderState.Expired
        with pytest.raises(MesoLiveApiException) as refused:
            await stage.desk.send(at_venue(plan))
        assert refused.value.error is not None
        assert refused.value.error.Code == "OutsideTradingHours"
        assert await stage.desk.positions() == []
