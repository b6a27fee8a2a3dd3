"""A database with an account at a venue, in which orders are stored without a server."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.clock import ManualClock
from mesolive.market.contracts import OptionContract, Right
from mesolive.records import replace
from mesolive.store.database import Database
from mesolive.trading.execution.send_permits import SendPermits
from mesolive.trading.orders.repository import NewOrder, StoredOrder, change_orders, order_of_user, place_orders
from mesolive.trading.orders.state_machine import State
from mesolive.trading.portfolio.accounts import Account, create_simulated_account, find_account
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.plans import NewPlan, PlanKind, PlanLeg, store_plan
from mesolive_sdk import models
from mesolive_testkit.server import START
from mesolive_testkit.store.samples import add_strategy
from mesolive_testkit.venues.desk import CASH, SIM

PUT = OptionContract("SPX", "SPXW", START.date(), Right.PUT, Decimal(4000))


class Book(NamedTuple):
    """A database with an account at a venue, and a plan whose group is ordered."""

    database: Database
    user_id: int
    account: Account
    strategy_id: int
    plan_id: int

    async def order(self, permits: SendPermits, reference: str, at: datetime = START) -> StoredOrder:
        """Store an order as the server of these permits does."""
        asked = models.LegGroupOrder(
            LegNames=["short"],
            OrderType=models.OrderType.Market,
            TimeInForce=models.TimeInForce.Day,
        )
        new = NewOrder(
            self.account.id,
            self.plan_id,
            None,
            self.strategy_id,
            1,
            Decimal(1),
            False,
            Decimal(1),
            asked,
            reference,
            "a strategy",
            "key",
            reference,
            None,
        )
        async with self.database.write(self.user_id) as tx:
            return (await place_orders(tx, self.user_id, [new], at, permits.epoch, permits.send_by()))[0]

    async def stored(self, order: StoredOrder) -> StoredOrder:
        """Return an order as it is now."""
        async with self.database.read() as tx:
            stored = await order_of_user(tx, self.user_id, order.id)
        assert stored is not None
        assert stored.at_venue is not None
        return stored.at_venue

    async def end(self, order: StoredOrder, state: State) -> None:
        """Resolve an order."""
        async with self.database.write(self.user_id) as tx:
            await change_orders(tx, [replace(order, view=replace(order.view, state=state))], START)


async def fill(database: Database) -> Book:
    """Make the account and the plan."""
    access = Access(database, ServerSecret("signs the keys of this test, and is long enough"))
    await access.create_key("trader")
    user = await access.user("trader")
    await create_simulated_account(database, ManualClock(START), user, SIM, CASH)
    strategy_id = await add_strategy(database, user.user_id)
    async with database.write(user.user_id) as tx:
        account = await find_account(tx, user.user_id, SIM)
        plan = NewPlan(
            kind=PlanKind.ENTRY,
            strategy_id=strategy_id,
            account_id=account.id,
            position_id=None,
            position_name="a position",
            data_provider=None,
            qty_multiplier=None,
            legs=(PlanLeg("short", TradedContract(PUT, START), Decimal(-1), 1),),
            created_at=START,
        )
        plan_id = await store_plan(tx, user.user_id, plan)
    return Book(database, user.user_id, account, strategy_id, plan_id)
