"""Four-leg entries on a whole chain from a provider with 100 market data lines, against the same on all quotes.

The market moves; sixty first quotes arrive per second of market time. Each case is a strategy of its own (condors,
calendars, diagonals, by delta, price or strike), selected as a preparation selects: on the model, on the quotes of what
it chose, until all legs are quoted. Beside it the same strategy is selected on the market behind the lines at the same
moment. The chain is the exchange's file of 14 September 2023 (19,920 contracts) where it lies beside the checkout, else
a generated one of like size. Times are market time; MESOLIVE_BENCH_CASES sets the number of cases.
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import structlog

from bench.report import Absolute, Row
from mesolive.clock import ManualClock
from mesolive.language import CompiledStrategy, compile_strategy, parse_definition, select_entry
from mesolive.language.decision import AccountState, Constraint, EntrySelection, SelectionError
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import OptionContract
from mesolive.market.providers.chain_files import read_export
from mesolive.market.providers.simulated.limited import LimitedProvider
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.tasks import Tasks
from mesolive.trading.preparation.fresh_quotes import FreshQuotes, is_fresh

CHAIN = Path(__file__).parents[2] / "shared/data/cboe/spx-2023-09-14.csv"
CASES = int(os.environ.get("MESOLIVE_BENCH_CASES", "200"))
MARKETS = 4
LINES = 100
FIRST_QUOTES_PER_SECOND = 60.0
WARM_UP_SECONDS = 120.0
BETWEEN_CASES_SECONDS = 6.0
STEP_SECONDS = 0.025
ACCOUNT = AccountState(nav=Decimal(100_000), initial_cash=Decimal(100_000), positions=())


@dataclass(frozen=True, slots=True)
class Case:
    """One selection: what was chosen, what the whole chain would have given, and how long it took."""

    chosen: EntrySelection | str
    wanted: EntrySelection | str
    seconds: float
    on_quotes: bool

    @property
    def is_equal(self) -> bool:
        if isinstance(self.chosen, str) or isinstance(self.wanted, str):
            return isinstance(self.chosen, str) and isinstance(self.wanted, str)
        return contracts(self.chosen) == contracts(self.wanted)


def contracts(selection: EntrySelection) -> list[OptionContract]:
    return [leg.contract for leg in selection.legs]


def strategy(random: Random) -> CompiledStrategy:
    """Return a four-leg strategy drawn at random."""

    def leg(name: str, qty: int, kind: str, expiration: str, **selector: str) -> dict[str, Any]:
        return {
            "Name": name,
            "Qty": str(qty),
            "OptionType": kind,
            "ExpirationName": expiration,
            "StrikeSelector": selector,
        }

    days = random.choice([1, 3, 7, 10, 14, 21, 30, 45, 60])
    width = random.choice([25, 50, 75, 100])
    kind = random.choice(["condor", "priced", "calendar", "diagonal"])
    expirations = [{"Name": "e", "DTE": str(days)}]
    if kind in {"condor", "priced"}:
        selectors = (
            ({"Delta": str(random.randint(8, 30))}, {"Delta": str(random.randint(8, 30))})
            if kind == "condor"
            else ({"MidPrice": f"{random.uniform(2, 15):.2f}"}, {"MidPrice": f"{random.uniform(2, 15):.2f}"})
        )
        legs = [
            leg("a", -1, "Put", "e", **selectors[0]),
            leg("b", 1, "Put", "e", StrikePrice=f"leg_a_strike - {width}"),
            leg("c", -1, "Call", "e", **selectors[1]),
            leg("d", 1, "Call", "e", StrikePrice=f"leg_c_strike + {width}"),
        ]
    else:
        expirations.append({"Name": "f", "DTE": f"expiration_e_dte + {random.choice([7, 14, 28])}"})
        far = {"StrikePrice": "leg_a_strike"} if kind == "calendar" else {"Delta": str(random.randint(5, 25))}
        legs = [
            leg("a", -1, "Put", "e", Delta=str(random.randint(15, 45))),
            leg("b", 1, "Put", "f", **far),
            leg("c", -1, "Call", "e", Delta=str(random.randint(15, 45))),
            leg("d", 1, "Call", "f", Delta=str(random.randint(5, 25))),
        ]
    raw = {"Symbol": "SPX", "MesoSimVersion": "3.0", "Structure": {"Expirations": expirations, "Legs": legs}}
    return compile_strategy(parse_definition(raw))


def market(seed: int) -> tuple[LimitedProvider, ManualClock]:
    if CHAIN.exists():
        export = read_export(CHAIN)
        clock = ManualClock(export.exported_at)
        truth = SimulatedProvider.from_export(export, clock, seed=seed)
    else:
        clock = ManualClock(datetime(2026, 1, 5, 16, 0, tzinfo=UTC))
        truth = SimulatedProvider.generated(clock, seed=seed)
    provider = LimitedProvider(truth, clock, lines=LINES, first_quotes_per_second=FIRST_QUOTES_PER_SECOND)
    return provider, clock


def selected(compiled: CompiledStrategy, view: BookView) -> EntrySelection | str:
    try:
        random = Random(1)  # noqa: S311 - of a strategy's own dice
        return select_entry(
            compiled, view, ACCOUNT, constraint=Constraint.UNIQUE_IN_POSITION, external={}, random=random
        )
    except SelectionError as error:
        return str(error)


async def case(provider: LimitedProvider, clock: ManualClock, fresh: FreshQuotes, random: Random) -> Case:
    compiled = strategy(random)
    book, full = provider.books["SPX"], provider.truth.books["SPX"]
    wanted: list[EntrySelection | str] = []

    async def choose(view: BookView) -> EntrySelection | str:
        wanted.append(selected(compiled, full.view()))
        return selected(compiled, view)

    began = clock.now()
    task = asyncio.ensure_future(
        fresh.select("SPX", None, book.view, choose, lambda item: [] if isinstance(item, str) else contracts(item))
    )
    while not task.done():
        await clock.advance(STEP_SECONDS)
    chosen, view = task.result()
    on_quotes = isinstance(chosen, str) or all(is_fresh(view, item) for item in contracts(chosen))
    return Case(chosen, wanted[-1], (clock.now() - began).total_seconds(), on_quotes)


async def cases(seed: int, count: int) -> tuple[list[Case], float, int]:
    provider, clock = market(seed)
    made, tasks = Market([provider]), Tasks()
    random = Random(seed)  # noqa: S311 - of the cases
    await made.start()
    await clock.advance(WARM_UP_SECONDS)
    fresh, result = FreshQuotes(made, tasks), list[Case]()
    started, first = time.process_time(), clock.now()
    for _ in range(count):
        result.append(await case(provider, clock, fresh, random))
        await clock.advance(BETWEEN_CASES_SECONDS)
    load = (time.process_time() - started) / ((clock.now() - first) / timedelta(seconds=1))
    size = len(provider.books["SPX"].listing)
    await tasks.stop()
    await made.stop()
    return result, load, size


def run() -> Sequence[Row]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    results: list[Case] = []
    loads: list[float] = []
    size = 0
    for number in range(MARKETS):
        made, load, size = asyncio.run(cases(number + 1, CASES // MARKETS))
        results += made
        loads.append(load)
    quoted = [item for item in results if not isinstance(item.chosen, str)]
    seconds = sorted(item.seconds for item in quoted if item.on_quotes)
    equal = sum(item.is_equal for item in results) / len(results)
    modelled = sum(not item.on_quotes for item in results)
    return [
        Row(
            "four-leg entry on fresh quotes at 60 first quotes/s, p50",
            statistics.median(seconds),
            target=1.5,
            moonshot=0.8,
            unit=" s of market time",
            absolutes=[
                Absolute("p95", seconds[int(0.95 * (len(seconds) - 1))], "s"),
                Absolute("longest", seconds[-1], "s"),
                Absolute("cases", len(results), ""),
            ],
        ),
        Row(
            "selections equal to those on the whole chain",
            100.0 * equal,
            target=95.0,
            moonshot=99.0,
            better="higher",
            unit=" %",
            absolutes=[Absolute("contracts", size, ""), Absolute("lines", LINES, "")],
        ),
        Row(
            "entries refused for want of a quote within 3 s",
            100.0 * modelled / len(results),
            target=2.0,
            unit=" %",
            absolutes=[Absolute("processor per second of market time", 1000 * statistics.mean(loads), "ms")],
        ),
    ]
