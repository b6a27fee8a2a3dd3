"""Durable `SendOrder` through hub, store and simulated venue, beside raw SQLite commits and bare hub calls.

The server runs in this process as `mesolive serve` runs it, the callers in a process of their own. Each order is a
limit order that rests, of a plan of its own; an answer is given when the order, the venue's acknowledgement and the
answer itself are committed. Server and yardsticks are measured in turns, on the same disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Self

import msgspec

from bench._callers import Call, Callers, Load
from bench._rounds import quantile
from bench.report import Absolute, Reported, Row
from bench.yardsticks import bare_hub_call, raw_commits
from mesolive import server
from mesolive.app import Application
from mesolive.assembly import Overrides
from mesolive.clock import ManualClock
from mesolive.logs import configure_logs
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.samples import iron_condor
from mesolive.server import calm_collector, serving
from mesolive.settings import Settings
from mesolive.trading.execution.risk_limits import Limits, set_limits
from mesolive.trading.portfolio.accounts import find_account
from mesolive.trading.portfolio.plans import NewPlan, PlanKind, find_plan, store_plan
from mesolive.venues.base import Execution, SettlementFact
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import (
    MesoLiveControlHubClient,
    MesoLiveEventHubClient,
    models,
    new_idempotency_key,
    wait_for_job,
    wire,
)

ACCOUNT = "SIM1000"
ALONE = 100
TOGETHER = 32
EACH = 20
ROUNDS = 3
FILLS = 200
WARM = 5
START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)


class TimedVenue(SimulatedVenue):
    """Notes the moment of its last fill."""

    filled_at = 0.0

    def report_fill(self, execution: Execution | SettlementFact) -> None:
        self.filled_at = time.perf_counter()
        super().report_fill(execution)


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

    @classmethod
    async def on(cls, application: Application, stack: contextlib.AsyncExitStack) -> Self:
        """Return one on a running server: with a user, a key, a simulated account and a client."""
        token = (await application.access.create_key("bench")).token
        user = await application.access.user("bench")
        await application.accounts.create_simulated(user, ACCOUNT, Decimal(100_000))
        bench = cls(
            application, await stack.enter_async_context(MesoLiveControlHubClient(application.url, token)), stack
        )
        bench.token = token
        return bench

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

    async def send(self, load: Callers, each: int) -> tuple[Load, float]:
        """Have all callers of a process send orders, one after another; return their times and the server's CPU."""
        calls = [[_call(self.order()) for _ in range(each)] for _ in range(load.count)]
        before = time.process_time()
        played = await asyncio.to_thread(load.play, calls)
        spent = time.process_time() - before
        for raw in played.results:
            answer = wire.decode_json(raw, models.MesoLiveApiResponse[models.SendOrderResult])
            assert answer.Data is not None, answer.Message
            assert answer.Data.State is models.OrderState.Submitted
        return played, spent

    async def fills(self) -> list[float]:
        """Send market orders; return the milliseconds from the venue's fill to the client's event, for each."""
        received: asyncio.Queue[float] = asyncio.Queue()
        events = await self._stack.enter_async_context(MesoLiveEventHubClient(self.application.url, self.token))

        def hear(event: models.OrderUpdateEvent) -> None:
            if event.State is models.OrderState.Filled:
                received.put_nowait(time.perf_counter())

        events.on_order_update(hear)
        await events.subscribe_to_strategies()
        times: list[float] = []
        for _ in range(FILLS + 5):
            await self.control.send_order(self.order(resting=False))
            times.append((await asyncio.wait_for(received.get(), 10) - self.filled_at()) * 1000)
            await self.application.desk.completion.close()  # what opens the position is not in the figure
        return sorted(times[5:])


def _call(args: models.SendOrderArgs) -> Call:
    return Call("SendOrder", [msgspec.json.decode(wire.encode_json(args))])


@dataclass(frozen=True, slots=True)
class Round:
    """Orders and their yardsticks of one minute; times in seconds, rates per second."""

    alone_p50: float
    alone_p99: float
    alone_base: float
    rate: float
    together_p50: float
    together_p99: float
    raw_rate: float
    cpu: float
    bare_cpu: float


