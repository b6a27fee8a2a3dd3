"""Signals: a thousand open positions evaluated, through the store and without it, and a simulated day at full speed.

Each position has four legs; its strategy has seven exit conditions and three conditional adjustments. What is measured
first is a whole evaluation as the server makes it every minute: reading everything from the store, evaluating it,
telling nothing because nothing changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select

from bench.report import Figure
from mesolive.app import Application, Overrides
from mesolive.backtest.runner import Request, StepClock, replay
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
        one = (await tx.all(select(positions).where(positions.c.id == position_id)))[0]
        its = await tx.all(select(legs).where(legs.c.position_id == position_id))
        for copy in range(1, number):
            new_id = position_id + copy
            await tx.execute(insert(positions), [{**one._asdict(), "id": new_id, "name": f"bench {copy}"}])
            rows: list[Mapping[str, Any]] = [
                {key: value for key, value in leg._asdict().items() if key != "id"} | {"position_id": new_id}
                for leg in its
            ]
            await tx.execute(insert(legs), rows)


async def measure() -> list[Figure]:
    """Start a server, fill it with positions, evaluate, and return the figures."""
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
                started = time.perf_counter()
                await application.signals.evaluate()
                whole.append(time.perf_counter() - started)
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
                states = tuple(one.language_state for one in held)
                account = AccountState(Decimal(10_000_000), Decimal(10_000_000), states, len(states))
                watched = [
                    Watched(Names(Scope(1, 1, 1, one.id), "bench", ACCOUNT, one.name), state)
                    for one, state in zip(held, states, strict=True)
                ]
                started = time.perf_counter()
                evaluate(strategy, view, account, None, watched, {}, lambda _scope: dice, Times(ConsideredTimes(), {}))
                alone.append(time.perf_counter() - started)
    return [
        Figure(f"{POSITIONS} positions evaluated, 4 legs and 10 conditions each", statistics.median(alone), "s", 1.0),
        Figure("the same as the server does it, store included, median", statistics.median(whole), "s"),
        Figure("a simulated trading day, evaluated every minute", await _day(), "s", 10.0),
    ]


async def _day() -> float:
    clock = StepClock(datetime(2026, 1, 5, 14, 30, tzinfo=UTC))
    provider = SimulatedProvider.generated(clock, seed=7, step=timedelta(seconds=60))
    request = Request(
        definition=iron_condor(),
        market=Market([provider]),
        clock=clock,
        first=clock.now(),
        last=datetime(2026, 1, 5, 21, 0, tzinfo=UTC),
        every=60,
        cash=Decimal(100_000),
        commission=Decimal("0.65"),
        seed=1,
    )
    started = time.perf_counter()
    outcome = await replay(request)
    assert outcome.balances
    return time.perf_counter() - started


def run() -> Sequence[Figure]:
    """Measure."""
    return asyncio.run(measure())
