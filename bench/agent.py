"""Quotes and orders through an agent, beside the same in the server: what the link adds.

The server runs in this process as `mesolive serve` runs it, the agent in a process of its own, joined by the hub of
agents over a socket of this machine. Quotes: a book of 2,000 contracts changes 10,000 times a second, one contract at a
time; each price is the moment of its change, so that its age is known when the server's book has it. Orders: limit
orders that rest, of plans of their own, sent in turns to a simulated connector in the server and to one in the agent.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import psutil

from bench._rounds import quantile
from bench.report import Absolute, Reported, Row
from mesolive import server
from mesolive.access.context import Role
from mesolive.app import Application
from mesolive.assembly import Overrides
from mesolive.clock import WallClock
from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.protocol import (
    ConnectionReport,
    Connector,
    ConnectorRequest,
    ConnectorState,
    ConnectorStatus,
)
from mesolive.connectors.registry import KINDS
from mesolive.connectors.remote.agent import Agent
from mesolive.connectors.remote.agent_folder import AgentFolder
from mesolive.connectors.remote.hub_link import hub_transport
from mesolive.connectors.remote.messages import Notice, Quotes
from mesolive.connectors.remote.provider import RemoteProvider
from mesolive.connectors.remote.provider_host import PAUSE_SECONDS
from mesolive.connectors.settings_model import ConnectorSettings
from mesolive.logs import configure_logs
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import settlement_instant, us_options_calendar
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import Expiration, OptionContract, Right, Settlement, Underlying
from mesolive.market.listing import Listing
from mesolive.market.provider import ProviderStatus
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.records import replace
from mesolive.samples import iron_condor
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.tasks import Tasks, Turns
from mesolive.trading.execution.risk_limits import Limits, set_limits
from mesolive.trading.portfolio.accounts import find_account
from mesolive.trading.portfolio.plans import NewPlan, PlanKind, find_plan, store_plan
from mesolive.venues.account_facts import BrokerFacts, DiscoveredAccount
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key, wait_for_job
from mesolive_sdk.models import AgentConnector, AgentStatus, DataProviderType

CONTRACTS = 2000
TICKS_PER_SECOND = 10_000
SECONDS = 10.0
WARM_SECONDS = 2.0
ORDERS = 150
WARM_ORDERS = 10
IN_SESSION = {"start": "2026-01-05T16:00:00Z", "hours": "always"}
LOCAL, FAR = "SIM1000", "SIM2000"
TICKING = "ticking"


class TickingProvider:
    """Quotes whose `last` is the moment of their change."""

    name = DataProviderType.Ibkr

    def __init__(self) -> None:
        day = date(2030, 1, 18)
        expiration = Expiration("SPXW", day, settlement_instant("SPXW", day), Settlement.PM)
        strikes = [Decimal(1000 + 5 * number) for number in range(CONTRACTS // 2)]
        listing = Listing(Underlying("SPX"), {expiration: {Right.CALL: strikes, Right.PUT: strikes}})
        self.book = QuoteBook(listing, WallClock(), us_options_calendar())
        self.books: Mapping[str, QuoteBook] = {"SPX": self.book}
        self.underlyings: Sequence[Underlying] = (listing.underlying,)
        self.status = ProviderStatus(AgentStatus.Disconnected)
        self.status_changes = ChangeSignal()
        self.tasks = Tasks()

    def subscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Do nothing: everything is quoted."""

    def unsubscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Do nothing."""

    async def start(self) -> None:
        now = datetime.now(UTC)
        self.book.set_underlying(now, UnderlyingPrices(last=5000.0))
        self.status = ProviderStatus(AgentStatus.Connected, connected_at=now)
        self.tasks.start_loop("ticks", self._tick)

    async def stop(self) -> None:
        await self.tasks.stop()
        self.status = ProviderStatus(AgentStatus.Disconnected, "stopped")

    async def _tick(self, turns: Turns) -> None:
        began, done = time.perf_counter(), 0
        while True:
            turns.turned()
            due = int((time.perf_counter() - began) * TICKS_PER_SECOND)
            now = datetime.now(UTC)
            for number in range(done, due):
                self.book.update(now, number % CONTRACTS, {"last": time.perf_counter()})
            done = due
            await asyncio.sleep(0.001)


class TickingConnector:
    """Brings the ticking quotes."""

    venue = None

    def __init__(self, request: ConnectorRequest) -> None:
        self.clock = request.clock
        self.provider = TickingProvider()
        self.status = ConnectorStatus(ConnectorState.DISABLED)
        self.status_changes = ChangeSignal()

    async def connect(self) -> None:
        await self.provider.start()
        self.status = ConnectorStatus(ConnectorState.CONNECTED)
        self.status_changes.bump()

    async def disconnect(self) -> None:
        await self.provider.stop()

    async def test(self) -> ConnectionReport:
        return ConnectionReport([])

    async def accounts(self) -> Sequence[DiscoveredAccount]:
        return []

    async def account_facts(self, account_id: str) -> BrokerFacts:  # noqa: ARG002 - as the protocol has it
        return BrokerFacts(as_of=self.clock.now())


def _ticking(request: ConnectorRequest) -> Connector:
    return cast("Connector", TickingConnector(request))


BENCH_KINDS: Mapping[str, ConnectorKind] = {
    **KINDS,
    TICKING: ConnectorKind(
        TICKING, "a bench", AgentConnector.Unknown, DataProviderType.Ibkr, None, ConnectorSettings, _ticking
    ),
}


def _agent(folder: str, url: str, key: str, parent: Connection) -> None:
    """Run the agent until the parent says so."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(64):
            writer.write(data)

    async def run() -> None:
        yardstick = await asyncio.start_server(echo, "127.0.0.1", 0)
        agent = Agent("bench", AgentFolder(Path(folder)), hub_transport(url, key), kinds=BENCH_KINDS)
        await agent.start()
        parent.send(yardstick.sockets[0].getsockname()[1])
        await asyncio.to_thread(parent.recv)
        await agent.stop()

    configure_logs(logging.WARNING, "console")
    server.run(run())


