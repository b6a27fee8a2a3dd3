"""Lets server and broker live and die while a trader trades, and compares the books with what the broker did."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

from sqlalchemy import select

from mesolive.access.context import Role
from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.connectors.remote.agent_folder import AgentFolder
from mesolive.market.contracts import OptionContract
from mesolive.store.database import Database
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.trading import accounts, exec_plans
from mesolive.trading.execution.risk_limits import Limits, set_limits
from mesolive.trading.portfolio.accounts import find_account
from mesolive.trading.portfolio.contract_rows import from_row
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_testkit.agent_crash.children import KEY_FILE
from mesolive_testkit.agent_crash.run import Part
from mesolive_testkit.broker_crash import agent_child, server_child
from mesolive_testkit.broker_crash.double_child import DoubleProcess, double_process, driver_of
from mesolive_testkit.broker_crash.drivers import BrokerTruth, DoubleRequest
from mesolive_testkit.connectors import IN_SESSION
from mesolive_testkit.store.crash_child import SECRET
from mesolive_testkit.venues.crash_checks import Books, check_books, check_events, read_books
from mesolive_testkit.venues.crash_trader import ADJUSTMENTS, Trader, working_orders
from mesolive_testkit.venues.server_process import LIFE_SECONDS, Life, life

QUOTES, BROKER = "quotes", "broker"
CONNECT_SECONDS = 180.0
MAX_ACTIONS = range(2, 10)
"""After how many actions a life is ended from outside that no step of writing has ended: in actions, not in seconds,
so that a busy machine has as hard a run."""
MAX_LIFE_SECONDS = 60.0
WITHOUT_VENUE_SECONDS = 0.25
SETTLE_SECONDS = 120.0
DIE_AT = ((20, 200), (200, 1000))
"""At which step of writing a server dies: in every other life soon, for the first steps are those of its start."""
OTHERS_DIE_AFTER = (0.5, 4.0)
"""Seconds of a server's life after which double and agent die."""
ADJUSTED = {f"adjust by {operation.name}" for operation, _ in ADJUSTMENTS.values()}
DOUBLE_DIES = 0.4
AGENT_DIES = (20, 300)


@dataclass
class BrokerTrader(Trader):
    """Trades at a broker: what it refuses while it cannot be reached is no matter."""

    async def until_gone(self, running: Life) -> None:
        """Trade until the server is gone."""
        with contextlib.suppress(MesoLiveSignalRError, TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS), self.connected(running.url) as control:
                await connected(control, BROKER)
                async with asyncio.timeout(MAX_LIFE_SECONDS):
                    for _ in range(self.random.choice(MAX_ACTIONS)):
                        if running.over:
                            break
                        try:
                            # Orders that are refused for want of a connection would take most steps of a life.
                            await connected(control, BROKER)
                            refused = self._without_venue()
                            await self.act(control)
                            if self._without_venue() > refused:
                                # The connection is there before its session of orders: a refusal a moment is enough.
                                await asyncio.sleep(WITHOUT_VENUE_SECONDS)
                        except MesoLiveApiException as error:
                            self.actions[f"refused: {error.status.name}"] += 1
                            await asyncio.sleep(0.02)  # such as: there are no quotes yet
        running.kill()
        await running.death()

    @property
    def sent(self) -> int:
        """How many orders were accepted, those that replace others left out."""
        return sum(count for name, count in self.actions.items() if name == "send" or name in ADJUSTED)

    def _without_venue(self) -> int:
        """Return how many calls were refused because the venue was not connected."""
        refusal = f": {models.StatusCode.ProviderUnavailable.name}"
        return sum(count for name, count in self.actions.items() if name.endswith(refusal))


