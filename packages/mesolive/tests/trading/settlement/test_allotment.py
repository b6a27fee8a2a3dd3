"""What a venue settled is divided so that nothing is lost and nothing is doubled, the same way every time."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mesolive.trading.settlement.allotment import allot, shares

contracts = st.integers(-9, 9).filter(bool).map(Decimal)
legs = st.lists(contracts, max_size=8)
cents = st.integers(-100_000, 100_000).map(lambda number: Decimal(number) / 100)


@given(held=legs)
def test_what_is_held_in_sum_settles_all_legs(held: list[Decimal]) -> None:
    for partly in (False, True):
        assert allot(held, sum(held, Decimal(0)), partly=partly) == held


@given(held=legs, settled=contracts)
def test_a_differing_quantity_settles_nothing_until_it_may(held: list[Decimal], settled: Decimal) -> None:
    if sum(held) != settled:
        assert not any(allot(held, settled, partly=False))


@given(held=legs, settled=contracts)
def test_no_leg_settles_more_than_it_holds_and_none_against_its_direction(
    held: list[Decimal], settled: Decimal
) -> None:
    parts = allot(held, settled, partly=True)
    assert len(parts) == len(held)
    assert all(abs(part) <= abs(qty) and part * qty >= 0 for part, qty in zip(parts, held, strict=True))
    if sum(held) != settled:
        assert all(part * settled >= 0 for part in parts)
        same = sum(qty for qty in held if qty * settled > 0)
        assert abs(sum(parts)) == min(abs(same), abs(settled))


@given(held=legs, settled=contracts)
def test_older_legs_come_first(held: list[Decimal], settled: Decimal) -> None:
    parts = allot(held, settled, partly=True)
    touched = [(part, qty) for part, qty in zip(parts, held, strict=True) if qty * settled > 0]
    if sum(held) != settled:
        left = [index for index, (part, qty) in enumerate(touched) if part != qty]
        assert all(touched[index][0] == 0 for index in left[1:]), "one leg at most is settled in part"
        assert not left or all(part == 0 for part, _ in touched[left[0] + 1 :])


@given(held=legs, facts=st.lists(contracts, max_size=5))
def test_several_settlements_of_one_contract_never_settle_more_than_was_held(
    held: list[Decimal], facts: list[Decimal]
) -> None:
    left = list(held)
    for fact in facts:
        left = [qty - part for qty, part in zip(left, allot(left, fact, partly=True), strict=True)]
    assert all(abs(now) <= abs(then) and now * then >= 0 for now, then in zip(left, held, strict=True))


@given(amount=cents, quantities=st.lists(contracts, min_size=1, max_size=6))
def test_shares_are_the_amount_to_the_cent(amount: Decimal, quantities: list[Decimal]) -> None:
    parts = shares(amount, quantities)
    assert sum(parts) == amount
    assert all(part == part.quantize(Decimal("0.01")) for part in parts)
    whole = sum(abs(qty) for qty in quantities)
    for part, qty in zip(parts, quantities, strict=True):
        assert abs(part - amount * abs(qty) / whole) <= Decimal("0.01") * len(quantities)