async def _connected(control: MesoLiveControlHubClient, name: str) -> None:
    async with asyncio.timeout(60):
        while True:
            for item in (await control.list_connectors()).Connectors:
                if item.Name == name and item.State is models.ConnectorStateType.Connected:
                    return
                if item.Name == name and not item.Enabled:
                    await control.enable_connector(models.ConnectorArgs(Name=name))
            await asyncio.sleep(0.05)


async def _plans(application: Application, control: MesoLiveControlHubClient, account: str) -> list[int]:
    """Prepare one entry, and store copies of its plan."""
    strategy = await control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=iron_condor(), ActiveOnAccounts=[account])
    )
    job = await control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName="bench",
            StrategyId=strategy.Id,
            BrokerAccountId=account,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            Underlying=application.market.to_live_underlying("SPX", DataProviderType.Simulated),
        )
    )
    ask = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    status = await wait_for_job(lambda: control.get_prepare_position_entry_status(ask))
    assert status.Result is not None, status.Error
    user = await application.access.user("bench")
    async with application.database.write(user.user_id) as tx:
        account_row = await find_account(tx, user.user_id, account)
        await set_limits(tx, account_row.id, replace(Limits(), max_orders_per_minute=1_000_000))
        plan = await find_plan(tx, user.user_id, status.Result.ExecPlanId)
        new = NewPlan(
            kind=PlanKind.ENTRY,
            strategy_id=plan.strategy_id,
            account_id=plan.account_id,
            position_id=None,
            position_name=plan.position_name,
            data_provider=None,
            qty_multiplier=plan.qty_multiplier,
            legs=plan.legs,
            created_at=plan.created_at,
        )
        return [await store_plan(tx, user.user_id, new) for _ in range(ORDERS + WARM_ORDERS)]


async def _send(control: MesoLiveControlHubClient, account: str, plan: int, legs: list[str]) -> float:
    args = models.SendOrderArgs(
        IdempotencyKey=new_idempotency_key(),
        BrokerAccountId=account,
        ExecPlanId=plan,
        LegGroupId=1,
        LegGroupOrder=models.LegGroupOrder(
            OrderType=models.OrderType.Limit,
            TimeInForce=models.TimeInForce.Day,
            LimitPrice=Decimal(-90),
            LegNames=legs,
        ),
    )
    began = time.perf_counter()
    answer = await control.send_order(args)
    assert answer.State is models.OrderState.Submitted, answer
    return time.perf_counter() - began


async def _orders(application: Application, control: MesoLiveControlHubClient) -> tuple[list[float], list[float]]:
    plans = {account: await _plans(application, control, account) for account in (LOCAL, FAR)}
    legs = [leg["Name"] for leg in iron_condor()["Structure"]["Legs"]] if "Structure" in iron_condor() else []
    if not legs:
        user = await application.access.user("bench")
        async with application.database.read() as tx:
            plan = await find_plan(tx, user.user_id, plans[LOCAL][0])
        legs = [leg.name for leg in plan.legs]
    taken: dict[str, list[float]] = {LOCAL: [], FAR: []}
    gc.collect()
    for _ in range(ORDERS + WARM_ORDERS):
        for account in (LOCAL, FAR):
            taken[account].append(await _send(control, account, plans[account].pop(), legs))
    return taken[LOCAL][WARM_ORDERS:], taken[FAR][WARM_ORDERS:]


