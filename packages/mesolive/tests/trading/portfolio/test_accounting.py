"""Fills change holdings, cash and PnL exactly."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.trading.portfolio.accounting import Fill, Holding, apply_fill, combo_price, group_quantity

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
HUNDRED = Decimal(100)

cents = st.integers(0, 100_000).map(lambda n: Decimal(n) / 100)
contracts = st.integers(-50, 50).filter(bool).map(Decimal)
commissions = st.integers(0, 10_000).map(lambda n: Decimal(n) / 100)


def fill(price: str, qty: int, commission: str = "0") -> Fill:
    return Fill(Decimal(price), Decimal(qty), HUNDRED, Decimal(commission), NOW)


def flat() -> Holding:
    return Holding(Decimal(0), Decimal(0), HUNDRED)


def test_the_average_entry_price_of_a_long_leg_includes_its_commission() -> None:
    holding, realized = apply_fill(flat(), fill("2.50", 4, "6.00"))
    assert (holding.average_price, realized) == (Decimal("2.515"), Decimal(0))


def test_the_average_entry_price_of_a_short_leg_is_lowered_by_its_commission() -> None:
    holding, _ = apply_fill(flat(), fill("2.50", -4, "6.00"))
    assert holding.average_price == Decimal("2.485")


def test_closing_a_short_leg_realises_credit_less_debit_less_both_commissions() -> None:
    holding, _ = apply_fill(flat(), fill("3.00", -2, "1.30"))
    closed, realized = apply_fill(holding, fill("1.00", 2, "1.30"))
    assert closed == Holding(Decimal(0), Decimal(0), HUNDRED)
    assert realized == Decimal("397.40")


def test_closing_a_part_realises_that_part_and_keeps_the_average_of_the_rest() -> None:
    holding, _ = apply_fill(flat(), fill("3.00", 3))
    rest, realized = apply_fill(holding, fill("4.00", -1))
    assert (rest.qty, rest.average_price, realized) == (Decimal(2), Decimal(3), Decimal(100))


def test_a_fill_through_zero_closes_everything_and_opens_the_rest_at_its_price() -> None:
    holding, _ = apply_fill(flat(), fill("3.00", 1))
    turned, realized = apply_fill(holding, fill("5.00", -3, "3.00"))
    assert realized == Decimal(199)
    assert (turned.qty, turned.average_price) == (Decimal(-2), Decimal("4.99"))


@given(st.lists(st.tuples(cents, contracts, commissions), max_size=30))
def test_cash_spent_plus_realised_pnl_always_equals_the_cost_of_what_is_held(
    fills: list[tuple[Decimal, Decimal, Decimal]],
) -> None:
    holding, cash, realized = flat(), Decimal(0), Decimal(0)
    for price, qty, commission in fills:
        one = Fill(price, qty, HUNDRED, commission, NOW)
        holding, gain = apply_fill(holding, one)
        cash += one.cash_change
        realized += gain
    assert holding.qty == sum((qty for _, qty, _ in fills), Decimal(0))
    assert cash + holding.cost == realized
    if holding.qty == 0:
        assert holding.cost == 0


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(-60, 60).map(Decimal), min_size=1, max_size=8))
def test_combos_times_ratios_give_the_quantities_back_and_no_larger_combo_does(quantities: dict[str, Decimal]) -> None:
    group = group_quantity(quantities)
    assert {name: ratio * group.qty for name, ratio in group.ratios.items() if group.qty} == (
        quantities if group.qty else {}
    )
    ratios = [abs(int(ratio)) for ratio in group.ratios.values() if ratio]
    assert all(any(ratio % divisor for ratio in ratios) for divisor in range(2, 61)) or not ratios


@pytest.mark.parametrize(
    ("quantities", "combos", "ratios"),
    [
        ({"short": "-2", "long": "4"}, "2", {"short": "-1", "long": "2"}),
        ({"short": "-10", "long": "10"}, "10", {"short": "-1", "long": "1"}),
        ({"a": "0.3", "b": "-0.2"}, "0.1", {"a": "3", "b": "-2"}),
        ({"marker": "0"}, "0", {"marker": "0"}),
        ({"marker": "0", "a": "5"}, "5", {"marker": "0", "a": "1"}),
    ],
)
def test_a_group_is_the_largest_number_of_equal_combos(
    quantities: dict[str, str], combos: str, ratios: dict[str, str]
) -> None:
    group = group_quantity({name: Decimal(qty) for name, qty in quantities.items()})
    assert str(group.qty) == combos
    assert {name: str(ratio) for name, ratio in group.ratios.items()} == ratios


def test_a_combo_bought_for_a_debit_has_a_positive_price_and_a_credit_a_negative_one() -> None:
    prices = {"long": Decimal("1.10"), "short": Decimal("2.60"), "marker": Decimal(99)}
    ratios = {"long": Decimal(1), "short": Decimal(-1), "marker": Decimal(0)}
    assert combo_price(ratios, prices) == Decimal("-1.50")
    assert combo_price({name: -ratio for name, ratio in ratios.items()}, prices) == Decimal("1.50")
