"""The strategy language: conditions, selection on a whole chain, many positions."""

from __future__ import annotations

import asyncio
import random
import statistics
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from bench._rounds import cpu_seconds
from bench.report import Absolute, Reported, Row
from bench.yardsticks import bare_lua_call, python_loop
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
from mesolive.records import replace

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


def cpu(work: Callable[[], object], repeat: int) -> float:
    """Return the median CPU seconds of one call."""
    work()
    return statistics.median(cpu_seconds(work) for _ in range(repeat))


def kilobytes(work: Callable[[], object]) -> float:
    """Return the peak of what one call allocates in Python."""
    work()
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1024


def condor_position(view: MarketView) -> PositionState:
    selection = select_entry(
        compile_strategy(parse_definition(CONDOR)), view, ACCOUNT, constraint=Constraint.NONE, random=source()
    )
    opened = view.now - timedelta(days=6)
    legs = tuple(
        LegState(leg.name, leg.contract, leg.qty, opened, Decimal(5), expiration_name="e") for leg in selection.legs
    )
    return PositionState(legs=legs, variables=selection.variables, opened_at=opened)


def conditions(view: MarketView, position: PositionState) -> list[Reported]:
    """Measure one condition above a bare call of the same kind of Lua function, values known and not known yet."""
    sandbox = Sandbox()
    statements = [compile_statement(Statement(text), sandbox) for text in CONDITIONS]
    account = replace(ACCOUNT, positions=(position,))

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

    count = 50 * len(statements)
    bare, repeated, computed = bare_lua_call(), cpu(again, 40) / count, cpu(fresh, 40) / count
    sides = [Absolute("a bare Lua call", bare * 1e6, "us"), Absolute("a condition", repeated * 1e6, "us")]
    return [
        Row("a condition above a bare Lua call : bare call", (repeated - bare) / bare, 8.0, 5.0, absolutes=sides),
        Row(
            "the same, position bound and values computed",
            (computed - bare) / bare,
            absolutes=[Absolute("a condition", computed * 1e6, "us")],
        ),
        Absolute("20 conditions: memory of their Lua machine", sandbox.memory_used / 1024, "KiB"),
        Absolute("20 conditions: memory of one evaluation", kilobytes(again), "KiB"),
    ]


def selections(view: MarketView, loop: float) -> list[Reported]:
    """Measure entries on the whole chain, against the 2 M loop of Python."""
    widest = widest_expiration(view)
    today = view.calendar.local(view.now).date()
    cases = [
        ("a four-leg delta entry", CONDOR),
        (f"a two-leg Complex entry over {widest[0]} strikes", complex_pair((widest[1] - today).days)),
    ]
    figures: list[Reported] = []
    for name, raw in cases:
        strategy = compile_strategy(parse_definition(raw))

        work = partial(entry, strategy, view)
        taken = cpu(work, 40)
        figures += [
            Row(f"{name} : 2 M loop", taken / loop, absolutes=[Absolute("an entry", taken * 1e3, "ms")]),
            Absolute(f"{name}: memory", kilobytes(work), "KiB"),
        ]
    return figures


def entry(strategy: CompiledStrategy, view: MarketView) -> object:
    return select_entry(strategy, view, ACCOUNT, constraint=Constraint.FULLY_UNIQUE, random=source())


def widest_expiration(view: MarketView) -> tuple[int, date]:
    """Return the number of strikes and the day of the expiration that has most nearly 250 of them."""
    collected: list[tuple[int, int, date]] = []
    for expiration in view.expirations:
        chain = view.slice(expiration.root, expiration.day, Right.PUT)
        if chain is not None and expiration.root == "SPXW":
            collected.append((abs(len(chain.strikes) - 250), len(chain.strikes), expiration.day))
    _, count, day = min(collected)
    return count, day


def many_positions(view: MarketView, position: PositionState, loop: float) -> list[Reported]:
    """Measure a thousand positions of one account with twenty conditions each."""
    strategy = compile_strategy(parse_definition(CONDOR))
    positions = tuple(replace(position, realized_pnl=Decimal(number)) for number in range(1000))
    account = replace(ACCOUNT, positions=positions)

    def work() -> None:
        for each in positions:
            evaluate_signals(strategy, view, account, each, random=SHARED)

    taken = cpu(work, 3)
    return [
        Row("1,000 positions x 20 conditions : 2 M loop", taken / loop, absolutes=[Absolute("all", taken, "s")]),
        Absolute("1,000 positions x 20 conditions: memory", kilobytes(work), "KiB"),
    ]


SHARED = source()


def run() -> Sequence[Reported]:
    view = asyncio.run(market())
    position = condor_position(view)
    loop = python_loop()
    return [*conditions(view, position), *selections(view, loop), *many_positions(view, position, loop)]