async def _echoes(port: int, until: float) -> list[float]:
    """Return the times of bare round trips to the agent's process, 100 a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken: list[float] = []
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(b"ping")
        await reader.readexactly(4)
        taken.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    writer.close()
    return taken


async def _measure(folder: Path) -> list[Reported]:
    ages: list[float] = []
    counting = False
    original = RemoteProvider.notified

    def notified(self: RemoteProvider, notice: Notice) -> None:
        original(self, notice)
        if counting and isinstance(notice, Quotes):
            now = time.perf_counter()
            for part in notice.books:
                if "last" in part.values:
                    ages.extend(now - value for value in memoryview(part.values["last"]).cast("d"))

    RemoteProvider.notified = notified
    settings = Settings(port=0, database=f"sqlite:///{folder / 'mesolive.sqlite3'}")
    async with AsyncExitStack() as stack:
        application = await stack.enter_async_context(serving(settings, Overrides(kinds=BENCH_KINDS)))
        token = (await application.access.create_key("bench")).token
        key = (await application.access.create_key("bench", role=Role.AGENT)).token
        control = await stack.enter_async_context(MesoLiveControlHubClient(application.url, token))
        agents = AgentFolder(folder / "agent")
        agents.add("far", "simulated", {**IN_SESSION, "accounts": FAR, "market_data": "false"}, {})
        agents.add("ticks", TICKING, {}, {})
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        child = context.Process(target=_agent, args=(str(agents.path), application.url, key, theirs), daemon=True)
        child.start()
        stack.callback(child.kill)
        port: int = await asyncio.to_thread(ours.recv)
        await control.add_connector(
            models.AddConnectorArgs(
                Name="near", Kind="simulated", Settings={**IN_SESSION, "accounts": LOCAL}, Secrets={}
            )
        )
        for name in ("near", "far", "ticks"):
            await _connected(control, name)
        for name, account in (("near", LOCAL), ("far", FAR)):
            await control.enable_broker_account(models.EnableBrokerAccountArgs(Name=name, BrokerAccountId=account))
        await control.set_account_market_data(
            models.SetAccountMarketDataArgs(BrokerAccountId=FAR, DataProvider=DataProviderType.Simulated)
        )
        await asyncio.sleep(WARM_SECONDS)
        memory = [psutil.Process(child.pid).memory_info().rss, psutil.Process().memory_info().rss]
        spent, began, counting = time.process_time(), time.perf_counter(), True
        echoes = await _echoes(port, time.perf_counter() + SECONDS)
        counting, elapsed, spent = False, time.perf_counter() - began, time.process_time() - spent
        grown = [
            psutil.Process(child.pid).memory_info().rss - memory[0],
            psutil.Process().memory_info().rss - memory[1],
        ]
        await control.disable_connector(models.ConnectorArgs(Name="ticks"))
        near, far = await _orders(application, control)
        ours.send("stop")
        await asyncio.to_thread(child.join, 20)
    RemoteProvider.notified = original
    milliseconds = [1000.0 * age for age in ages]
    added = 1000.0 * (statistics.median(far) - statistics.median(near))
    return [
        Row(
            "age of a quote in the server's book, p99, at 10,000 changes/s through an agent",
            quantile(milliseconds, 0.99),
            target=10.0,
            moonshot=5.0,
            unit=" ms",
            absolutes=[
                Absolute("p50", quantile(milliseconds, 0.5), "ms"),
                Absolute("quotes that came", len(ages) / elapsed, "/s"),
                Absolute("processor of the server", 100 * spent / elapsed, "%"),
            ],
        ),
        Row(
            "that age, p99 : bare round trip to the agent's process meanwhile, p99, and the pause between batches",
            quantile(milliseconds, 0.99) / (1000 * (quantile(echoes, 0.99) + PAUSE_SECONDS)),
            target=2.0,
            absolutes=[
                Absolute("round trip, p50", 1000 * quantile(echoes, 0.5), "ms"),
                Absolute("round trip, p99", 1000 * quantile(echoes, 0.99), "ms"),
            ],
        ),
        Row(
            "memory grown in 10 s of it, agent and server together",
            sum(grown) / 2**20,
            target=16.0,
            unit=" MB",
            absolutes=[Absolute("agent", grown[0] / 2**20, "MB"), Absolute("server", grown[1] / 2**20, "MB")],
        ),
        Row(
            "SendOrder through an agent, p50, beyond the same in the server",
            added,
            target=3.0,
            moonshot=1.5,
            unit=" ms",
        ),
        Row(
            "SendOrder through an agent : in the server, p50",
            statistics.median(far) / statistics.median(near),
            target=2.0,
            absolutes=[
                Absolute("in the server", 1000 * statistics.median(near), "ms"),
                Absolute("through the agent", 1000 * statistics.median(far), "ms"),
                Absolute("in the server, p90", 1000 * quantile(near, 0.9), "ms"),
                Absolute("through the agent, p90", 1000 * quantile(far, 0.9), "ms"),
            ],
        ),
    ]


def run() -> Sequence[Reported]:
    configure_logs(logging.WARNING, "console")
    with tempfile.TemporaryDirectory() as folder:
        return server.run(_measure(Path(folder)))