async def _at_most(seconds: float, gone: asyncio.Event) -> None:
    """Wait for some seconds of a server's life, or until it is over: nothing is learnt from a wait for no server."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await gone.wait()


async def listed(control: MesoLiveControlHubClient, name: str) -> None:
    """Wait until an agent offers a connection."""
    async with asyncio.timeout(CONNECT_SECONDS):
        while True:
            if name in {item.Name for item in (await control.list_connectors()).Connectors}:
                return
            await asyncio.sleep(0.02)  # the agent is another process: there is nothing to wait on but time


async def connected(control: MesoLiveControlHubClient, name: str) -> models.ConnectorInfo:
    """Wait until a connection trades."""
    async with asyncio.timeout(CONNECT_SECONDS):
        while True:
            for item in (await control.list_connectors()).Connectors:
                if item.Name == name and item.State.value in {"Connected", "Restricted"} and item.Accounts:
                    return item
            await asyncio.sleep(0.02)  # the server is another process: there is nothing to wait on but time


@dataclass
class CrashRun:
    """A day of kills.

    Attributes
    ----------
    module
        Of the broker's driver.
    with_agent
        Whether the broker's connector runs in an agent, a process of its own that dies too.
    kills
        How often server, double and agent died.
    fired
        How often each fault struck.
    """

    folder: Path
    module: str
    seed: int
    with_agent: bool = False
    kills: Counter[str] = field(default_factory=Counter[str])
    fired: Counter[str] = field(default_factory=Counter[str])
    trader: BrokerTrader = field(init=False)
    double: DoubleProcess = field(init=False)

    def __post_init__(self) -> None:
        self.driver = driver_of(self.module)
        self.random = Random(self.seed)  # noqa: S311 - to be repeated
        self.database_url = f"sqlite:///{self.folder / 'mesolive.sqlite3'}"
        self.offset = (datetime.fromisoformat(IN_SESSION["start"]) - datetime.now(UTC)).total_seconds()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.agent_folder = self.folder / "agent"
        target = (self.module, f"http://127.0.0.1:{self.port}")
        self.agent = Part(lambda die_at: life(str(self.agent_folder), target, die_at, agent_child.run))

    async def run(self, kills: int) -> None:
        """Let all live and die at least so often in all, settle everything, and check."""
        async with double_process(self.module, DoubleRequest(self.folder, 0, self.offset, self.seed)) as self.double:
            try:
                await self._prepare()
                await self.double.kill()
                self.double.faults = True
                await self.double.start()
                # A run is as hard as its orders are many: an idle server loses nothing when it dies.
                while min(self.kills.total(), self.trader.sent) < kills:
                    await self._one_life()
                books, truth = await self._settle()
            finally:
                await self.agent.end()
        check_against(books, truth)
        assert not [order for order in truth.orders if order.working]
        check_books(books, self.trader)

    def _life(self, die_at: int | None) -> AbstractAsyncContextManager[Life | None]:
        return life(self.database_url, (self.module, self.port), die_at, server_child.run)

    async def _prepare(self) -> None:
        """Make a user, and connect the server to the double and to quotes."""
        driver = self.driver
        database = await Database.open(self.database_url)
        access = Access(database, ServerSecret(SECRET))
        self.trader = BrokerTrader((await access.create_key("trader")).token, self.random, account=driver.account)
        agent_key = (await access.create_key("trader", role=Role.AGENT)).token
        await database.close()
        quotes = {**IN_SESSION, "seed": "7"}
        settings, secrets = driver.settings(self.double.port, self.offset), dict(driver.secrets)
        if self.with_agent:
            AgentFolder(self.agent_folder).add(BROKER, driver.kind.name, settings, secrets)
            (self.agent_folder / KEY_FILE).write_text(agent_key)
        async with self._life(None) as running:
            assert running is not None
            async with MesoLiveControlHubClient(running.url, self.trader.token) as control:
                if driver.quotes is None:
                    await control.add_connector(
                        models.AddConnectorArgs(Name=QUOTES, Kind="simulated", Settings=quotes, Secrets={})
                    )
                if self.with_agent:
                    await self.agent.start(None)
                    await listed(control, BROKER)
                else:
                    await control.add_connector(
                        models.AddConnectorArgs(Name=BROKER, Kind=driver.kind.name, Settings=settings, Secrets=secrets)
                    )
                for name in (QUOTES, BROKER) if driver.quotes is None else (BROKER,):
                    await control.enable_connector(models.ConnectorArgs(Name=name))
                    await connected(control, name)
                args = models.EnableBrokerAccountArgs(Name=BROKER, BrokerAccountId=driver.account)
                await control.enable_broker_account(args)
                await control.set_account_market_data(
                    models.SetAccountMarketDataArgs(
                        BrokerAccountId=driver.account,
                        DataProvider=driver.quotes or models.DataProviderType.Simulated,
                        AcceptDelayed=False,
                    )
                )
        database = await Database.open(self.database_url)
        async with database.write() as tx:
            # At the usual limit most calls of a long run would be refused, and most kills would hit an idle server.
            owner = await tx.first(select(accounts.c.user_id))
            assert owner is not None
            account = await find_account(tx, owner.user_id, driver.account)
            await set_limits(tx, account.id, Limits(max_orders_per_minute=1_000_000, allow_live=True))
        await database.close()

    async def _one_life(self) -> None:
        """Let the server live and die once, and double and agent perhaps in the middle of it."""
        async with self._life(self.random.randint(*self.random.choice(DIE_AT))) as running:
            self.kills["server"] += 1
            if running is None:
                return
            gone = asyncio.Event()
            dying = [asyncio.create_task(self._kill_double(gone))]
            if self.with_agent:
                dying.append(asyncio.create_task(self._kill_agent(gone)))
            try:
                await self.trader.until_gone(running)
            finally:
                gone.set()
                await asyncio.gather(*dying)

    async def _kill_double(self, gone: asyncio.Event) -> None:
        """Kill the double at some moment of the server's life, and start it again a little later."""
        if not self.driver.outlives_kills or self.random.random() >= DOUBLE_DIES:
            return
        after, down = self.random.uniform(*OTHERS_DIE_AFTER), self.random.choice([0.0, 0.0, 0.5])
        await _at_most(after, gone)
        self.fired.update((await self.double.truth()).fired)
        await self.double.kill()
        self.kills["double"] += 1
        await asyncio.sleep(down)
        await self.double.start()

    async def _kill_agent(self, gone: asyncio.Event) -> None:
        """Kill the agent at some moment of the server's life, and start it again; it dies at its steps, too."""
        after = self.random.uniform(*OTHERS_DIE_AFTER)
        die_at = self.random.randint(*AGENT_DIES)
        if not self.agent.over and self.random.random() >= DOUBLE_DIES:
            return
        await _at_most(after, gone)
        self.kills["agent"] += 1
        await self.agent.start(die_at)

    async def _settle(self) -> tuple[Books, BrokerTruth]:
        """Let all faults end and every doubt be resolved; return what both sides say then."""
        self.fired.update((await self.double.truth()).fired)
        await self.double.calm()
        if self.with_agent:
            await self.agent.start(None)
        async with self._life(None) as running:
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
    assert books.contracts == truth.positions, differences(books.contracts, truth.positions)
    assert not differences(traded(books), truth.traded)
    assert len(books.facts) == len(set(books.facts)), "an execution was reported twice"
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
