"""Selection on whole chains against a plain loop over the file's rows that knows nothing of the product."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesolive.clock import ManualClock
from mesolive.language import select_entry
from mesolive.language.decision import Constraint, EntrySelection
from mesolive.market.contracts import Right
from mesolive.market.providers.chain_files import parse_export
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.view import MarketView
from mesolive_testkit.language.exchange_file import (
    FILES,
    ChainFile,
    Row,
    parse_file,
    read_file,
    row_count,
    view_of,
    write_file,
)
from mesolive_testkit.language.market import NEW_YORK, PlainView, generated
from mesolive_testkit.language.strategies import ACCOUNT, Json, definition, expiration, leg, seeded, select, strategy

GENERATED = "generated"


@pytest.fixture(
    scope="module",
    params=[GENERATED, *(pytest.param(name, marks=pytest.mark.shared_data) for name in FILES)],
)
def chain(request: pytest.FixtureRequest) -> ChainFile:
    if request.param == GENERATED:
        return parse_file(write_file(generated(width=600)))
    return read_file(request.param)


@pytest.fixture(scope="module")
def view(chain: ChainFile) -> PlainView:
    return view_of(chain)


def days(chain: ChainFile, day: date) -> int:
    return (day - chain.now.astimezone(NEW_YORK).date()).days


def brute_expiration(chain: ChainFile, view: PlainView, target: int) -> tuple[str, date]:
    """Return the nearest expiration that still trades: the earlier of equals, SPXW before SPX."""
    alive = {(expiration.root, expiration.day) for expiration in view.expirations}
    result = {(row.root, row.day) for row in chain.rows} & alive
    return min(result, key=lambda key: (abs(days(chain, key[1]) - target), key[1], key[0] != "SPXW"))


def brute_strike(rows: list[Row], measure: Callable[[Row], float | None], target: float) -> set[float]:
    """Return the strikes whose measure is nearest to the target, ties included."""
    pairs = [(abs(value - target), row.strike) for row in rows if (value := measure(row)) is not None]
    best = min(pairs)[0]
    return {strike for distance, strike in pairs if distance <= best + 1e-9}


def delta(row: Row) -> float | None:
    return abs(row.delta) * 100 if row.iv > 0 and row.delta != 0 else None


def middle(row: Row) -> float | None:
    return (row.bid + row.ask) / 2 if row.ask > 0 and row.ask >= row.bid else None


def bid(row: Row) -> float | None:
    return row.bid if row.quoted else None


def ask(row: Row) -> float | None:
    return row.ask if row.ask > 0 else None


CONDOR = [("ps", "Put", 16), ("pl", "Put", 7), ("cs", "Call", 16), ("cl", "Call", 7)]


@pytest.mark.parametrize("dte", [0, 3, 7, 30, 45, 60, 180])
def test_a_four_leg_delta_entry_takes_the_strikes_that_the_loop_finds(
    chain: ChainFile, view: PlainView, dte: int
) -> None:
    root, day = brute_expiration(chain, view, dte)
    usable = [row for row in chain.rows if (row.root, row.day) == (root, day) and delta(row) is not None]
    if len(usable) < 20:
        pytest.skip("the vendor gives this expiration no deltas")
    raw = definition([leg(n, 1, side, Delta=target) for n, side, target in CONDOR], [expiration(dte=dte)])
    selection = select(raw, view, constraint=Constraint.NONE)
    assert (selection.expirations["e"].root, selection.expirations["e"].day) == (root, day)
    for name, side, target in CONDOR:
        right = Right.PUT if side == "Put" else Right.CALL
        expected = brute_strike(chain.of(root, day, right), delta, target)
        chosen = {leg.name: float(leg.contract.strike) for leg in selection.legs}[name]
        assert chosen == (min(expected) if right is Right.PUT else max(expected)), (name, expected)


@pytest.mark.parametrize(
    ("selector", "measure", "targets"),
    [
        ("MidPrice", middle, (0.5, 1.2, 4.0, 25.0, 180.0)),
        ("BidPrice", bid, (0.5, 3.0, 60.0)),
        ("AskPrice", ask, (0.5, 3.0, 60.0)),
    ],
)
@pytest.mark.parametrize("side", ["Put", "Call"])
def test_price_selectors_take_the_strike_that_the_loop_finds(
    chain: ChainFile,
    view: PlainView,
    selector: str,
    measure: Callable[[Row], float | None],
    targets: tuple[float, ...],
    side: str,
) -> None:
    right = Right.PUT if side == "Put" else Right.CALL
    for dte in (7, 30, 60):
        root, day = brute_expiration(chain, view, dte)
        for target in targets:
            raw = definition([{**leg("a", -1, side), "StrikeSelector": {selector: target}}], [expiration(dte=dte)])
            chosen = float(select(raw, view).legs[0].contract.strike)
            expected = brute_strike(chain.of(root, day, right), measure, target)
            assert chosen == (min(expected) if right is Right.PUT else max(expected))


def test_a_complex_selection_takes_the_pair_that_the_loop_finds(chain: ChainFile, view: PlainView) -> None:
    inner = {
        "Statement": "leg_sh_price - leg_lo_price",
        "Target": "4",
        "Constraints": ["leg_lo_strike < leg_sh_strike", "leg_lo_bid > 0"],
    }
    raw = definition([leg("sh", -1, Delta=25), leg("lo", 1, Complex=inner)], [expiration(dte=45)])
    root, day = brute_expiration(chain, view, 45)
    puts = chain.of(root, day, Right.PUT)
    short = next(row for row in puts if row.strike == min(brute_strike(puts, delta, 25)))
    candidates = [row for row in puts if row.strike < short.strike and row.bid > 0 and middle(row) is not None]

    def spread(row: Row) -> float:
        return (short.bid + short.ask) / 2 - (row.bid + row.ask) / 2

    best = min(abs(spread(row) - 4) for row in candidates)
    expected = {row.strike for row in candidates if abs(spread(row) - 4) <= best + 1e-9}
    selection = select(raw, view)
    assert float(selection.legs[0].contract.strike) == short.strike
    assert float(selection.legs[1].contract.strike) == min(expected)
    assert selection.legs[1].trace.candidates == len(candidates)


def test_contracts_in_use_give_way_to_what_the_loop_finds_next(chain: ChainFile, view: PlainView) -> None:
    raw = definition([leg(f"l{number}", -1, Delta=20) for number in range(5)], [expiration(dte=30)])
    root, day = brute_expiration(chain, view, 30)
    left = chain.of(root, day, Right.PUT)
    for selected in select(raw, view).legs:
        expected = min(brute_strike(left, delta, 20))
        assert float(selected.contract.strike) == expected
        left = [row for row in left if row.strike != expected]


# --- through the product's own reader and book


async def book_view(content: str) -> MarketView:
    """Return the product's view of a chain file."""
    export = parse_export(content.encode())
    provider = SimulatedProvider.from_export(export, ManualClock(export.exported_at))
    await provider.start()
    try:
        return provider.books["SPX"].view()
    finally:
        await provider.stop()


