"""Signals: a thousand positions evaluated, with the store and without, a simulated day at full speed, memory over days.

Each position has four legs; its strategy has seven exit conditions and three conditional adjustments. What is measured
first is a whole evaluation as the server makes it every minute: reading everything from the store, evaluating it,
telling nothing because nothing changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psutil
from sqlalchemy import insert, select

from bench.report import Absolute, Row
from bench.yardsticks import python_loop
from mesolive.app import Application
from mesolive.assembly import Overrides
from mesolive.backtest.runner import Progress, Request, StepClock, replay
from mesolive.clock import ManualClock
from mesolive.language import compile_strategy, parse_definition
from mesolive.language.decision import AccountState
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.samples import iron_condor
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.signals.consideration import ConsideredTimes
from mesolive.signals.evaluation import Times, Watched, evaluate
from mesolive.signals.keys import Names, Scope
from mesolive.store.tables.trading import legs, positions
from mesolive.trading.portfolio.positions import open_positions_of_account
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key, wait_for_job

POSITIONS = 1000
RUNS = 7
DAYS = 3
ACCOUNT = "ML1000"
NOON = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)


def definition() -> dict[str, Any]:
    """Return an iron condor with ten conditions."""
    watched = [
        "underlying_price > 1.2 * underlying_today_open",
        "pos_delta > 60",
        "pos_delta < -60",
        "leg_short_put_delta < -60",
        "leg_short_call_delta > 60",
        "pos_vega > 5000 and days_in_trade > 3",
        "leg_short_put_dte < 5",
    ]
    moves = {
        f"leg_{side}_price > {price} -- {side}": {
            "MoveLegAdjustment": {"LegName": side, "StrikeSelector": {"Delta": "16"}}
        }
        for side, price in (("short_put", 400), ("short_call", 400), ("long_put", 500))
    }
    return iron_condor() | {"Exit": {"Conditions": watched}, "Adjustment": {"ConditionalAdjustments": moves}}


async def _enter(control: MesoLiveControlHubClient, application: Application) -> int:
    strategy = await control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[ACCOUNT])
    )
    job = await control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName="bench",
            StrategyId=strategy.Id,
            BrokerAccountId=ACCOUNT,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            Underlying=application.market.to_live_underlying("SPX"),
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    status = await wait_for_job(lambda: control.get_prepare_position_entry_status(args))
    result = status.Result
    assert result is not None, status.Error
    fills = {
        name: models.PaperLegFill(Price=round(result.LegPrices[name].Mark or Decimal(0), 2))
        for name in result.SelectedLegs
    }
    booked = await control.apply_paper_fills(
        models.ApplyPaperFillsArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=ACCOUNT,
            ExecPlanId=result.ExecPlanId,
            PaperLegFills=fills,
        )
    )
    return booked.PositionId


async def _multiply(application: Application, position_id: int, number: int) -> None:
    """Write copies of a position with its legs: entering a thousand would measure something else."""
    async with application.database.write() as tx:
        original = (await tx.all(select(positions).where(positions.c.id == position_id)))[0]
        its = await tx.all(select(legs).where(legs.c.position_id == position_id))
        for copy in range(1, number):
            new_id = position_id + copy
            await tx.execute(insert(positions), [{**original._asdict(), "id": new_id, "name": f"bench {copy}"}])
            rows: list[Mapping[str, Any]] = [
                {key: value for key, value in leg._asdict().items() if key != "id"} | {"position_id": new_id}
                for leg in its
            ]
            await tx.execute(insert(legs), rows)


async def measure() -> tuple[float, float]:
    """Start a server, fill it with positions, and evaluate; return the CPU seconds without the store and with it."""
    clock = ManualClock(NOON)
    market = Market([SimulatedProvider.generated(clock, seed=7)])
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(port=0, database=f"sqlite:///{directory}/bench.sqlite3")
        async with (
            serving(settings, Overrides((market, clock), replay=random.Random)) as application,
            contextlib.AsyncExitStack() as stack,
        ):
            token = (await application.access.create_key("bench")).token
            user = await application.access.user("bench")
            await application.accounts.create_paper(user, ACCOUNT, Decimal(10_000_000))
            control = await stack.enter_async_context(MesoLiveControlHubClient(application.url, token))
            await _multiply(application, await _enter(control, application), POSITIONS)
            whole: list[float] = []
            for _ in range(RUNS):
                await clock.advance(60)
                started = time.process_time()
                await application.signals.evaluate()
                whole.append(time.process_time() - started)
            async with application.database.read() as tx:
                held = await open_positions_of_account(tx, user.user_id, 1)
            assert len(held) == POSITIONS
            strategy = compile_strategy(parse_definition(definition()))
            alone: list[float] = []
            dice = random.Random(1)  # noqa: S311 - no secret
            for _ in range(RUNS):
                await clock.advance(60)
                view = market.view("SPX")
                view.warm()
                states = tuple(holding.language_state for holding in held)
                account = AccountState(Decimal(10_000_000), Decimal(10_000_000), states, len(states))
                watched = [
                    Watched(Names(Scope(1, 1, 1, holding.id), "bench", ACCOUNT, holding.name), state)
                    for holding, state in zip(held, states, strict=True)
                ]
                started = time.process_time()
                evaluate(strategy, view, account, None, watched, {}, lambda _scope: dice, Times(ConsideredTimes(), {}))
                alone.append(time.process_time() - started)
    return statistics.median(alone), statistics.median(whole)


def request(last: datetime) -> Request:
    """Return a replay of a generated market from 5 January 2026 on, evaluated each minute."""
    clock = StepClock(datetime(2026, 1, 5, 14, 30, tzinfo=UTC))
    provider = SimulatedProvider.generated(clock, seed=7, step=timedelta(seconds=60))
    return Request(
        definition=iron_condor(),
        market=Market([provider]),
        clock=clock,
        first=clock.now(),
        last=last,
        every=60,
        cash=Decimal(100_000),
        commission=Decimal("0.65"),
        seed=1,
    )


def simulated_day() -> float:
    """Return the CPU seconds of a simulated day."""
    started = time.process_time()
    outcome = asyncio.run(replay(request(datetime(2026, 1, 5, 21, 0, tzinfo=UTC))))
    assert outcome.balances
    return time.process_time() - started


def print_resident_memory() -> None:
    """Replay five days and print the resident memory after each, in bytes: for a process of its own."""
    process = psutil.Process()
    today: date | None = None

    def on_progress(progress: Progress) -> None:
        nonlocal today
        if today is not None and progress.moment.date() != today:
            print(process.memory_info().rss)
        today = progress.moment.date()

    asyncio.run(replay(request(datetime(2026, 1, 9, 21, 0, tzinfo=UTC)), on_progress))
    print(process.memory_info().rss)


def days_row() -> Row:
    """Return by how much five days of market exceed the first in memory."""
    command = [sys.executable, "-c", "import bench.signals; bench.signals.print_resident_memory()"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    resident = [int(line) / 2**20 for line in output.split()]
    return Row(
        "five days of market: resident memory after the last day less that after the first",
        resident[-1] - resident[0],
        target=10.0,
        absolutes=[Absolute(f"after day {day}", memory, "MB") for day, memory in enumerate(resident, 1)],
        unit="MB",
    )


def run() -> Sequence[Row]:
    """Measure."""
    loops = [python_loop()]
    alone, whole = asyncio.run(measure())
    loops.append(python_loop())
    evaluation = statistics.mean(loops)
    days: list[float] = []
    ratios: list[float] = []
    for _ in range(DAYS):
        before = python_loop()
        days.append(simulated_day())
        after = python_loop()
        ratios.append(days[-1] / statistics.mean([before, after]))
        loops += [before, after]
    loop = Absolute("2 M loop", statistics.median(loops) * 1e3, "ms CPU")
    return [
        Row(
            f"{POSITIONS:,} positions evaluated, 4 legs and 10 conditions each : the 2 M loop",
            alone / evaluation,
            absolutes=[loop, Absolute("an evaluation", alone * 1e3, "ms CPU")],
        ),
        Row(
            "the same as the server does it, store included : the 2 M loop",
            whole / evaluation,
            absolutes=[loop, Absolute("an evaluation", whole * 1e3, "ms CPU")],
        ),
        Row(
            "a simulated day, evaluated each minute : the 2 M loop",
            statistics.median(ratios),
            target=50.0,
            moonshot=30.0,
            absolutes=[loop, Absolute("a day", statistics.median(days), "s CPU")],
        ),
        days_row(),
    ]