async def _round(bench: Bench, alone: Callers, together: Callers, directory: Path) -> Round:
    raw = await asyncio.to_thread(raw_commits, 1, directory)
    bare = await asyncio.to_thread(bare_hub_call, 1, 1_000)
    single, _ = await bench.send(alone, ALONE)
    raws = await asyncio.to_thread(raw_commits, TOGETHER, directory)
    bares = await asyncio.to_thread(bare_hub_call, TOGETHER)
    many, spent = await bench.send(together, EACH)
    return Round(
        alone_p50=quantile(single.took, 0.5),
        alone_p99=quantile(single.took, 0.99),
        alone_base=2 * raw.p50_seconds + bare.p50_seconds,
        rate=many.per_second,
        together_p50=quantile(many.took, 0.5),
        together_p99=quantile(many.took, 0.99),
        raw_rate=raws.per_second,
        cpu=spent / len(many.took),
        bare_cpu=bares.cpu_seconds,
    )


def _rows(rounds: Sequence[Round]) -> list[Row]:
    def middle(figure: Callable[[Round], float]) -> float:
        return statistics.median(figure(each) for each in rounds)

    return [
        Row(
            f"CPU per SendOrder, {TOGETHER} callers : CPU of a bare hub call",
            middle(lambda each: each.cpu / each.bare_cpu),
            5,
            3,
            absolutes=[
                Absolute("CPU per SendOrder", middle(lambda each: each.cpu) * 1e3, "ms"),
                Absolute("CPU per bare hub call", middle(lambda each: each.bare_cpu) * 1e3, "ms"),
            ],
        ),
        Row(
            f"SendOrder, {TOGETHER} callers : raw one-row commits, {TOGETHER} callers",
            middle(lambda each: each.rate / each.raw_rate),
            0.6,
            1.0,
            "higher",
            [
                Absolute("SendOrder", middle(lambda each: each.rate), "per second"),
                Absolute("raw commits", middle(lambda each: each.raw_rate), "per second"),
                Absolute("SendOrder, p50", middle(lambda each: each.together_p50) * 1e3, "ms"),
                Absolute("SendOrder, p99", middle(lambda each: each.together_p99) * 1e3, "ms"),
            ],
        ),
        Row(
            "SendOrder p50, 1 caller : (2 raw commits + 1 bare hub call) p50",
            middle(lambda each: each.alone_p50 / each.alone_base),
            3,
            2,
            absolutes=[
                Absolute("SendOrder, p50", middle(lambda each: each.alone_p50) * 1e3, "ms"),
                Absolute("SendOrder, p99", middle(lambda each: each.alone_p99) * 1e3, "ms"),
                Absolute("2 raw commits and 1 bare hub call, p50", middle(lambda each: each.alone_base) * 1e3, "ms"),
            ],
        ),
    ]


async def measure() -> list[Reported]:
    """Start a server, send orders, and return the figures."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        clock = ManualClock(START)
        settings = Settings(port=0, database=f"sqlite:///{directory}/bench.sqlite3")
        market = Market([SimulatedProvider.generated(clock)])
        venue = TimedVenue(market, clock, directory / "venue.jsonl")
        async with (
            serving(settings, Overrides((market, clock), [venue])) as application,
            contextlib.AsyncExitStack() as stack,
        ):
            bench = await Bench.on(application, stack)
            bench.filled_at = lambda: venue.filled_at
            calm_collector()  # as `mesolive serve` does
            await bench.prepare(WARM * (TOGETHER + 1) + ROUNDS * (ALONE + TOGETHER * EACH) + FILLS + 10)
            path = f"/hubs/control/v1?access_token={bench.token}"
            alone, together = [
                stack.enter_context(Callers(int(application.url.rpartition(":")[2]), path, count))
                for count in (1, TOGETHER)
            ]
            await bench.send(alone, WARM)
            await bench.send(together, WARM)
            rounds = [await _round(bench, alone, together, directory) for _ in range(ROUNDS)]
            fills = await bench.fills()
        gc.unfreeze()
    reported = "fill at the venue to OnOrderUpdate at the client"
    return [
        *_rows(rounds),
        Absolute(f"{reported}, p50", quantile(fills, 0.5), "ms"),
        Absolute(f"{reported}, p99", quantile(fills, 0.99), "ms"),
    ]


def run() -> Sequence[Reported]:
    """Measure; takes a minute."""
    configure_logs()  # as `mesolive serve` does: without it every call would be written out
    return server.run(measure())
