"""Lets server and broker live and die while a trader trades, and compares the books with what the broker did."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

from sqlalchemy import select

from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.market.contracts import OptionContract
from mesolive.store.database import Database
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.trading import accounts, exec_plans
from mesolive.trading.execution.risk_limits import Limits, set_limits
from mesolive.trading.portfolio.accounts import find_account
from mesolive.trading.portfolio.contract_rows import from_row
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_testkit.broker_crash import server_child
from mesolive_testkit.broker_crash.double_child import DoubleProcess, double_process, driver_of
from mesolive_testkit.broker_crash.drivers import BrokerTruth, DoubleRequest, Driver
from mesolive_testkit.connectors import IN_SESSION
from mesolive_testkit.store.crash_child import SECRET
from mesolive_testkit.venues.crash import (
    LIFE_SECONDS,
    Books,
    Life,
    Trader,
    check_books,
    check_events,
    life,
    read_books,
    working_orders,
)

QUOTES, BROKER = "quotes", "broker"
CONNECT_SECONDS = 60.0
LONGEST_LIFE = 10.0
"""A life that no step of writing has ended by then is ended from outside."""
SETTLE_SECONDS = 120.0
DIE_AT = (20, 500)
"""At which step of writing a server dies; the first ones are those of its start."""
DOUBLE_DIES = 0.4


@dataclass
class BrokerTrader(Trader):
    """Trades at a broker: what it refuses while it cannot be reached is no matter."""

    async def until_gone(self, running: Life) -> None:
        """Trade until the server is gone."""
        with contextlib.suppress(MesoLiveSignalRError, TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS), self.connected(running.url) as control:
                await connected(control, BROKER)
                async with asyncio.timeout(LONGEST_LIFE):
                    while not running.over:
                        try:
                            # Orders that are refused for want of a connection would take most steps of a life.
                            await connected(control, BROKER)
                            await self.act(control)
                        except MesoLiveApiException as error:
                            self.actions[f"refused: {error.status.name}"] += 1
                            await asyncio.sleep(0.02)  # such as: there are no quotes yet
        running.kill()
        await running.death()


async def connected(control: MesoLiveControlHubClient, name: str) -> models.ConnectorInfo:
    """Wait until a connection trades."""
    async with asyncio.timeout(CONNECT_SECONDS):
        while True:
            for item in (await control.list_connectors()).Connectors:
                if item.Name == name and item.State.value in {"Connected", "Restricted"} and item.Accounts:
                    return item
            await asyncio.sleep(0.02)  # the server is another process: there is nothing to wait on but time


async def prepare(database_url: str, module: str, double: DoubleProcess, offset: float) -> str:
    """Make a user, connect the server to the double and to quotes; return the user's token."""
    driver = driver_of(module)
    database = await Database.open(database_url)
    token = (await Access(database, ServerSecret(SECRET)).create_key("trader")).token
    await database.close()
    quotes = {**IN_SESSION, "seed": "7"}
    broker = driver.settings(double.port, offset)
    async with (
        life(database_url, module, None, server_child.run) as running,
        MesoLiveControlHubClient("" if running is None else running.url, token) as control,
    ):
        secrets = dict(driver.secrets)
        for args in (
            models.AddConnectorArgs(Name=QUOTES, Kind="simulated", Settings=quotes, Secrets={}),
            models.AddConnectorArgs(Name=BROKER, Kind=driver.kind.name, Settings=broker, Secrets=secrets),
        ):
            await control.add_connector(args)
            await control.enable_connector(models.ConnectorArgs(Name=args.Name))
            await connected(control, args.Name)
        args = models.EnableBrokerAccountArgs(Name=BROKER, BrokerAccountId=driver.account)
        await control.enable_broker_account(args)
        await control.set_account_market_data(
            models.SetAccountMarketDataArgs(
                BrokerAccountId=driver.account, DataProvider=models.DataProviderType.Simulated, AcceptDelayed=False
            )
        )
    database = await Database.open(database_url)
    async with database.write() as tx:
        # At the usual limit most calls of a long run would be refused, and most kills would hit an idle server.
        owner = await tx.first(select(accounts.c.user_id))
        assert owner is not None
        account = await find_account(tx, owner.user_id, driver.account)
        await set_limits(tx, account.id, Limits(max_orders_per_minute=1_000_000, allow_live=True))
    await database.close()
    return token


