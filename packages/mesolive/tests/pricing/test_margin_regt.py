"""What Reg-T requires of known structures (values worked out by hand), and what must hold of any position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesolive.pricing.margin_regt import BROAD_INDEX, EQUITY, NakedRates, RegTLeg, RegTMode, StructureKind
from mesolive.pricing.margin_search import (
    MAX_LEGS,
    _Answer,
    _Division,
    _Program,
    reg_t,
)
from mesolive.records import replace

FIRST = datetime(2026, 1, 16, 21, tzinfo=UTC)
NEAR, FAR, LAST = FIRST, FIRST + timedelta(days=28), FIRST + timedelta(days=56)
SPOT = Decimal(1000)
VANILLA, PERMISSIVE = RegTMode.VANILLA, RegTMode.PERMISSIVE


def leg(
    kind: str,
    strike: float | str,
    quantity: float | str,
    price: float | str,
    expires: datetime = NEAR,
    *,
    entry: float | str | None = None,
    multiplier: int = 100,
) -> RegTLeg:
    return RegTLeg(
        is_call=kind == "C",
        strike=Decimal(str(strike)),
        expires=expires,
        quantity=Decimal(str(quantity)),
        price=Decimal(str(price)),
        entry=None if entry is None else Decimal(str(entry)),
        multiplier=Decimal(multiplier),
    )


def margin(
    legs: Sequence[RegTLeg], mode: RegTMode = VANILLA, rates: NakedRates = BROAD_INDEX, spot: Decimal = SPOT
) -> Decimal:
    requirement = reg_t(legs, spot, rates, mode)
    assert requirement.lowest
    return requirement.amount


# Underlying at 1000, multiplier 100. Each with the requirement of both modes; the entry prices are the current ones.
STRUCTURES: dict[str, tuple[list[RegTLeg], str, str]] = {
    # 12 + max(150 - 50, 95) = 112
    "short put": ([leg("P", 950, -1, 12)], "11200", "10000"),
    # 2 + max(150 - 200, 80) = 82: the minimum is of the strike
    "short put far out of the money": ([leg("P", 800, -1, 2)], "8200", "8000"),
    # 8 + max(150 - 50, 100) = 108
    "short call": ([leg("C", 1050, -2, 8)], "21600", "20000"),
    # 1 + max(150 - 200, 100) = 101: the minimum is of the index
    "short call far out of the money": ([leg("C", 1200, -1, 1)], "10100", "10000"),
    # 65 + 150 = 215: in the money there is no out-of-the-money amount
    "short put in the money": ([leg("P", 1060, -1, 65)], "21500", "15000"),
    "long put": ([leg("P", 950, 3, 12)], "0", "0"),
    "long strangle": ([leg("P", 950, 1, 12), leg("C", 1050, 1, 8)], "0", "0"),
    # puts 25 + 150 = 175, calls 30 + 150 = 180: 180 + 25
    "short straddle": ([leg("P", 1000, -1, 25), leg("C", 1000, -1, 30)], "20500", "15000"),
    # put 112, call 108: 112 + 8
    "short strangle": ([leg("P", 950, -1, 12), leg("C", 1050, -1, 8)], "12000", "10000"),
    # one pair 120 and one put alone 112
    "two puts and a call short": ([leg("P", 950, -2, 12), leg("C", 1050, -1, 8)], "23200", "20000"),
    # width 50; credit 7
    "put credit spread": ([leg("P", 950, -1, 12), leg("P", 900, 1, 5)], "5000", "4300"),
    "put debit spread": ([leg("P", 950, 1, 12), leg("P", 900, -1, 5)], "0", "0"),
    # width 20; credit 3
    "call credit spread": ([leg("C", 1050, -4, 8), leg("C", 1070, 4, 5)], "8000", "6800"),
    "call debit spread": ([leg("C", 1000, 1, 30), leg("C", 1050, -1, 8)], "0", "0"),
    # two spreads of width 50 and one put alone at 112, which brought 12
    "ratio put spread": ([leg("P", 950, -3, 12), leg("P", 900, 2, 5)], "21200", "18600"),
    "long call butterfly": ([leg("C", 980, 1, 40), leg("C", 1000, -2, 28), leg("C", 1020, 1, 18)], "0", "0"),
    # loses 20 at the middle strike; as two spreads, one brought 12 to its 20, and the other is paid in full
    "short call butterfly": ([leg("C", 980, -1, 40), leg("C", 1000, 2, 28), leg("C", 1020, -1, 18)], "2000", "800"),
    # lower wing 30 wide, upper 20: 10 is lost below 920; credit 0.5
    "broken-wing put butterfly": ([leg("P", 970, 1, 8), leg("P", 950, -2, 6), leg("P", 920, 1, 3.5)], "1000", "950"),
    "long put condor": (
        [leg("P", 980, 1, 18), leg("P", 960, -1, 13), leg("P", 940, -1, 10), leg("P", 920, 1, 7)],
        "0",
        "0",
    ),
    # only one side can lose: 50 of the puts, 20 of the calls; credit 7 + 3
    "iron condor": (
        [leg("P", 900, 1, 5), leg("P", 950, -1, 12), leg("C", 1050, -1, 8), leg("C", 1070, 1, 5)],
        "5000",
        "4000",
    ),
    # 25 wide; credit 25 + 30 - 16 - 19 = 20
    "iron butterfly": (
        [leg("P", 975, 1, 16), leg("P", 1000, -1, 25), leg("C", 1000, -1, 30), leg("C", 1025, 1, 19)],
        "2500",
        "500",
    ),
    # loses 20 inside whatever happens: bought for a debit of 13
    "reverse iron condor": (
        [leg("P", 930, -1, 9), leg("P", 950, 1, 12), leg("C", 1050, 1, 8), leg("C", 1070, -1, 5)],
        "0",
        "0",
    ),
    # sold for 19, worth 20 at expiration
    "short box": (
        [leg("C", 990, -1, 36), leg("C", 1010, 1, 25), leg("P", 990, 1, 20), leg("P", 1010, -1, 28)],
        "2000",
        "100",
    ),
    "long box": (
        [leg("C", 990, 1, 36), leg("C", 1010, -1, 25), leg("P", 990, -1, 20), leg("P", 1010, 1, 28)],
        "0",
        "0",
    ),
    "put calendar": ([leg("P", 950, -1, 12), leg("P", 950, 1, 20, FAR)], "0", "0"),
    # strikes 30 apart; debit
    "put diagonal": ([leg("P", 950, -1, 12), leg("P", 920, 1, 14, FAR)], "3000", "3000"),
    # the long put expires first and covers nothing: 20 + max(150 - 50, 95) = 120
    "reverse calendar": ([leg("P", 950, 1, 12), leg("P", 950, -1, 20, FAR)], "12000", "10000"),
    "double calendar": (
        [leg("P", 950, -1, 12), leg("P", 950, 1, 20, FAR), leg("C", 1050, -1, 8), leg("C", 1050, 1, 15, FAR)],
        "0",
        "0",
    ),
    # A condor over two expirations is two spreads: the near puts cannot share with the far calls.
    "credit spreads of two expirations": (
        [leg("P", 900, 1, 5), leg("P", 950, -1, 12), leg("C", 1050, -1, 15, FAR), leg("C", 1070, 1, 10, FAR)],
        "7000",
        "5800",
    ),
    # A put spread of 50 with the call alone at 108 would be 158; as a pair at 120 they need no cover.
    "short strangle with a long put": (
        [leg("P", 950, -1, 12), leg("P", 900, 1, 5), leg("C", 1050, -1, 8)],
        "12000",
        "10000",
    ),
    "a mini contract": ([leg("P", 950, -1, 12, multiplier=10)], "1120", "1000"),
    "a mini does not cover a full contract": (
        [leg("P", 950, -1, 12), leg("P", 950, 1, 12, multiplier=10)],
        "11200",
        "10000",
    ),
    # half of a contract covered, half alone: 0.5 * 50 + 0.5 * 112
    "parts of contracts": ([leg("P", 950, -1, 12), leg("P", 900, 0.5, 5)], "8100", "7150"),
    "nothing": ([], "0", "0"),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_known_structure_requires_what_the_manual_says(name: str) -> None:
    legs, vanilla, permissive = STRUCTURES[name]
    assert margin(legs) == Decimal(vanilla)
    assert margin(legs, PERMISSIVE) == Decimal(permissive)


def test_equity_options_require_twenty_percent() -> None:
    # 3 + max(40 - 5, 19.5) = 38
    assert margin([leg("P", 195, -1, 3)], rates=EQUITY, spot=Decimal(200)) == 3800


def test_proceeds_are_those_of_the_sale_while_the_requirement_follows_the_market() -> None:
    sold = leg("P", 950, -1, 30, entry=12)  # 30 + 100 = 130 now
    assert margin([sold]) == 13_000
    assert margin([sold], PERMISSIVE) == 11_800
    worthless = leg("P", 800, -1, 0, entry=90)  # 80 is required, 90 came in
    assert margin([worthless], PERMISSIVE) == 0


def test_the_structures_say_how_the_requirement_came_about() -> None:
    short_put, long_put, short_call = leg("P", 950, -2, 12), leg("P", 900, 1, 5), leg("C", 1050, -1, 8)
    requirement = reg_t([short_call, long_put, short_put], SPOT, BROAD_INDEX)
    assert {item.kind: set(item.parts) for item in requirement.structures} == {
        StructureKind.SPREAD: {(short_put, Decimal(-1)), (long_put, Decimal(1))},
        StructureKind.SHORT_PAIR: {(short_put, Decimal(-1)), (short_call, Decimal(-1))},
    }
    assert sum(item.requirement for item in requirement.structures) == requirement.amount == 17_000


def test_a_contract_is_never_divided_where_that_would_be_cheaper() -> None:
    # Covering half of each short put would halve the difference between the sides; a contract is in one structure.
    legs = [
        leg("P", 1000, -1, 30),
        leg("P", 990, -1, 26),
        leg("P", 980, 1, 22),
        leg("C", 1050, -1, 8),
        leg("C", 1065, 1, 5),
    ]
    # Put 1000 covered: 20 on one side, 990 alone at 26 + 140. Put 990 covered: 15 of the calls, 1000 alone at 180.
    assert margin(legs) == 18_600


def test_a_position_of_very_many_legs_gets_an_allowed_requirement_that_is_not_called_the_lowest() -> None:
    spreads = [
        item
        for number in range(MAX_LEGS)
        for item in (leg("P", 900 - number, -1, 3), leg("P", 895 - number, 1, 2), leg("C", 1100 + number, -1, 1))
    ]
    requirement = reg_t(spreads, SPOT, BROAD_INDEX)
    assert not requirement.lowest
    assert 0 < requirement.amount <= sum(reg_t([item], SPOT, BROAD_INDEX).amount for item in spreads)
    # Every short contract is in exactly one structure.
    held = [quantity for item in requirement.structures for part, quantity in item.parts if part.quantity < 0]
    assert sum(held) == -2 * MAX_LEGS


@pytest.mark.parametrize(
    "proposed",
    [
        None,
        _Division(spreads=[{0: 1, 1: 2}]),  # one long put for two short ones
        _Division(spreads=[{0: 1}]),  # nothing but a long put
        _Division(pairs=[(1, 2, 2)]),  # more contracts than there are
        _Division(spreads=[{0: 1, 2: 1}]),  # a long put for a short call
    ],
)
def test_what_the_solver_proposes_is_checked_and_a_good_division_found_without_it(
    monkeypatch: pytest.MonkeyPatch, proposed: _Division | None
) -> None:
    def solve(_: _Program, *, whole: bool) -> _Answer:
        return _Answer(proposed, 0.0)

    monkeypatch.setattr(_Program, "solve", solve)
    legs = [leg("P", 900, 1, 5), leg("P", 950, -1, 12), leg("C", 1050, -1, 15, FAR)]
    # The put is covered: 50. The call stands alone: 15 + 150 - 50 = 115. As a pair they would require 115 + 12.
    requirement = reg_t(legs, SPOT, BROAD_INDEX)
    assert not requirement.lowest
    assert requirement.amount == 16_500
    assert sum(quantity for item in requirement.structures for part, quantity in item.parts if part.quantity < 0) == -2


STRIKES = st.integers(90, 110).map(lambda number: Decimal(10 * number))


@st.composite
def legs_of(draw: st.DrawFn, quantities: Sequence[int] = (-3, -2, -1, 1, 2, 3)) -> RegTLeg:
    is_call, strike = draw(st.booleans()), draw(STRIKES)
    worth = max(SPOT - strike if is_call else strike - SPOT, Decimal(0)) + draw(st.integers(0, 40))
    return RegTLeg(
        is_call=is_call,
        strike=strike,
        expires=draw(st.sampled_from([NEAR, FAR, LAST])),
        quantity=Decimal(draw(st.sampled_from(quantities))),
        price=worth,
        entry=draw(st.none() | st.integers(0, 120).map(Decimal)),
    )


MODES = st.sampled_from(RegTMode)
POSITIONS = st.lists(legs_of(), max_size=7)


def partitions(items: Sequence[RegTLeg]) -> Iterator[list[list[RegTLeg]]]:
    """Return every way to divide single contracts into groups."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for division in partitions(rest):
        yield [[first], *division]
        for place, group in enumerate(division):
            yield [*division[:place], [first, *group], *division[place + 1 :]]


