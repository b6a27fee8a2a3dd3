"""The strategy language: conditions, selection on a whole chain, many positions."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from bench.report import Figure
from mesolive.clock import ManualClock
from mesolive.language import CompiledStrategy, compile_strategy, evaluate_signals, parse_definition, select_entry
from mesolive.language.decision import AccountState, Constraint, LegState, PositionState, StatementKind
from mesolive.language.sandbox import Sandbox
from mesolive.language.scope import Scope
from mesolive.language.statement import Statement, compile_statement
from mesolive.market.contracts import Right
from mesolive.market.providers.chain_files import read_export
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.view import MarketView

CHAIN = Path(__file__).parents[2] / "shared" / "data" / "cboe" / "spx-2023-09-14.csv"
ACCOUNT = AccountState(nav=Decimal(120_000), initial_cash=Decimal(100_000))
EXPIRATION = {"Name": "e", "DTE": "45"}

CONDITIONS = [
    "pos_pnl > 0.3 * credit",
    "pos_pnl < -2 * credit",
    "abs(pos_delta) > 6 * abs(leg_ps_qty)",
    "pos_theta < 5",
    "pos_vega > 100 and days_in_trade > 5",
    "leg_ps_delta > 30 or leg_cs_delta < -30",
    "leg_ps_price > 3 * leg_pl_price",
    "underlying_price < leg_ps_strike",
    "underlying_price > leg_cs_strike",
    "leg_ps_dte < 7",
    "days_in_trade >= 21",
    "best > 0.3 * credit and pos_pnl < 0.6 * best",
    "timing.day_of_week == 5 and timing.minutes_before_close <= 30",
    "nav < initial_cash * 0.9",
    "open_trades_cnt < 4",
    "max(leg_ps_iv, leg_cs_iv) > 60",
    "leg_ps_bid == 0",
    "floor(days_in_trade) % 7 == 6",
    "expiration_e_dte <= 3",
    "pos_gamma < -1 -- short gamma",
]


def leg(name: str, qty: int, side: str, **selector: object) -> dict[str, Any]:
    return {"Name": name, "Qty": qty, "OptionType": side, "ExpirationName": "e", "StrikeSelector": selector}


CONDOR = {
    "Symbol": "SPX",
    "Structure": {
        "Expirations": [EXPIRATION],
        "Legs": [
            leg("ps", -1, "Put", Delta=16),
            leg("pl", 1, "Put", Delta=8),
            leg("cs", -1, "Call", Delta=16),
            leg("cl", 1, "Call", Delta=8),
        ],
    },
    "Entry": {"VarDefines": {"credit": "100 * (leg_ps_price + leg_cs_price)", "best": "0"}},
    "Exit": {"Conditions": CONDITIONS},
}


def complex_pair(dte: int) -> dict[str, Any]:
    rule = {
        "Statement": "leg_sh_price - leg_lo_price",
        "Target": "4",
        "Constraints": ["leg_lo_strike < leg_sh_strike", "leg_lo_bid > 0"],
    }
    return {
        "Symbol": "SPX",
        "Structure": {
            "Expirations": [{"Name": "e", "DTE": dte, "Min": dte, "Max": dte}],
            "Legs": [leg("sh", -1, "Put", Delta=25), leg("lo", 1, "Put", Complex=rule)],
        },
    }


async def market() -> MarketView:
    """Return the recorded chain, or a generated one where it is not beside the checkout."""
    if CHAIN.exists():
        export = read_export(CHAIN)
        provider = SimulatedProvider.from_export(export, ManualClock(export.exported_at))
    else:
        print("bench: the recorded chain is not beside the checkout; a generated one is used")
        provider = SimulatedProvider.generated(ManualClock(datetime(2023, 9, 14, 19, 0, tzinfo=UTC)))
    await provider.start()
    try:
        view = provider.books["SPX"].view()
        view.warm()
        return view
    finally:
        await provider.stop()


def source() -> random.Random:
    return random.Random(1)  # noqa: S311  # the same in every run


def seconds(work: Callable[[], object], repeat: int) -> float:
    """Return the median time of one call."""
    work()
    times: list[float] = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def kilobytes(work: Callable[[], object]) -> float:
    """Return the peak of what one call allocates in Python."""
    work()
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1024


def condor_position(view: MarketView) -> PositionState:
    found = select_entry(
        compile_strategy(parse_definition(CONDOR)), view, ACCOUNT, constraint=Constraint.NONE, random=source()
    )
    opened = view.now - timedelta(days=6)
    legs = tuple(
        LegState(leg.name, leg.contract, leg.qty, opened, Decimal(5), expiration_name="e") for leg in found.legs
    )
    return PositionState(legs=legs, variables=found.variables, opened_at=opened)


def conditions(view: MarketView, position: PositionState) -> list[Figure]:
    """Measure one condition above a bare call of the same kind of Lua function, values known and not known yet."""
    sandbox = Sandbox()
    statements = [compile_statement(Statement(text), sandbox) for text in CONDITIONS]
    bare = sandbox.compile(["a", "b"], "a > 0.3 * b")
    account = replace(ACCOUNT, positions=(position,))

    def call() -> None:
        for _ in range(1000):
            bare(1.0, 2.0)

    def fresh() -> None:
        for _ in range(50):
            scope = Scope(view, account, position=position, external={}, random=source())
            for statement in statements:
                statement.judge(scope, StatementKind.EXIT)

    known = Scope(view, account, position=position, external={}, random=source())

    def again() -> None:
        for _ in range(50):
            for statement in statements:
                statement.judge(known, StatementKind.EXIT)

    reference = seconds(call, 50) / 1000 * 1e6
    count = 50 * len(statements)
    return [
        Figure("a bare precompiled Lua call", reference, "us"),
        Figure("a condition above it, its values known", seconds(again, 30) / count * 1e6 - reference, "us", 3.0),
        Figure("the same, position bound and values computed", seconds(fresh, 30) / count * 1e6 - reference, "us"),
        Figure("20 conditions: memory of their Lua machine", sandbox.memory_used / 1024, "KiB"),
        Figure("20 conditions: memory of one evaluation", kilobytes(again), "KiB"),
    ]


def selections(view: MarketView) -> list[Figure]:
    """Measure entries on the whole chain."""
    widest = widest_expiration(view)
    today = view.calendar.local(view.now).date()
    cases = [
        ("a four-leg delta entry", CONDOR, 10.0),
        (f"a two-leg Complex entry over {widest[0]} strikes", complex_pair((widest[1] - today).days), 15.0),
    ]
    figures: list[Figure] = []
    for name, raw, target in cases:
        strategy = compile_strategy(parse_definition(raw))

        work = partial(entry, strategy, view)
        figures += [
            Figure(name, seconds(work, 50) * 1e3, "ms", target),
            Figure(f"{name}: memory", kilobytes(work), "KiB"),
        ]
    return figures


def entry(strategy: CompiledStrategy, view: MarketView) -> object:
    return select_entry(strategy, view, ACCOUNT, constraint=Constraint.FULLY_UNIQUE, random=source())


def widest_expiration(view: MarketView) -> tuple[int, date]:
    """Return the number of strikes and the day of the expiration that has most nearly 250 of them."""
    found: list[tuple[int, int, date]] = []
    for expiration in view.expirations:
        chain = view.slice(expiration.root, expiration.day, Right.PUT)
        if chain is not None and expiration.root == "SPXW":
            found.append((abs(len(chain.strikes) - 250), len(chain.strikes), expiration.day))
    _, count, day = min(found)
    return count, day


def many_positions(view: MarketView, position: PositionState) -> list[Figure]:
    """Measure a thousand positions of one account with twenty conditions each."""
    strategy = compile_strategy(parse_definition(CONDOR))
    positions = tuple(replace(position, realized_pnl=Decimal(number)) for number in range(1000))
    account = replace(ACCOUNT, positions=positions)

    def work() -> None:
        for each in positions:
            evaluate_signals(strategy, view, account, each, random=SHARED)

    return [
        Figure("1,000 positions x 20 conditions", seconds(work, 3), "s", 1.0),
        Figure("1,000 positions x 20 conditions: memory", kilobytes(work), "KiB"),
    ]


SHARED = source()


def run() -> Sequence[Figure]:
    view = asyncio.run(market())
    position = condor_position(view)
    return [*conditions(view, position), *selections(view), *many_positions(view, position)]