def entry(raw: Json, view: MarketView) -> EntrySelection:
    return select_entry(strategy(raw), view, ACCOUNT, constraint=Constraint.FULLY_UNIQUE, random=seeded(1))


async def test_on_the_products_view_prices_are_chosen_as_the_loop_does() -> None:
    content = write_file(generated(width=400))
    chain, view = parse_file(content), await book_view(content)
    for side, right in (("Put", Right.PUT), ("Call", Right.CALL)):
        for target in (1.0, 10.0, 50.0):
            raw = definition([leg("a", -1, side, MidPrice=target)], [expiration(dte=30)])
            selection = entry(raw, view)
            root, day = selection.expirations["e"].root, selection.expirations["e"].day
            expected = brute_strike(chain.of(root, day, right), middle, target)
            chosen = float(selection.legs[0].contract.strike)
            assert chosen == (min(expected) if right is Right.PUT else max(expected))


def strategies_under_test() -> list[Json]:
    inner = {"Statement": "leg_b_price * 2 - leg_a_price", "Target": "1", "Constraints": ["leg_b_bid > 0"]}
    legs: list[list[dict[str, Any]]] = [
        [leg("a", -1, Delta=20), leg("b", 1, Complex=inner)],
        [leg("a", -1, "Call", MidPrice=12), leg("b", 1, "Call", StrikePrice="leg_a_strike + 25")],
    ]
    return [definition(chosen, [expiration(dte=30, Min=5)]) for chosen in legs]


SMALL = generated([("SPXW", 7), ("SPX", 30), ("SPXW", 30)], width=200, step=20)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(row_count(SMALL))))
async def test_the_order_of_a_files_rows_does_not_matter(order: list[int]) -> None:
    plain, shuffled = write_file(SMALL), write_file(SMALL, order)
    first, second = await book_view(plain), await book_view(shuffled)
    for raw in strategies_under_test():
        one, other = entry(raw, first), entry(raw, second)
        assert one.legs == other.legs
        assert one.variables == other.variables
