"""A broker's option model beside ours: how far both are apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from mesolive.market.chain_view import BookView
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.greeks_comparison import compare, in_words
from mesolive_testkit.market import flat_chain


@dataclass(frozen=True)
class Stated:
    volatility: float
    delta: float
    gamma: float
    vega: float
    theta: float


@pytest.fixture(scope="module")
def view() -> BookView:
    return flat_chain().book.view()


def ours(view: BookView, count: int = 5) -> list[tuple[OptionContract, Stated]]:
    """Return our own figures of some puts near the money, as if a broker had stated them."""
    expiration = view.expirations[0]
    part = view.slice(expiration.root, expiration.day, Right.PUT)
    assert part is not None
    middle = len(part.strikes) // 2
    return [
        (
            part.contract(place),
            Stated(*(float(row[place]) for row in (part.iv, part.delta, part.gamma, part.vega, part.theta))),
        )
        for place in range(middle, middle + count)
    ]


def changed(rows: list[tuple[OptionContract, Stated]], **by: float) -> list[tuple[OptionContract, Stated]]:
    return [
        (contract, Stated(**{name: value + by.get(name, 0.0) for name, value in vars(row).items()}))
        for contract, row in rows
    ]


def test_equal_models_are_not_apart(view: BookView) -> None:
    result = compare(view, ours(view))
    assert set(result) == {"volatility", "delta", "gamma", "vega", "theta"}
    assert all(item.median == item.largest == 0.0 and item.contracts == 5 for item in result.values())


def test_the_median_and_the_largest_difference_of_a_value_are_reported(view: BookView) -> None:
    rows = ours(view)
    result = compare(view, [*changed(rows[:4], delta=0.01), *changed(rows[4:], delta=-0.2, volatility=0.05)])
    assert result["delta"].median == pytest.approx(0.01)
    assert result["delta"].largest == pytest.approx(0.2)
    assert result["volatility"].largest == pytest.approx(0.05)
    assert "delta 0.0100 (at most 0.2000)" in in_words(result)


def test_vega_is_compared_as_a_part_of_ours(view: BookView) -> None:
    rows = ours(view)
    half = [(contract, Stated(**{**vars(row), "vega": row.vega / 2})) for contract, row in rows]
    assert compare(view, half)["vega"].median == pytest.approx(0.5)


def test_what_one_of_the_two_lacks_is_left_out(view: BookView) -> None:
    rows = ours(view, 2)
    unstated = [(rows[0][0], Stated(math.nan, math.nan, math.nan, math.nan, math.nan)), rows[1]]
    assert {item.contracts for item in compare(view, unstated).values()} == {1}
    assert compare(view, unstated[:1]) == {}
    assert in_words({}) == "none is stated yet"
