"""Prices are put on the tick, on the side that was asked for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive_sdk.ticks import on_tick, tick_above, tick_below, tick_of, ticks_up

ROOTS = st.sampled_from([["SPXW"], ["SPX", "SPXW"], ["SPY"], ["SPY", "SPY"], ["AAPL"], ["AAPL", "AAPL"]])
PRICES = st.decimals(min_value=-500, max_value=500, places=6)


@pytest.mark.parametrize(
    ("roots", "price", "below", "above"),
    [
        (["SPXW"], "2.98", "2.95", "3.00"),
        (["SPXW"], "3.04", "3.00", "3.10"),
        (["SPXW"], "-2.98", "-3.00", "-2.95"),
        (["SPXW"], "-3.04", "-3.10", "-3.00"),
        (["SPXW", "SPXW"], "-3.04", "-3.05", "-3.00"),
        (["SPXW", "SPXW"], "-0.02", "-0.05", "0.00"),
        (["SPY"], "1.239", "1.23", "1.24"),
        (["AAPL", "AAPL"], "4.567", "4.56", "4.57"),
    ],
)
def test_a_price_is_rounded_in_favour_of_the_sender_or_the_other_way(
    roots: list[str], price: str, below: str, above: str
) -> None:
    assert tick_below(roots, Decimal(price)) == Decimal(below)
    assert tick_above(roots, Decimal(price)) == Decimal(above)


@given(ROOTS, PRICES)
def test_what_is_rounded_is_on_the_tick_and_on_its_side(roots: list[str], price: Decimal) -> None:
    below, above = tick_below(roots, price), tick_above(roots, price)
    assert on_tick(roots, below)
    assert on_tick(roots, above)
    assert below <= price <= above
    assert above - below <= max(tick_of(roots, below), tick_of(roots, above))


@given(ROOTS, PRICES, st.integers(1, 40))
def test_steps_lead_upwards_from_tick_to_tick(roots: list[str], price: Decimal, number: int) -> None:
    start = tick_below(roots, price)
    end = ticks_up(roots, start, number)
    assert on_tick(roots, end)
    assert Decimal("0.01") * number <= end - start <= Decimal("0.10") * number


def test_a_step_is_the_smaller_one_below_the_threshold() -> None:
    assert ticks_up(["SPXW"], Decimal("-3.10"), 2) == Decimal("-2.95")
    assert ticks_up(["SPXW"], Decimal("2.95"), 2) == Decimal("3.10")
