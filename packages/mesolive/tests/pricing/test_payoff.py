"""The least and the most that a combination of options can be worth at expiration."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mesolive.pricing.payoff import LeastPayoff, PayoffLeg, largest_payoff, least_payoff

APRIL = datetime(2024, 4, 19, 20, tzinfo=UTC)
MAY = datetime(2024, 5, 17, 20, tzinfo=UTC)


def leg(kind: str, strike: int, quantity: int, expires: datetime = APRIL) -> PayoffLeg:
    return PayoffLeg(expires, kind == "call", Decimal(strike), Decimal(quantity))


def test_the_least_value_of_the_usual_structures_is_their_textbook_loss() -> None:
    vertical = [leg("put", 4800, -100), leg("put", 4700, 100)]
    assert least_payoff(vertical) == LeastPayoff(Decimal(-10_000), Decimal(0))
    condor = [*vertical, leg("call", 5200, -100), leg("call", 5350, 100)]
    assert least_payoff(condor) == LeastPayoff(Decimal(-15_000), Decimal(0))
    assert least_payoff([leg("put", 4800, -100)]) == LeastPayoff(Decimal(-480_000), Decimal(0))
    butterfly = [leg("call", 4900, 100), leg("call", 5000, -200), leg("call", 5100, 100)]
    assert least_payoff(butterfly) == LeastPayoff(Decimal(0), Decimal(0))
    assert largest_payoff(butterfly) == 10_000


def test_calls_that_nothing_covers_have_no_least_value() -> None:
    assert least_payoff([leg("call", 5200, -100)]).uncovered_calls == 100
    ratio = [leg("call", 5000, 100), leg("call", 5100, -300)]
    assert least_payoff(ratio).uncovered_calls == 200
    assert least_payoff([leg("put", 5000, 1000), leg("call", 5200, -100)]).uncovered_calls == 100
    assert largest_payoff([leg("call", 5000, 100)]) is None


def test_a_long_option_covers_what_expires_no_later_than_it() -> None:
    assert least_payoff([leg("call", 5000, -100, APRIL), leg("call", 5000, 100, MAY)]) == LeastPayoff(
        Decimal(0), Decimal(0)
    )
    assert least_payoff([leg("call", 5000, 100, APRIL), leg("call", 5000, -100, MAY)]).uncovered_calls == 100
    diagonal = [leg("put", 4800, -100, APRIL), leg("put", 4700, 100, MAY)]
    assert least_payoff(diagonal).value == -10_000
    short_far = [leg("put", 4700, 100, APRIL), leg("put", 4800, -100, MAY)]
    assert least_payoff(short_far).value == -480_000
    assert largest_payoff(diagonal) is None


def test_nothing_held_is_worth_nothing() -> None:
    assert least_payoff([]) == LeastPayoff(Decimal(0), Decimal(0))
    assert largest_payoff([]) == 0


legs_of_one_expiration = st.lists(
    st.builds(leg, st.sampled_from(["call", "put"]), st.integers(1, 20).map(lambda n: 10 * n), st.integers(-3, 3)),
    max_size=6,
)


@given(legs_of_one_expiration)
def test_no_price_of_the_underlying_pays_less_than_the_least_or_more_than_the_most(legs: list[PayoffLeg]) -> None:
    least, most = least_payoff(legs), largest_payoff(legs)
    paid = [sum((item.at(Decimal(price)) for item in legs), Decimal(0)) for price in range(0, 1001, 5)]
    highest = int(max((item.strike for item in legs if item.quantity != 0), default=Decimal(0)))
    assert min(paid[: highest // 5 + 1]) == least.value
    slope = (paid[-1] - paid[-2]) / 5
    assert least.uncovered_calls == max(-slope, Decimal(0))
    if most is None:
        assert slope > 0
    else:
        assert max(paid) == most


@given(legs_of_one_expiration, st.integers(1, 5))
def test_the_extremes_grow_with_the_quantity(legs: list[PayoffLeg], times: int) -> None:
    larger = [PayoffLeg(item.expires, item.is_call, item.strike, item.quantity * times) for item in legs]
    assert least_payoff(larger).value == times * least_payoff(legs).value
    assert least_payoff(larger).uncovered_calls == times * least_payoff(legs).uncovered_calls
