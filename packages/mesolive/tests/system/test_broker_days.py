"""The ten example strategies by orders at the doubles of brokers, a day each, with the autopilot.

`make examples-ibkr` and `make examples-tastytrade` run all ten; `make test` three of them at the double of TWS, and two
at that of tastytrade.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mesolive_testkit.broker_crash.run import check_against
from mesolive_testkit.broker_day import ENTERS_ON, EXAMPLES, MONDAY, Opened, broker_day, read_example
from mesolive_testkit.ibkr_day import ibkr
from mesolive_testkit.tastytrade.day import tastytrade

FEW = {
    "ibkr": {"broken-wing-butterfly", "same-day-iron-condor", "rolling-diagonal"},
    "tastytrade": {"same-day-iron-condor", "rolling-diagonal"},
}
ALWAYS = {"ibkr": {"broken-wing-butterfly"}, "tastytrade": {"rolling-diagonal"}}
"""What is no part of the long lane."""
BROKERS: dict[str, Opened] = {"ibkr": ibkr, "tastytrade": tastytrade}
DAYS = [
    pytest.param(
        broker,
        strategy,
        id=f"{broker}-{strategy.stem}",
        marks=[] if strategy.stem in ALWAYS[broker] else pytest.mark.long,
    )
    for broker in BROKERS
    for strategy in EXAMPLES
    if strategy.stem in FEW[broker] or os.environ.get(f"MESOLIVE_{broker.upper()}_EXAMPLES") == "all"
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("broker", "strategy"), DAYS)
async def test_an_example_trades_a_day_by_orders_and_the_books_are_what_the_broker_did(
    broker: str, strategy: Path, tmp_path: Path
) -> None:
    definition, data = read_example(strategy)
    day_of_entry = ENTERS_ON.get(strategy.stem, MONDAY)
    async with broker_day(BROKERS[broker], tmp_path, day_of_entry, data.parent) as day:
        await day.trade(definition)
        books, truth = await day.books(), day.truth()
        assert books.positions, [f"{notice.at:%H:%M:%S} {notice.text} {notice.details}" for notice in day.notices]
        assert truth.traded
        check_against(books, truth)
        assert await day.errors() == []