def required_of(group: Sequence[RegTLeg], mode: RegTMode) -> Decimal | None:
    """Return what the rules require of single contracts as one structure; `None` when they are not one.

    Worked out anew from the rules, without the product's code.
    """
    shorts = [item for item in group if item.quantity < 0]
    longs = [item for item in group if item.quantity > 0]

    def premium(item: RegTLeg) -> Decimal:
        return item.price if item.entry is None else item.entry

    def alone(item: RegTLeg) -> Decimal:
        away = max((item.strike - SPOT) * (1 if item.is_call else -1), Decimal(0))
        tenth = (SPOT if item.is_call else item.strike) / 10
        return item.price + max(SPOT * 15 / 100 - away, tenth)

    if not shorts:
        return Decimal(0) if len(longs) == 1 else None
    brought = sum(map(premium, shorts)) - sum(map(premium, longs))
    if len(group) == 1:
        required = alone(group[0])
    elif not longs and len(group) == 2 and shorts[0].is_call != shorts[1].is_call:
        one, other = shorts
        required = sum(max((alone(one), other.price), (alone(other), one.price)), Decimal(0))
    elif all(sum(i.quantity for i in group if i.is_call is kind) == 0 for kind in (True, False)) and max(
        item.expires for item in shorts
    ) <= min(item.expires for item in longs):
        values: list[Decimal] = [
            sum(
                (i.quantity * max((price - i.strike) * (1 if i.is_call else -1), Decimal(0)) for i in group), Decimal(0)
            )
            for price in [Decimal(0), *(item.strike for item in group), Decimal(10_000)]
        ]
        required = max(Decimal(0), -min(values))
    else:
        return None
    if mode is PERMISSIVE:
        required = max(required - max(brought, Decimal(0)), Decimal(0))
    return required * 100


