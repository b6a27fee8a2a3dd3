"""Durable `SendOrder` through hub, store and simulated venue, beside raw SQLite commits of the same disk.

Server and clients share this process, its one core and its event loop, which is the one that `mesolive serve` runs on.
Each order is a limit order that rests, of a plan of its own; an answer is given when the order, the venue's
acknowledgement and the answer itself are committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from bench.report import Figure
from mesolive import server
from mesolive.app import Application, Overrides
from mesolive.clock import ManualClock
from mesolive.logs import configure_logs
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.samples import iron_condor
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.trading.execution.risk_limits import Limits, set_limits
from mesolive.trading.portfolio.accounts import find_account
from mesolive.trading.portfolio.plans import NewPlan, PlanKind, find_plan, store_plan
from mesolive.venues.base import Execution, SettlementFact
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveEventHubClient, models, new_idempotency_key, wait_for_job

ACCOUNT = "SIM1000"
ALONE = 150
TOGETHER = 32
EACH = 20
FILLS = 200
WARM = 20
START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)


def raw_commits(file: Path, number: int = 300) -> float:
    """Return how many transactions of one small row this disk makes durable in a second, one after another."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (number INTEGER, body TEXT)")
    started = time.perf_counter()
    for row in range(number):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows VALUES (?, ?)", (row, "x" * 200))
        connection.execute("COMMIT")
    spent = time.perf_counter() - started
    connection.close()
    return number / spent


class TimedVenue(SimulatedVenue):
    """Notes the moment of its last fill."""

    filled_at = 0.0

    def tell_fill(self, execution: Execution | SettlementFact) -> None:
        self.filled_at = time.perf_counter()
        super().tell_fill(execution)


class Bench:
    """A server with an account, and as many plans as orders are sent."""

    def __init__(
        self, application: Application, control: MesoLiveControlHubClient, stack: contextlib.AsyncExitStack
    ) -> None:
        self.application = application
        self.control = control
        self._stack = stack
        self.token = ""
        self.plans: list[int] = []
        self.legs: list[str] = []
        self.strategy_id = 0
        self.filled_at: Callable[[], float] = time.perf_counter

    async def prepare(self, number: int) -> None:
        """Prepare one entry through the hub, and store copies of its plan."""
        strategy = await self.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=iron_condor(), ActiveOnAccounts=[ACCOUNT])
        )
        self.strategy_id = strategy.Id
        job = await self.control.start_prepare_position_entry(
            models.PreparePositionEntryArgs(
                IdempotencyKey=new_idempotency_key(),
                PositionName="bench",
                StrategyId=strategy.Id,
                BrokerAccountId=ACCOUNT,
                LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
                Underlying=self.application.market.to_live_underlying("SPX"),
            )
        )
        ask = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
        status = await wait_for_job(lambda: self.control.get_prepare_position_entry_status(ask))
        assert status.Result is not None, status.Error
        self.legs = status.Result.LegGroups[1]
        user = await self.application.access.user("bench")
        database = self.application.database
        async with database.write(user.user_id) as tx:
            account = await find_account(tx, user.user_id, ACCOUNT)
            await set_limits(tx, account.id, replace(Limits(), max_orders_per_minute=1_000_000))
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
                created_at=START,
            )
            self.plans = [await store_plan(tx, user.user_id, new) for _ in range(number)]

    def order(self, *, resting: bool = True) -> models.SendOrderArgs:
        """Return the order of the next plan."""
        return models.SendOrderArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=ACCOUNT,
            ExecPlanId=self.plans.pop(),
            LegGroupId=1,
            LegGroupOrder=models.LegGroupOrder(
                OrderType=models.OrderType.Limit if resting else models.OrderType.Market,
                TimeInForce=models.TimeInForce.Day,
                LimitPrice=Decimal(-90) if resting else None,
                LegNames=self.legs,
            ),
        )

    async def alone(self, number: int) -> list[float]:
        """Send orders one after another; return the milliseconds of each."""
        times: list[float] = []
        for _ in range(number):
            args = self.order()
            started = time.perf_counter()
            sent = await self.control.send_order(args)
            times.append((time.perf_counter() - started) * 1000)
            assert sent.State is models.OrderState.Submitted
        return times

    async def together(self) -> tuple[list[float], float]:
        """Send orders from many connections at once; return the milliseconds of each and orders per second."""
        clients = [
            await self._stack.enter_async_context(MesoLiveControlHubClient(self.application.url, self.token))
            for _ in range(TOGETHER)
        ]
        times: list[float] = []

        async def caller(control: MesoLiveControlHubClient) -> None:
            for args in [self.order() for _ in range(EACH)]:
                started = time.perf_counter()
                await control.send_order(args)
                times.append((time.perf_counter() - started) * 1000)

        started = time.perf_counter()
        await asyncio.gather(*(caller(control) for control in clients))
        return times, len(times) / (time.perf_counter() - started)

    async def fills(self) -> list[float]:
        """Send market orders; return the milliseconds from the venue's fill to the client's event, for each."""
        heard: asyncio.Queue[float] = asyncio.Queue()
        events = await self._stack.enter_async_context(MesoLiveEventHubClient(self.application.url, self.token))

        def hear(event: models.OrderUpdateEvent) -> None:
            if event.State is models.OrderState.Filled:
                heard.put_nowait(time.perf_counter())

        events.on_order_update(hear)
        await events.subscribe_to_strategies()
        times: list[float] = []
        for _ in range(FILLS + 5):
            await self.control.send_order(self.order(resting=False))
            times.append((await asyncio.wait_for(heard.get(), 10) - self.filled_at()) * 1000)
            await self.application.desk.completion.close()  # what opens the position is not in the figure
        return sorted(times[5:])


