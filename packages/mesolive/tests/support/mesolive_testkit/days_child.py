"""Child process of the test of memory over days: replays market days and prints the resident memory after each."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psutil

from mesolive.backtest.runner import Progress, Request, StepClock, replay
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.samples import iron_condor

FIRST = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def main(last_day: int) -> None:
    """Replay from Monday, 5 January 2026; print a line `DATE BYTES` after each day."""
    clock = StepClock(FIRST)
    provider = SimulatedProvider.generated(clock, seed=7, step=timedelta(seconds=60))
    process = psutil.Process()
    today: date | None = None

    def told_memory(day: date | None) -> None:
        sys.stdout.write(f"{day} {process.memory_info().rss}\n")
        sys.stdout.flush()

    def report(progress: Progress) -> None:
        nonlocal today
        if today is not None and progress.moment.date() != today:
            told_memory(today)
        today = progress.moment.date()

    request = Request(
        definition=iron_condor() | {"Exit": {"MaxDaysInTrade": 1, "Conditions": ["leg_short_put_delta < -45"]}},
        market=Market([provider]),
        clock=clock,
        first=FIRST,
        last=datetime(2026, 1, last_day, 21, 0, tzinfo=UTC),
        every=60,
        cash=Decimal(100_000),
        commission=Decimal("0.65"),
        seed=1,
    )
    outcome = asyncio.run(replay(request, report))
    assert outcome.balances
    told_memory(today)


if __name__ == "__main__":
    main(int(sys.argv[1]))