@given(st.lists(legs_of((-1, -1, 1)), max_size=6), MODES)
@settings(max_examples=60, deadline=None)
@example(
    [  # the short put is best covered by the far long one, so that the near one is left for nothing
        leg("P", 950, -1, 12, FAR),
        leg("P", 930, 1, 9, FAR),
        leg("P", 940, 1, 10, NEAR),
        leg("C", 1050, -1, 20, LAST),
        leg("C", 1060, 1, 16, LAST),
    ],
    VANILLA,
)
def test_no_division_of_the_contracts_requires_less(legs: list[RegTLeg], mode: RegTMode) -> None:
    divisions = ([required_of(group, mode) for group in division] for division in partitions(legs))
    best = min(sum((cost for cost in costs if cost), Decimal(0)) for costs in divisions if None not in costs)
    assert margin(legs, mode) == best


@given(POSITIONS, legs_of((1, 2, 3)), MODES)
@settings(max_examples=60, deadline=None)
def test_a_further_long_leg_never_raises_the_requirement(legs: list[RegTLeg], more: RegTLeg, mode: RegTMode) -> None:
    assert 0 <= margin([*legs, more], mode) <= margin(legs, mode)


@given(POSITIONS, POSITIONS, MODES)
@settings(max_examples=60, deadline=None)
def test_two_parts_of_a_position_never_require_less_than_the_whole(
    some: list[RegTLeg], others: list[RegTLeg], mode: RegTMode
) -> None:
    assert margin([*some, *others], mode) <= margin(some, mode) + margin(others, mode)