async def measure() -> list[Figure]:
    """Start a server, send orders, and return the figures."""
    with tempfile.TemporaryDirectory() as directory:
        before = raw_commits(Path(directory) / "raw.sqlite3")
        clock = ManualClock(START)
        settings = Settings(port=0, database=f"sqlite:///{directory}/bench.sqlite3")
        market = Market([SimulatedProvider.generated(clock)])
        venue = TimedVenue(market, clock, Path(directory) / "venue.jsonl")
        async with (
            serving(settings, Overrides((market, clock), [venue])) as application,
            contextlib.AsyncExitStack() as stack,
        ):
            token = (await application.access.create_key("bench")).token
            user = await application.access.user("bench")
            await application.accounts.create_simulated(user, ACCOUNT, Decimal(100_000))
            control = await stack.enter_async_context(MesoLiveControlHubClient(application.url, token))
            bench = Bench(application, control, stack)
            bench.token = token
            bench.filled_at = lambda: venue.filled_at
            gc.collect()
            gc.freeze()  # as `mesolive serve` does
            await bench.prepare(WARM + ALONE + TOGETHER * EACH + FILLS + 10)
            await bench.alone(WARM)
            alone = sorted(await bench.alone(ALONE))
            together, rate = await bench.together()
            together.sort()
            fills = await bench.fills()
        gc.unfreeze()
        after = raw_commits(Path(directory) / "raw2.sqlite3")
    raw = (before + after) / 2
    return [
        Figure("raw SQLite commits, synchronous FULL, one writer", raw, "per second"),
        Figure("SendOrder, 1 caller, p50", statistics.median(alone), "ms", 4),
        Figure("SendOrder, 1 caller, p99", alone[int(len(alone) * 0.99)], "ms"),
        Figure("SendOrder, 1 caller", 1000 / statistics.mean(alone), "per second"),
        Figure("SendOrder, 32 callers, p50", statistics.median(together), "ms"),
        Figure("SendOrder, 32 callers, p99", together[int(len(together) * 0.99)], "ms"),
        Figure("SendOrder, 32 callers", rate, "per second"),
        Figure("SendOrder at 32 callers / raw commits", rate / raw, "ratio", 0.25, "higher"),
        Figure("fill at the venue to OnOrderUpdate at the client, p50", statistics.median(fills), "ms"),
        Figure("fill at the venue to OnOrderUpdate at the client, p99", fills[int(len(fills) * 0.99)], "ms", 20),
    ]


def run() -> Sequence[Figure]:
    """Measure."""
    configure_logs()  # as `mesolive serve` does: without it every call would be written out
    return server.run(measure())
