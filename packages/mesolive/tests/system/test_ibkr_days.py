"""The ten example strategies by orders at the double of TWS, a day each, with the autopilot.

`make examples-ibkr` runs all ten; `make test` three of them.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import msgspec
import pytest

from mesolive_testkit.broker_crash.run import check_against
from mesolive_testkit.ibkr_day import ibkr_day
from mesolive_testkit.paths import DOCS
from mesolive_testkit.signals import Json

MONDAY = date(2026, 1, 5)
ENTERS_ON = {
    "ratio-with-protective-leg": date(2026, 1, 6),
    "vega-hedged-theta": date(2026, 1, 7),
    "broken-wing-butterfly": date(2026, 1, 9),
}
"""A day of each strategy's schedule, where that has no Mondays."""

EXAMPLES = sorted((DOCS / "strategies").glob("*.json"))
FEW = {"broken-wing-butterfly", "same-day-iron-condor", "rolling-diagonal"}
ALL = os.environ.get("MESOLIVE_IBKR_EXAMPLES") == "all"


def read(strategy: Path) -> tuple[Json, Path]:
    """Return an example, and the file of its external data, where it reads any."""
    definition = msgspec.json.decode(strategy.read_bytes(), type=Json)
    data = strategy.with_suffix(".csv")
    if data.exists():
        definition["ExternalData"]["CsvUrl"] = data.as_uri()
    return definition, data


@pytest.mark.timeout(600)
@pytest.mark.parametrize("strategy", [path for path in EXAMPLES if ALL or path.stem in FEW], ids=lambda path: path.stem)
async def test_an_example_trades_a_day_by_orders_at_tws_and_the_books_are_what_tws_did(
    strategy: Path, tmp_path: Path
) -> None:
    definition, data = read(strategy)
    async with ibkr_day(tmp_path, ENTERS_ON.get(strategy.stem, MONDAY), data.parent) as day:
        await day.trade(definition)
        books, truth = await day.books(), day.truth()
        assert books.positions, [f"{one.at:%H:%M:%S} {one.text} {one.details}" for one in day.notices]
        assert truth.traded
        check_against(books, truth)
        assert await day.errors() == []