@dataclass
class CrashRun:
    """A day of kills.

    Attributes
    ----------
    kills
        How often server and double died.
    fired
        How often each fault struck.
    """

    driver: Driver
    double: DoubleProcess
    trader: BrokerTrader
    database_url: str
    module: str
    random: Random
    kills: Counter[str] = field(default_factory=Counter[str])
    fired: Counter[str] = field(default_factory=Counter[str])

    async def until(self, kills: int) -> None:
        """Let server and double live and die until they died so often in all."""
        while self.kills.total() < kills:
            die_at = self.random.randint(*DIE_AT)
            async with life(self.database_url, self.module, die_at, server_child.run) as running:
                self.kills["server"] += 1
                if running is None:
                    continue
                dying = asyncio.create_task(self._kill_double())
                try:
                    await self.trader.until_gone(running)
                finally:
                    await dying

    async def _kill_double(self) -> None:
        """Kill the double at some moment of the server's life, and start it again a little later."""
        if not self.driver.outlives_kills or self.random.random() >= DOUBLE_DIES:
            return
        after, down = self.random.uniform(0.5, LONGEST_LIFE / 2), self.random.choice([0.0, 0.0, 0.5])
        await asyncio.sleep(after)
        self.fired.update((await self.double.truth()).fired)
        await self.double.kill()
        self.kills["double"] += 1
        await asyncio.sleep(down)
        await self.double.start()

    async def settle(self) -> tuple[Books, BrokerTruth]:
        """Let all faults end and every doubt be resolved; return what both sides say then."""
        self.fired.update((await self.double.truth()).fired)
        await self.double.calm()
        async with life(self.database_url, self.module, None, server_child.run) as running:
            assert running is not None
            async with self.trader.connected(running.url) as control:
                await connected(control, BROKER)
                await self._finish(control)
                truth = await self._agreed()
            await check_events(running.url, self.trader)
        return await read_books(self.database_url), truth

    async def _finish(self, control: MesoLiveControlHubClient) -> None:
        """Cancel what works until nothing does; a doubt is resolved after some time only."""
        for _ in range(int(SETTLE_SECONDS / LIFE_SECONDS)):
            with contextlib.suppress(TimeoutError):
                await self.trader.finish(control)
                return
        states = {order.OrderId: order.State.name for order in await working_orders(control, self.driver.account)}
        raise AssertionError(f"orders do not end: {states}")

    async def _agreed(self) -> BrokerTruth:
        """Wait until the books have what the broker has, and every call has its answer."""
        database = await Database.open(self.database_url)
        waits_for = "nothing was looked at"
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                while True:
                    truth = await self.double.truth()
                    books = await read_books(self.database_url)
                    async with database.read() as tx:
                        waiting = await tx.first(
                            select(idempotency_records.c.key).where(idempotency_records.c.status != "Completed")
                        )
                        half = await tx.first(select(exec_plans.c.id).where(exec_plans.c.state == "Filled"))
                    differing = differences(traded(books), truth.traded)
                    if waiting is None and half is None and not differing:
                        return truth
                    waits_for = f"call {waiting}, plan {half}, books and broker {differing}"
                    await asyncio.sleep(0.2)  # the server is another process: there is nothing to wait on but time
        except TimeoutError:
            raise AssertionError(f"after {SETTLE_SECONDS:g} s without faults: {waits_for}") from None
        finally:
            await database.close()


def differences(
    books: Mapping[OptionContract, object], broker: Mapping[OptionContract, object]
) -> dict[str, tuple[object, object]]:
    """Return by contract what the books and the broker have, where they differ."""
    return {
        contract.symbol: (books.get(contract), broker.get(contract))
        for contract in {*books, *broker}
        if books.get(contract) != broker.get(contract)
    }


def traded(books: Books) -> dict[OptionContract, tuple[Decimal, Decimal]]:
    """Return the quantity and the value of what is booked, by contract."""
    result: dict[OptionContract, tuple[Decimal, Decimal]] = {}
    for row in books.booked:
        contract = from_row(row).contract
        quantity, value = result.get(contract, (Decimal(0), Decimal(0)))
        result[contract] = (quantity + row.qty, value + row.qty * row.price)
    return result


def check_against(books: Books, truth: BrokerTruth) -> None:
    """Hold the books against the broker, once nothing is on its way any more."""
    assert books.held == truth.held, differences(books.held, truth.held)
    assert not differences(traded(books), truth.traded)
    assert len(books.facts) == len(set(books.facts)), "an execution was told twice"
    sent = {row.reference: row for row in books.sent}
    ours = [order for order in truth.orders if order.reference]
    times = Counter(order.reference for order in ours)
    assert all(number == 1 for number in times.values()), {ref: n for ref, n in times.items() if n > 1}
    assert set(times) <= set(sent), "the broker has an order that we do not know"
    filled: Counter[str] = Counter()
    for row in books.sent:
        if row.venue_order_id is not None:
            filled[row.venue_order_id.partition(".")[0]] += abs(row.filled_qty)
    for order in ours:
        assert filled[order.venue_id] == order.filled, order
    assert sum((row.commission for row in books.booked), Decimal(0)) == truth.commissions


async def crash_run(folder: Path, module: str, kills: int, seed: int) -> CrashRun:
    """Let server and broker die so often, settle everything, and check; return what happened."""
    database_url = f"sqlite:///{folder / 'mesolive.sqlite3'}"
    offset = (datetime.fromisoformat(IN_SESSION["start"]) - datetime.now(UTC)).total_seconds()
    chances = Random(seed)  # noqa: S311 - to be repeated
    request = DoubleRequest(folder, 0, offset, seed)
    async with double_process(module, request) as double:
        token = await prepare(database_url, module, double, offset)
        await double.kill()
        double.faults = True
        await double.start()
        driver = driver_of(module)
        trader = BrokerTrader(token, chances, account=driver.account)
        run = CrashRun(driver, double, trader, database_url, module, chances)
        await run.until(kills)
        books, truth = await run.settle()
    check_against(books, truth)
    assert not [order for order in truth.orders if order.working]
    check_books(books, trader)
    return run