@given(POSITIONS.flatmap(lambda legs: st.tuples(st.just(legs), st.permutations(legs))), MODES)
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_legs_means_nothing(orders: tuple[list[RegTLeg], list[RegTLeg]], mode: RegTMode) -> None:
    first, second = orders
    assert reg_t(first, SPOT, BROAD_INDEX, mode) == reg_t(second, SPOT, BROAD_INDEX, mode)


@given(POSITIONS)
@settings(max_examples=40, deadline=None)
def test_proceeds_never_raise_the_requirement(legs: list[RegTLeg]) -> None:
    assert margin(legs, PERMISSIVE) <= margin(legs, VANILLA)


@given(legs_of((-2, -1)), legs_of((1, 2)))
@settings(max_examples=60, deadline=None)
def test_a_spread_never_requires_more_than_its_short_leg_alone(short: RegTLeg, long: RegTLeg) -> None:
    assert margin([short, long]) <= margin([short])


@given(POSITIONS, MODES)
@settings(max_examples=40, deadline=None)
def test_ten_times_the_position_never_requires_more_than_ten_times_the_margin(
    legs: list[RegTLeg], mode: RegTMode
) -> None:
    tenfold = [replace(item, quantity=10 * item.quantity) for item in legs]
    assert margin(tenfold, mode) <= 10 * margin(legs, mode)


