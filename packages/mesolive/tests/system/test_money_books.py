"""Books that balance to the cent, and numbers that agree wherever they are read, after a long day of everything."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from mesolive.settings import Settings
from mesolive.store.tables.trading import accounts, legs, order_facts, positions
from mesolive.trading.execution.risk_limits import UNLIMITED
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.faults import Fault
from mesolive_sdk import MesoLiveDataHubClient, models, new_idempotency_key
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import LivePositionState, OrderState, OrderType, StatusCode
from mesolive_testkit.adjusting import ADD, STRIKE, Operation, Play, strangle
from mesolive_testkit.signals import Json, ScriptedMarket
from mesolive_testkit.venues import SIM, at_venue, desk_server

CLOSE = datetime(2024, 3, 15, 20, 0, tzinfo=UTC)
ENDED = {OrderState.Filled, OrderState.Cancelled, OrderState.Rejected, OrderState.Expired, OrderState.Replaced}
CENT = Decimal("0.01")


def traded() -> Json:
    """Return a strangle that expires in four days, with adjustments."""
    made = strangle(MoveLegAdjustment=STRIKE, AddLegsAdjustment=ADD)
    made["Structure"]["Expirations"] = [
        {"Name": "e", "DTE": "4", "Roots": {"Include": ["SPXW"]}},
        {"Name": "far", "DTE": "39", "Roots": {"Include": ["SPXW"]}},
    ]
    return made


class Day:
    """A trader who does anything at any time, and looks at all his numbers after each thing."""

    def __init__(self, play: Play, data: MesoLiveDataHubClient, random: Random, strategy_id: int) -> None:
        self.play = play
        self.desk = play.desk
        self.data = data
        self.random = random
        self.strategy_id = strategy_id
        self.done: Counter[str] = Counter()
        self.names: dict[int, list[str]] = {}

    async def act(self) -> None:
        """Do one thing; what the server refuses is refused."""
        result = (await self.desk.control.list_orders(models.ListOrdersArgs(Limit=500))).Orders
        working = [item for item in result if item.State not in ENDED]
        held = [position for position in await self.desk.positions() if position.State is not LivePositionState.Closed]
        what = self.random.choice(["enter", "cancel", "replace", "move", "add", "leave", "say", *5 * ["market"]])
        try:
            match what:
                case "enter" if len(held) < 3:
                    await self.send(await self.desk.prepare_entry(self.strategy_id, f"number {len(held)}"))
                case "cancel" if working:
                    key, order = new_idempotency_key(), self.random.choice(working)
                    await self.desk.control.cancel_order(
                        models.CancelOrderArgs(IdempotencyKey=key, LiveOrderId=order.OrderId)
                    )
                case "replace" if working:
                    await self.replace(self.random.choice(working))
                case "move" | "add" if held:
                    self.play.position_id = self.random.choice(held).Id
                    status = await self.play.job(Operation.MoveLeg if what == "move" else Operation.AddLegs)
                    if status.Result is not None:
                        await self.send(status.Result)
                case "leave" if held:
                    await self.send(await self.desk.prepare_exit(self.random.choice(held).Id))
                case "say" if held:
                    await self.say(self.random.choice(held).Id)
                case _:
                    what = "market"
                    self.play.market.move(self.play.market.spot + self.random.choice([-7.0, -2.0, 3.0, 6.0]))
            self.done[what] += 1
        except MesoLiveApiException as error:
            if error.status is not StatusCode.Conflict and getattr(error.error, "Code", None) != "WrongSign":
                raise
            self.done[f"{what}: {error.status.name}"] += 1

    async def send(
        self,
        plan: (
            models.PreparePositionEntryResult
            | models.PreparePositionExitResult
            | models.PreparePositionAdjustmentResult
        ),
    ) -> None:
        args = at_venue(plan)
        if self.random.random() < 0.3:
            middle = next(iter(plan.LegGroupPrices.values())).Mark or 0
            limit = Decimal(round(middle * 20)) / 20 - self.random.choice([0, 1])
            args = at_venue(plan, kind=OrderType.Limit, limit=limit)
        self.names[plan.ExecPlanId] = args.LegGroupOrder.LegNames
        await self.desk.send(args)

    async def replace(self, order: models.Order) -> None:
        await self.desk.send(
            models.SendOrderArgs(
                IdempotencyKey=new_idempotency_key(),
                ReplacesOrder=order.OrderId,
                BrokerAccountId=SIM,
                ExecPlanId=order.ExecPlanId,
                LegGroupId=order.LegGroupId,
                LegGroupOrder=models.LegGroupOrder(
                    OrderType=OrderType.Market,
                    TimeInForce=models.TimeInForce.Day,
                    LegNames=self.names[order.ExecPlanId],
                ),
            )
        )

    async def say(self, position_id: int) -> None:
        position = await self.desk.control.get_position(models.GetPositionArgs(PositionId=position_id))
        amount = self.random.choice([None, Decimal(self.random.randrange(-90_000, 90_000)) / 100])
        args = models.AdjustLegPnLArgs(
            IdempotencyKey=new_idempotency_key(), LegId=self.random.choice(position.Legs).Id, RealizedPnL=amount
        )
        await self.desk.control.adjust_leg_pnl(args)

    async def books_balance(self) -> None:
        """See in one snapshot that cash + cost of what is held = start + what was realised, to the last digit."""
        async with self.desk.application.database.read() as tx:
            cash = await tx.scalar(select(accounts.c.cash))
            by_position = {row.id: row.realized_pnl for row in await tx.all(select(positions))}
            rows = await tx.all(select(legs))
        assert cash + sum(row.cost for row in rows) == 100_000 + sum(by_position.values())
        realized = dict.fromkeys(by_position, Decimal(0))
        for row in rows:
            reported = row.tracked_realized_pnl if row.user_realized_pnl is None else row.user_realized_pnl
            realized[row.position_id] += reported
        assert realized == by_position

    async def all_closed(self) -> None:
        """Wait until nothing is held any more."""

        async def look() -> bool | None:
            states = {position.State for position in await self.desk.positions()}
            return True if states <= {LivePositionState.Closed} else None

        await self.desk.eventually(look)

    async def quiet(self) -> None:
        """Wait until what the venue did is in the books."""

        async def look() -> bool | None:
            async with self.desk.application.database.read() as tx:
                known = await tx.scalar(
                    select(func.count()).select_from(order_facts).where(order_facts.c.kind == "Executed")
                )
            return True if known == len(self.desk.venue.ledger.executions) else None

        await self.desk.eventually(look)
        await self.desk.application.desk.facts.close()
        await self.desk.application.desk.completion.close()

    async def numbers_agree(self) -> None:
        """See that account, positions, executions and the Data Hub tell the same, and the venue holds what they say."""
        await self.quiet()
        control = self.desk.control
        async with self.desk.application.database.read() as tx:
            assert await held_in_books(tx, 1) == self.desk.venue.ledger.positions_of(SIM)
        account = await control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))
        assert account.Cash is not None
        value = account.Cash
        for item in await self.desk.positions():
            position = await control.get_position(models.GetPositionArgs(PositionId=item.Id))
            executed = (
                await control.list_executions(models.ListExecutionsArgs(PositionId=item.Id, Limit=500))
            ).Executions
            traded: Counter[int] = Counter()
            for execution in executed:
                traded[execution.LegId] += int(execution.Qty)
            snapshot = await self.data.get_position_snapshot(models.GetPositionSnapshotArgs(PositionId=item.Id))
            assert snapshot.PositionPnLs is not None
            assert snapshot.PositionPnLs.Realized == position.RealizedPnL
            assert snapshot.LegPrices is not None
            for leg_id, qty in traded.items():
                if qty != 0:
                    mark = snapshot.LegPrices[leg_id].Mark
                    assert mark is not None
                    value += qty * mark * 100
            if position.State is LivePositionState.Closed:
                assert set(traded.values()) <= {0}
        assert account.NetLiquidationValue is not None
        assert abs(account.NetLiquidationValue - value) < CENT


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2))])
async def test_books_balance_and_numbers_agree_after_anything_until_all_has_settled(tmp_path: Path, seed: int) -> None:
    await a_day(tmp_path, f"sqlite:///{tmp_path / 'mesolive.sqlite3'}", seed, steps=40)


async def test_books_balance_and_numbers_agree_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    await a_day(tmp_path, postgres_url, seed=7, steps=40)


async def a_day(directory: Path, database: str, seed: int, steps: int) -> None:
    """Trade at random, look at everything, and let what is held at the end expire."""
    market = ScriptedMarket()
    random = Random(seed)  # noqa: S311 - a scenario to be repeated, not a secret
    settings = Settings(market="simulated", port=0, database=database, secret_key="x" * 32)
    terms = SimulatedVenueConfig(displayed=Decimal(1), settlement_fee=Decimal("0.35"))
    async with (
        desk_server(directory, market=(market.market, market.clock), settings=settings, terms=terms) as desk,
        MesoLiveDataHubClient(desk.application.url, desk.token) as data,
    ):
        await desk.set_limits(UNLIMITED)
        made = await desk.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=traded(), ActiveOnAccounts=[SIM])
        )
        await desk.listen()
        day = Day(Play(desk, market), data, random, made.Id)
        for step in range(steps):
            if random.random() < 0.2:
                desk.venue.faults.ask(random.choice([Fault.FILL_LOST, Fault.DUPLICATE_FILL, Fault.REORDERED_FILL]))
            await day.act()
            await day.books_balance()
            if step % 5 == 4:
                await day.numbers_agree()
        assert len(day.done) > 5
        await market.at(CLOSE, spot=4760.0)
        await day.all_closed()
        await day.books_balance()
        await day.numbers_agree()
        await desk.application.desk.supervisors[0].reconcile()
        await desk.application.signals.evaluate()
        last = {event.ErrorId: event for event in await desk.log() if isinstance(event, models.ErrorEvent)}
        assert [item.Message for item in last.values() if item.State is models.ErrorState.Active] == []
