"""What holds for selection on any chain: nearest among the allowed, constraints kept, no dependence on order."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mesolive.language.decision import Constraint, SelectionError, UnreadExpirationError
from mesolive.market.contracts import Expiration, Right
from mesolive.records import replace
from mesolive_testkit.language.market import TODAY, PlainView, generated
from mesolive_testkit.language.strategies import (
    ACCOUNT,
    contract,
    definition,
    expiration,
    leg,
    open_leg,
    position,
    select,
)

STRIKES = 21
BASE = generated([("SPXW", 30)], width=100, step=10)
VALUES = st.one_of(st.just(math.nan), st.floats(0, 100).map(lambda value: round(value, 2)))


def with_bids(bids: list[float], right: Right = Right.PUT) -> PlainView:
    part = BASE.slice("SPXW", TODAY + timedelta(days=30), right)
    assert part is not None
    return BASE.with_slice(replace(part, bid=np.array(bids)))


@given(
    bids=st.lists(VALUES, min_size=STRIKES, max_size=STRIKES),
    target=st.floats(-5, 105),
    low=st.none() | st.floats(0, 100),
    high=st.none() | st.floats(0, 100),
    taken=st.sets(st.integers(0, STRIKES - 1), max_size=8),
    side=st.sampled_from(["Put", "Call"]),
)
def test_the_chosen_contract_is_allowed_and_none_allowed_is_nearer(
    bids: list[float], target: float, low: float | None, high: float | None, taken: set[int], side: str
) -> None:
    right = Right.PUT if side == "Put" else Right.CALL
    view = with_bids(bids, right)
    strikes = [4400.0 + 10 * index for index in range(STRIKES)]
    other = position(*(open_leg(f"h{place}", contract(view, strikes[place], right), 1) for place in taken))
    account = replace(ACCOUNT, positions=(other,))
    raw = definition([leg("a", -1, side, BidPrice=repr(target), Min=low, Max=high)])
    allowed = {
        strike: abs(value - target)
        for place, (strike, value) in enumerate(zip(strikes, bids, strict=True))
        if not math.isnan(value)
        and place not in taken
        and (low is None or value >= low)
        and (high is None or value <= high)
    }
    try:
        selection = select(raw, view, account).legs[0]
    except SelectionError:
        assert not allowed
        return
    chosen = float(selection.contract.strike)
    assert chosen in allowed
    nearest = min(allowed.values())
    assert allowed[chosen] <= nearest + 1e-6
    ties = [strike for strike, distance in allowed.items() if distance <= nearest + 1e-12]
    if allowed[chosen] == nearest:
        assert chosen == (min(ties) if right is Right.PUT else max(ties)) or len(ties) == 1
    assert selection.trace.candidates == sum(not math.isnan(value) for value in bids)
    for symbol, reason in selection.trace.passed_over:
        assert reason
        assert symbol != selection.contract.symbol
    assert len(selection.trace.passed_over) <= 10


@given(
    targets=st.lists(st.integers(4400, 4600), min_size=1, max_size=6),
    occupied=st.sets(st.integers(0, STRIKES - 1), max_size=6),
    constraint=st.sampled_from(Constraint),
)
def test_the_constraint_holds_between_legs_and_positions(
    targets: list[int], occupied: set[int], constraint: Constraint
) -> None:
    strikes = [4400.0 + 10 * index for index in range(STRIKES)]
    elsewhere = {strikes[place] for place in occupied}
    other = position(*(open_leg(f"h{strike:.0f}", contract(BASE, strike), 1) for strike in elsewhere))
    raw = definition([leg(f"l{number}", -1, StrikePrice=target) for number, target in enumerate(targets)])
    selection = select(raw, BASE, replace(ACCOUNT, positions=(other,)), constraint=constraint)
    chosen = [float(selected.contract.strike) for selected in selection.legs]
    if constraint is not Constraint.NONE:
        assert len(set(chosen)) == len(chosen)
    if constraint is Constraint.FULLY_UNIQUE:
        assert not set(chosen) & elsewhere
    # Each leg is as near as what was left to it allows.
    free = [strike for strike in strikes if constraint is not Constraint.FULLY_UNIQUE or strike not in elsewhere]
    for strike, target in zip(chosen, targets, strict=True):
        assert abs(strike - target) == min(abs(each - target) for each in free)
        if constraint is not Constraint.NONE:
            free.remove(strike)


@given(
    listed=st.lists(
        st.tuples(st.sampled_from(["SPX", "SPXW", "SPXQ"]), st.integers(1, 90)), min_size=1, max_size=12, unique=True
    ),
    target=st.integers(-10, 120),
    low=st.none() | st.integers(0, 90),
    high=st.none() | st.integers(0, 90),
)
def test_the_chosen_expiration_is_allowed_and_none_allowed_is_nearer(
    listed: list[tuple[str, int]], target: int, low: int | None, high: int | None
) -> None:
    view = generated(listed, width=20, step=20)
    raw = definition([leg("a", StrikePrice=4500)], [expiration(dte=target, Min=low, Max=high)])
    allowed = [days for _, days in listed if (low is None or days >= low) and (high is None or days <= high)]
    try:
        selection = select(raw, view).expirations["e"]
    except SelectionError:
        assert not allowed
        return
    days = (selection.day - TODAY).days
    assert days in allowed
    distance = min(abs(each - target) for each in allowed)
    assert abs(days - target) == distance
    assert days == min(each for each in allowed if abs(each - target) == distance)
    roots = [root for root, each in listed if each == days]
    assert selection.root == min(roots, key=["SPXW", "SPX", "SPXQ"].index)


@given(
    listed=st.lists(
        st.tuples(st.sampled_from(["SPX", "SPXW", "SPXQ"]), st.integers(1, 40)), min_size=1, max_size=8, unique=True
    ),
    unread=st.sets(st.integers(0, 7)),
    target=st.integers(0, 45),
    low=st.none() | st.integers(0, 40),
    high=st.none() | st.integers(0, 40),
)
def test_what_is_not_read_yet_is_awaited_where_it_is_the_choice_and_never_replaced_by_another(
    listed: list[tuple[str, int]], unread: set[int], target: int, low: int | None, high: int | None
) -> None:
    whole = generated(listed, width=20, step=20)
    away = {(root, TODAY + timedelta(days=days)) for number, (root, days) in enumerate(listed) if number in unread}
    raw = definition([leg("a", StrikePrice=4500)], [expiration(dte=target, Min=low, Max=high)])

    def chosen(view: PlainView) -> tuple[str, Expiration] | str:
        try:
            return "read", select(raw, view).expirations["e"]
        except UnreadExpirationError as error:
            return "unread", error.expiration
        except SelectionError as error:
            return str(error)

    by_all = chosen(whole)
    if isinstance(by_all, tuple) and (by_all[1].root, by_all[1].day) in away:
        by_all = "unread", by_all[1]
    assert chosen(whole.without(away)) == by_all


@given(
    values=st.lists(st.floats(0, 50).map(lambda value: round(value, 2)), min_size=STRIKES, max_size=STRIKES),
    target=st.floats(0, 50),
    floor=st.integers(0, 4600),
)
def test_a_complex_choice_is_the_best_of_the_candidates_that_fulfil_its_constraints(
    values: list[float], target: float, floor: int
) -> None:
    view = with_bids(values)
    inner: dict[str, Any] = {
        "Statement": "leg_a_bid / 2",
        "Target": repr(target),
        "Constraints": [f"leg_a_strike > {floor}", "leg_a_bid > 1"],
    }
    raw = definition([leg("a", 1, Complex=inner)])
    strikes = [4400.0 + 10 * index for index in range(STRIKES)]
    good = {
        strike: abs(value / 2 - target)
        for strike, value in zip(strikes, values, strict=True)
        if strike > floor and value > 1
    }
    try:
        selection = float(select(raw, view).legs[0].contract.strike)
    except SelectionError:
        assert not good
        return
    assert selection in good
    assert good[selection] <= min(good.values()) + 1e-6


@given(st.permutations(["a", "b", "c"]))
def test_the_order_of_slices_in_a_view_does_not_matter(order: list[str]) -> None:
    base = generated([("SPXW", 7), ("SPX", 30), ("SPXW", 30)], width=200)
    pairs = dict(zip("abc", zip(base.slices[::2], base.slices[1::2], strict=True), strict=True))
    shuffled = replace(base, slices=[part for name in order for part in pairs[name]])
    raw = definition([leg("x", Delta=20), leg("y", 1, Delta=10)])
    assert select(raw, shuffled).legs == select(raw, base).legs