@st.composite
def covered(draw: st.DrawFn) -> list[RegTLeg]:
    """Return verticals, calendars and diagonals, as wide as can be: each short option with a long one of its kind."""
    legs: list[RegTLeg] = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from("PC"))
        sold, bought = (draw(st.sampled_from([500, 900, 950, 1000, 1050, 1100, 1600])) for _ in range(2))
        near = draw(st.sampled_from([NEAR, FAR]))
        price = draw(st.integers(1, 40))
        legs += [leg(kind, sold, -1, price, near), leg(kind, bought, 1, price, draw(st.sampled_from([near, LAST])))]
    return legs


@given(covered())
@settings(max_examples=60, deadline=None)
@example([leg("C", 1050, -1, 5), leg("C", 1600, 1, 1)])  # alone the short call requires less than this spread loses
@example([leg("P", 900, -1, 5), leg("P", 500, 1, 1), leg("C", 1100, -1, 5), leg("C", 1600, 1, 1)])
def test_no_division_of_a_covered_position_requires_less(legs: list[RegTLeg]) -> None:
    divisions = ([required_of(group, VANILLA) for group in division] for division in partitions(legs))
    best = min(sum((cost for cost in costs if cost), Decimal(0)) for costs in divisions if None not in costs)
    assert margin(legs) == best


def test_the_margin_of_a_condor_needs_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Program, "solve", None)
    condor = [leg("P", 900, 10, 2), leg("P", 910, -10, 3), leg("C", 1090, -10, 3), leg("C", 1100, 10, 2)]
    assert margin(condor) == 10 * 1000
