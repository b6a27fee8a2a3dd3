"""Combos made of leg fills: the same numbers and contents whatever the order of arrival, and nothing lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.connectors.tastytrade.combo_fills import ComboFill, LegFill, leftovers, new_combos, ratios_of

BEGIN = datetime(2026, 7, 27, 14, 36, tzinfo=UTC)


def fill(symbol: str, number: int, quantity: int = 1, price: str = "1.00", second: float = 0) -> LegFill:
    return LegFill(
        symbol=symbol,
        fill_id=str(number),
        quantity=Decimal(quantity),
        price=Decimal(price),
        at=BEGIN + timedelta(seconds=second),
    )


@st.composite
def orders(draw: st.DrawFn) -> tuple[dict[str, Decimal], list[LegFill]]:
    """Return an order of up to four legs that was filled whole, leg by leg, in any pieces."""
    ratios = {name: draw(st.integers(1, 3)) for name in "ABCD"[: draw(st.integers(1, 4))]}
    size = draw(st.integers(1, 5))
    fills: list[LegFill] = []
    for symbol, ratio in ratios.items():
        left = ratio * size
        while left:
            quantity = draw(st.integers(1, left))
            left -= quantity
            price = f"{draw(st.integers(1, 400))}E-2"
            fills.append(fill(symbol, len(fills), quantity, price, draw(st.integers(0, 5))))
    return ratios_of({symbol: Decimal(ratio * size) for symbol, ratio in ratios.items()}), fills


def total(combos: Sequence[ComboFill], symbol: str) -> Decimal:
    return sum((part.quantity for combo in combos for part in combo.parts[symbol]), Decimal(0))


def cash(combos: Sequence[ComboFill]) -> Decimal:
    return sum(
        (part.quantity * part.price for combo in combos for parts in combo.parts.values() for part in parts), Decimal(0)
    )


@given(orders(), st.randoms(use_true_random=False))
def test_fills_that_are_known_at_once_make_the_same_combos_in_any_order(
    order: tuple[dict[str, Decimal], list[LegFill]], random: object
) -> None:
    ratios, fills = order
    mixed = list(fills)
    random.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis' stand-in for `random.Random` has no public type
    assert new_combos(ratios, fills, []) == new_combos(ratios, mixed, [])


@settings(max_examples=60)
@given(orders(), st.data())
def test_every_contract_and_every_cent_is_reported_once_whatever_the_pieces(
    order: tuple[dict[str, Decimal], list[LegFill]], data: st.DataObject
) -> None:
    ratios, fills = order
    arriving = data.draw(st.permutations(fills))
    reported: list[ComboFill] = []
    known: list[LegFill] = []
    for one in arriving:
        known.append(one)
        if data.draw(st.booleans()):
            reported += new_combos(ratios, known, reported)
    reported += new_combos(ratios, known, reported)
    assert [combo.number for combo in reported] == list(range(1, len(reported) + 1))
    for combo in reported:
        assert {symbol: total([combo], symbol) for symbol in ratios} == ratios
    for symbol in ratios:
        assert total(reported, symbol) == sum(item.quantity for item in fills if item.symbol == symbol)
    assert cash(reported) == sum(item.quantity * item.price for item in fills)
    assert leftovers(ratios, known, reported) == {}


def test_no_fill_is_reported_before_all_legs_have_their_share() -> None:
    ratios = ratios_of({"A": Decimal(2), "B": Decimal(4)})
    assert new_combos(ratios, [fill("A", 1, 2), fill("B", 2)], []) == []
    (combo,) = new_combos(ratios, [fill("A", 1, 2), fill("B", 2, 3)], [])
    assert total([combo], "B") == 2


def test_a_fill_that_sorts_before_reported_fills_does_not_change_them() -> None:
    ratios = {"A": Decimal(1)}
    late = fill("A", 2, price="9.00", second=5)
    reported = new_combos(ratios, [late], [])
    more = new_combos(ratios, [fill("A", 1, price="1.00"), late], reported)
    assert [combo.price("A") for combo in (*reported, *more)] == [Decimal("9.00"), Decimal("1.00")]


def test_a_price_is_the_mean_of_the_parts() -> None:
    (combo,) = new_combos({"A": Decimal(4)}, [fill("A", 1, 1, "1.00"), fill("A", 2, 3, "2.00", 1)], [])
    assert combo.price("A") == Decimal("1.75")
    assert combo.at == BEGIN + timedelta(seconds=1)


def test_what_makes_no_combo_is_left_over() -> None:
    ratios = {"A": Decimal(1), "B": Decimal(1)}
    fills = [fill("A", 1, 2), fill("B", 2)]
    (part,) = leftovers(ratios, fills, new_combos(ratios, fills, []))["A"]
    assert part.quantity == 1
