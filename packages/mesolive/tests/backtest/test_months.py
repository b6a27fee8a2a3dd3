"""The ten example strategies, replayed: a day of each, or with `make month-test` a month, and the books balance."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from mesolive.backtest.runner import Outcome, Request, StepClock, replay
from mesolive.market.calendar import us_options_calendar
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive_sdk import models
from mesolive_testkit.paths import DOCS
from mesolive_testkit.signals import Json

EXAMPLES = sorted((DOCS / "strategies").glob("*.json"))
CASH = Decimal(100_000)
EVERY = 300

HEADING = (
    f"{'strategy':28} {'entered':>7} {'closed':>6} {'fills':>6} {'PnL':>12} {'paid':>9}"
    f" {'entry':>6} {'exit':>6} {'adjust':>6} {'vars':>6} {'errors':>6}   gap"
)

ALWAYS = {"put-spread-by-signal", "ratio-with-protective-leg", "rolling-diagonal", "trailing-stop-put"}
"""Strategies that between them have external data and all kinds of adjustments; the others are in the long lane."""

REPORT = os.environ.get("MESOLIVE_MONTHS")
"""Names the folder of the report when whole months are asked for."""

MONDAY = date(2026, 1, 5)
ENTERS_ON = {
    "ratio-with-protective-leg": date(2026, 1, 6),
    "vega-hedged-theta": date(2026, 1, 7),
    "broken-wing-butterfly": date(2026, 1, 9),
}
"""A day of each strategy's schedule, where that has no Mondays."""


def days(name: str) -> tuple[date, date]:
    """Return the first and the last day to replay."""
    first = ENTERS_ON.get(name, MONDAY)
    return (MONDAY, date(2026, 2, 4)) if REPORT else (first, first)


def request(strategy: Path) -> Request:
    """Return what to replay for an example; one that reads external data has it beside it."""
    calendar = us_options_calendar()
    first, last = (calendar.session(day) for day in days(strategy.stem))
    assert first is not None
    assert last is not None
    clock = StepClock(first[0])
    market = SimulatedProvider.generated(clock, seed=1, step=timedelta(seconds=EVERY), calendar=calendar)
    definition = msgspec.json.decode(strategy.read_bytes(), type=Json)
    data = strategy.with_suffix(".csv")
    if data.exists():
        definition["ExternalData"]["CsvUrl"] = data.as_uri()
    return Request(
        definition=definition,
        market=Market([market]),
        clock=clock,
        first=first[0],
        last=last[1],
        every=EVERY,
        cash=CASH,
        commission=Decimal("0.65"),
        seed=1,
        external_folder=data.parent,
    )


def paid(executions: list[models.LiveExecution]) -> Decimal:
    """Return what executions took from the account, commissions included."""
    return sum((execution.Price * execution.Qty * 100 + execution.Commission for execution in executions), Decimal(0))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "strategy",
    [
        pytest.param(path, id=path.stem, marks=[] if path.stem in ALWAYS or REPORT else pytest.mark.long)
        for path in EXAMPLES
    ],
)
def test_an_example_trades_without_errors_and_its_books_balance_to_the_cent(strategy: Path) -> None:
    outcome = asyncio.run(replay(request(strategy)))
    report(strategy.stem, outcome)
    assert outcome.positions, "it has never entered"
    assert outcome.balances, f"the account's value is {outcome.gap} off"
    assert outcome.points[-1].cash == CASH - paid(outcome.executions)
    for position in outcome.positions:
        its = [execution for execution in outcome.executions if execution.PositionId == position.Id]
        if position.ClosedAt is not None:
            assert sum(execution.Qty for execution in its) == 0
            assert position.RealizedPnL == -paid(its)
    assert errors(outcome) == []


def errors(outcome: Outcome) -> list[str]:
    """Return what was told to be wrong."""
    return [
        f"{event.EventTime:%m-%d %H:%M} {event.Message}"
        for event in outcome.events
        if isinstance(event, models.ErrorEvent)
    ]


def report(name: str, outcome: Outcome) -> None:
    """Write a line of the table that `make month-test` prints."""
    if not REPORT:
        return
    folder = Path(REPORT)
    folder.mkdir(parents=True, exist_ok=True)
    kinds = Counter(event.callback for event in outcome.events)
    callbacks = ("OnEntrySignal", "OnExitSignal", "OnAdjustmentSignal")
    reported = (*callbacks, "OnAutoUpdateVarsAdjustmentCompleted", "OnError")
    end = outcome.points[-1].value
    closed = sum(position.ClosedAt is not None for position in outcome.positions)
    commissions = sum(execution.Commission for execution in outcome.executions)
    (folder / "0.txt").write_text(f"{HEADING}\n")
    (folder / f"{name}.txt").write_text(
        f"{name:28} {len(outcome.positions):7} {closed:6} {len(outcome.executions):6}"
        f" {CASH if end is None else end - CASH:12.2f} {commissions:9.2f}"
        f" {' '.join(f'{kinds[event]:6}' for event in reported)}   {outcome.gap}\n"
    )
