"""A position at the simulated venue on a scripted market, and its adjustments by orders."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from mesolive.settings import Settings
from mesolive.store.tables.trading import order_facts, positions
from mesolive.trading.execution.risk_limits import Limits
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.trading.portfolio.positions import find_position
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive_sdk import MesoLiveEventHubClient, models, new_idempotency_key, wait_for_job
from mesolive_sdk.models import LivePositionState, OrderState, PositionStatus
from mesolive_testkit.signals import Json, ScriptedMarket, leg, short_put
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

Operation = models.PositionAdjustmentOperation
CONDITION = "underlying_price > 1 -- adjust"
QTY = 4
"""Contracts of each leg: fills may come in parts."""


def strangle(
    *, maximum: int | None = None, groups: tuple[int, int] = (0, 0), condition: str = CONDITION, **actions: Json
) -> Json:
    """Return a short strangle of `QTY` with one conditional adjustment; `groups` are those of put and call."""
    return short_put(
        Structure={
            "Expirations": [
                {"Name": "e", "DTE": "39", "Roots": {"Include": ["SPXW"]}},
                {"Name": "far", "DTE": "67", "Roots": {"Include": ["SPXW"]}},
            ],
            "Legs": [
                leg("p", -QTY, StrikePrice=4800) | {"LegGroupId": str(groups[0])},
                leg("c", -QTY, "Call", StrikePrice=5200) | {"LegGroupId": str(groups[1])},
            ],
        },
        Entry={"VarDefines": {"moves": "0", "seen": "0"}},
        Adjustment={"MaxAdjustmentCount": maximum, "ConditionalAdjustments": {condition: actions}},
    )


def move(**rule: object) -> Json:
    """Return a move of the put that counts how often it was made."""
    return {"LegName": "p", "VarDefines": {"moves": "moves + 1"}, **rule}


STRIKE = move(StrikeSelector={"StrikePrice": "leg_p_strike - 100"})
ADD: Json = {"Legs": [leg("hedge", QTY, StrikePrice=4600)], "VarDefines": {"seen": "leg_hedge_strike"}}
REMOVE: Json = {"LegNames": ["c"], "VarDefines": {"seen": "open_trades_cnt"}}


@dataclass
class Play:
    """A running server with its venue, on a market that the test moves."""

    desk: Desk
    market: ScriptedMarket
    position_id: int = 0

    async def listen(self) -> None:
        """Keep all events of all strategies there are."""
        await self.desk.listen()

    async def enter(self, definition: Json) -> None:
        """Import a strategy and enter it at the market, whole."""
        control = self.desk.control
        made = await control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[SIM])
        )
        await self.listen()
        plan = await self.desk.prepare_entry(made.Id)
        for group in plan.LegGroups:
            sent = await self.desk.send(at_venue(plan, group=group))
            await self.fill(sent.LiveOrderId)
        opened = await self.desk.position_in(LivePositionState.Open)
        self.position_id = opened.Id

    def nudge(self) -> None:
        """Let prices change by next to nothing: a venue looks at its orders then."""
        spot = self.market.spot
        self.market.move(spot + 0.01 if spot == round(spot) else round(spot))

    async def fill(self, order_id: int) -> None:
        """Let the market come by until an order is filled."""
        while (order := await self.desk.order(order_id)).State is not OrderState.Filled:
            self.nudge()
            await self.filled_more(order_id, order.CumQty)

    async def part(self, order_id: int, filled: int) -> None:
        """Let the market come by until so many combos of an order are filled, and no more."""
        while abs((order := await self.desk.order(order_id)).CumQty) < filled:
            if order.CumQty != 0:
                self.nudge()
            await self.filled_more(order_id, order.CumQty)
        assert abs(order.CumQty) == filled

    async def filled_more(self, order_id: int, than: Decimal) -> models.Order:
        """Wait until more of an order is filled than before."""

        async def look() -> models.Order | None:
            order = await self.desk.order(order_id)
            return order if abs(order.CumQty) > abs(than) else None

        return await self.desk.eventually(look)

    async def position(self) -> models.LivePositionDetail:
        """Return the position."""
        return await self.desk.control.get_position(models.GetPositionArgs(PositionId=self.position_id))

    async def job(
        self, operation: Operation, condition: str = CONDITION
    ) -> models.GetPreparePositionAdjustmentStatusResult:
        """Prepare one operation of the adjustment, and return how that ended."""
        control = self.desk.control
        started = await control.start_prepare_position_adjustment(
            models.PreparePositionAdjustmentArgs(
                IdempotencyKey=new_idempotency_key(),
                PositionId=self.position_id,
                Operation=operation,
                Condition=condition,
                LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            )
        )
        args = models.GetPreparePositionAdjustmentStatusArgs(JobId=started.JobId)
        return await wait_for_job(lambda: control.get_prepare_position_adjustment_status(args))

    async def prepare(self, operation: Operation, condition: str = CONDITION) -> models.PreparePositionAdjustmentResult:
        """Prepare one operation of the adjustment."""
        status = await self.job(operation, condition)
        assert status.Result is not None, status.Error
        return status.Result

    async def order(self, plan: models.PreparePositionAdjustmentResult, **order: Any) -> int:
        """Order a group of a plan at the market, and return the order's id."""
        return (await self.desk.send(at_venue(plan, **order))).LiveOrderId

    async def cancel(self, order_id: int) -> None:
        """Cancel an order and see that it is."""
        args = models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=order_id)
        assert (await self.desk.control.cancel_order(args)).State is OrderState.Cancelled

    async def adjust(self, operation: Operation) -> models.PreparePositionAdjustmentResult:
        """Prepare one operation, and order all its groups until they are filled and the position is updated."""
        plan = await self.prepare(operation)
        for group, names in plan.LegGroups.items():
            if any(plan.OrderLegs[name].Qty != 0 for name in names):
                await self.fill(await self.order(plan, group=group))
        await self.completed()
        return plan

    async def completed(self, times: int | None = None) -> None:
        """Wait until everything of the last fill is done: the position is adjusted (so often), or closed."""
        await self.desk.application.desk.completion.close()
        if times is not None:
            await self.desk.until(lambda: len(self.updates(PositionStatus.Adjusted)) == times)

    def updates(self, status: PositionStatus) -> list[models.PositionUpdateEvent]:
        """Return the updates of the position with a status."""
        return [event for event in self.of(models.PositionUpdateEvent) if event.Status is status]

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the events of one kind that were heard."""
        return [event for event in self.desk.events if isinstance(event, kind)]

    async def logged(self, status: PositionStatus) -> list[models.PositionUpdateEvent]:
        """Return what the log has of the position with a status."""
        hub = await self.desk.stack.enter_async_context(
            MesoLiveEventHubClient(self.desk.application.url, self.desk.token)
        )
        page = await hub.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))
        events = [envelope.Event for envelope in page.Events]
        return [event for event in events if isinstance(event, models.PositionUpdateEvent) and event.Status is status]

    async def set_variable(self, name: str, number: int) -> None:
        """Give a variable of the position a value."""
        async with self.desk.application.database.write(1) as tx:
            position = await find_position(tx, 1, self.position_id)
            variables = {**position.variables, name: Decimal(number)}
            await tx.execute(positions.update().where(positions.c.id == position.id).values(variables=variables))

    async def leave(self) -> None:
        """Close the position at the market."""
        plan = await self.desk.prepare_exit(self.position_id)
        for group, names in plan.LegGroups.items():
            if any(plan.PositionLegs[name].Qty != 0 for name in names):
                await self.fill((await self.desk.send(at_venue(plan, group=group))).LiveOrderId)

    async def must_balance(self) -> None:
        """See that the books hold what the venue holds, every fill once, and that cash and PnL agree to the cent."""
        async with self.desk.application.database.read() as tx:
            assert await held_in_books(tx, 1) == self.desk.venue.ledger.positions_of(SIM)
            booked = await tx.scalar(
                select(func.count()).select_from(order_facts).where(order_facts.c.kind == "Executed")
            )
        assert booked == len(self.desk.venue.ledger.executions)
        account = await self.desk.control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))
        position = await self.position()
        executions = await self.desk.control.list_executions(
            models.ListExecutionsArgs(PositionId=self.position_id, Limit=500)
        )
        assert account.Cash is not None
        paid = sum(
            (
                execution.Qty * execution.Price * 100 + (execution.Commission or 0)
                for execution in executions.Executions
            ),
            Decimal(0),
        )
        assert account.Cash == 100_000 - paid
        if position.State is LivePositionState.Closed:
            assert account.Cash == 100_000 + position.RealizedPnL

    async def open_legs(self) -> dict[str, list[tuple[int, int, str]]]:
        """Return strike, contracts that are held and status of the legs that are not closed, by name, oldest first."""
        async with self.desk.application.database.read() as tx:
            position = await find_position(tx, 1, self.position_id)
        legs: dict[str, list[tuple[int, int, str]]] = {}
        for each in position.open_legs:
            state = (int(each.traded.contract.strike), int(each.holding.qty), each.status.name)
            legs.setdefault(each.name, []).append(state)
        return legs


@asynccontextmanager
async def play(
    directory: Path,
    market: ScriptedMarket | None = None,
    *,
    displayed: int = 100,
    **changes: Any,
) -> AsyncGenerator[Play]:
    """Run a server over a scripted market; a directory that was used before is gone on with.

    Parameters
    ----------
    displayed
        The most combos that the venue fills at once; the rest follows when the market changes.
    changes
        Settings of the server.
    """
    scripted = market if market is not None else ScriptedMarket()
    terms = SimulatedVenueConfig(displayed=Decimal(displayed))
    settings = Settings(market="simulated", port=0, database=f"sqlite:///{directory / 'mesolive.sqlite3'}", **changes)
    market_now = (scripted.market, scripted.clock)
    async with desk_server(directory, market=market_now, terms=terms, settings=settings) as desk:
        await desk.set_limits(Limits(allow_unlimited_loss=True))  # strangles sell calls that nothing covers
        play = Play(desk, scripted)
        known = await desk.positions()
        if known:
            play.position_id = known[-1].Id
            await play.listen()
        yield play
