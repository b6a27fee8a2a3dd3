"""How a limit walks: from the middle, in our favour, never beyond what was fixed at its beginning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive_sdk.automation.walking import (
    AtEnd,
    Cancel,
    ComboQuote,
    HalfFilled,
    OrderPolicy,
    PriceStep,
    Progress,
    Stage,
    Style,
    Wait,
    decide,
)
from mesolive_sdk.ticks import on_tick, tick_above, tick_below

AT = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
SPREAD = ["SPXW", "SPXW"]
QUOTE = ComboQuote(Decimal("-3.12"), Decimal("-2.72"))  # a credit of 3.12 at best, 2.72 at worst


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def walk(
    policy: OrderPolicy,
    quotes: dict[int, ComboQuote],
    until: int = 400,
    quote: ComboQuote = QUOTE,
    roots: list[str] = SPREAD,
) -> list[tuple[int, object]]:
    """Let an order work for so many seconds that is never filled; return what was decided when."""
    price_steps: list[PriceStep] = []
    steps: list[tuple[int, object]] = []
    price: Decimal | None = None
    for second in range(until):
        quote = quotes.get(second, quote)
        match decide(policy, Progress(price_steps, price, works=bool(price_steps)), quote, roots, after(second)):
            case PriceStep() as price_step:
                price_steps.append(price_step)
                price = price_step.price
                steps.append((second, price_step.price))
            case Cancel():
                return [*steps, (second, "cancel")]
            case Wait():
                pass
    return steps


def test_the_limit_moves_by_ticks_to_the_maximum_slippage_and_rests_there() -> None:
    # The middle is -2.92, rounded in our favour to -2.95; half of the way to -2.72 is -2.82, on the tick -2.80.
    policy = OrderPolicy(step_seconds=10, max_concession=Decimal("0.5"))
    assert walk(policy, {}) == [
        (0, Decimal("-2.95")),
        (10, Decimal("-2.90")),
        (20, Decimal("-2.85")),
        (30, Decimal("-2.80")),
        (300, "cancel"),
    ]


@pytest.mark.parametrize(
    ("roots", "bid", "ask", "concession", "end"),
    [
        (["SPXW"], "1.00", "1.05", "0.75", "1.05"),  # one tick wide
        (["SPXW"], "1.00", "1.05", "0.1", "1.05"),
        (["SPXW"], "1.00", "1.10", "0.25", "1.10"),  # two
        (["SPXW"], "1.00", "1.10", "0.75", "1.10"),
        (["SPXW"], "0.00", "0.05", "0.75", "0.05"),
        (["SPXW"], "10.00", "10.10", "0.5", "10.10"),
        (SPREAD, "-3.10", "-3.05", "0.75", "-3.05"),
        (SPREAD, "10.00", "40.00", "0.75", "36.25"),  # a wide combo: 225 ticks in 19 steps
        (["SPY", "SPY"], "1.00", "9.00", "1", "9.00"),
        (SPREAD, "1.00", "1.10", "0", "1.05"),
    ],
)
def test_the_last_step_reaches_the_concession_whatever_the_width_and_the_tick(
    roots: list[str], bid: str, ask: str, concession: str, end: str
) -> None:
    policy = OrderPolicy(max_concession=Decimal(concession))
    quote = ComboQuote(Decimal(bid), Decimal(ask))
    prices = [price for _, price in walk(policy, {}, quote=quote, roots=roots) if isinstance(price, Decimal)]
    assert prices == sorted(prices)
    assert prices[-1] == Decimal(end)


def test_a_step_longer_than_half_of_the_patience_still_leaves_one_to_take() -> None:
    policy = OrderPolicy(step_seconds=60, patience_seconds=20, max_concession=Decimal(1))
    assert walk(policy, {}) == [(0, Decimal("-2.95")), (10, Decimal("-2.70")), (20, "cancel")]


def test_the_last_step_is_the_natural_price_when_the_policy_allows_it() -> None:
    policy = OrderPolicy(
        step_seconds=10, step_ticks=2, max_concession=Decimal("0.5"), at_end=AtEnd.NATURAL, patience_seconds=60
    )
    assert walk(policy, {}) == [
        (0, Decimal("-2.95")),
        (10, Decimal("-2.85")),
        (20, Decimal("-2.80")),
        (30, Decimal("-2.70")),
        (90, "cancel"),
    ]


def test_a_market_that_runs_away_is_not_followed_beyond_the_end_of_the_walk() -> None:
    policy = OrderPolicy(step_seconds=10, max_concession=Decimal("0.5"), patience_seconds=60)
    away = {11: ComboQuote(Decimal("-2.02"), Decimal("-1.62"))}
    prices = [price for _, price in walk(policy, away)]
    assert prices == [Decimal("-2.95"), Decimal("-2.90"), Decimal("-2.80"), "cancel"]


def test_a_market_that_comes_to_us_is_not_paid_more_than_it_asks() -> None:
    policy = OrderPolicy(step_seconds=10, max_concession=Decimal(1))
    near = {11: ComboQuote(Decimal("-4.12"), Decimal("-3.72"))}
    prices = [price for _, price in walk(policy, near)]
    assert prices[2] == Decimal("-3.85"), "the new middle -3.92 in our favour, and two steps up"
    assert max(price for price in prices[2:] if isinstance(price, Decimal)) <= Decimal("-3.70")


def test_at_the_middle_it_stays_until_the_patience_is_over() -> None:
    policy = OrderPolicy(style=Style.MID, patience_seconds=120)
    assert walk(policy, {}) == [(0, Decimal("-2.95")), (120, "cancel")]


def test_a_market_order_has_no_price_and_its_rest_is_cancelled() -> None:
    policy = OrderPolicy(style=Style.MARKET, patience_seconds=120, at_end=AtEnd.NATURAL)
    assert walk(policy, {}) == [(0, None), (120, "cancel")]


def test_a_plan_that_is_filled_in_part_is_finished_when_the_policy_says_so() -> None:
    price_steps = [PriceStep(AT, Stage.WALKING, Decimal("-2.95"), Decimal("-2.95"))]
    working = Progress(price_steps, Decimal("-2.95"), works=True)
    finish = OrderPolicy(style=Style.MID, patience_seconds=60, half_filled=HalfFilled.FINISH)
    report = OrderPolicy(style=Style.MID, patience_seconds=60)
    step = decide(finish, working, QUOTE, SPREAD, after(60), partly=True)
    assert isinstance(step, PriceStep)
    assert (step.stage, step.price) == (Stage.NATURAL, Decimal("-2.70"))
    assert isinstance(decide(finish, working, QUOTE, SPREAD, after(60)), Cancel)
    assert isinstance(decide(report, working, QUOTE, SPREAD, after(60), partly=True), Cancel)


def test_without_a_market_it_waits_and_is_cancelled_in_time() -> None:
    policy = OrderPolicy(step_seconds=10, patience_seconds=60)
    assert decide(policy, Progress(), None, SPREAD, AT) == Wait(after(10))
    working = Progress([PriceStep(AT, Stage.WALKING, Decimal("-2.95"), Decimal("-2.85"))], Decimal("-2.95"), works=True)
    assert decide(policy, working, None, SPREAD, after(55)) == Wait(after(60))
    assert isinstance(decide(policy, working, None, SPREAD, after(60)), Cancel)


def test_an_order_that_could_not_be_sent_is_sent_a_step_later_at_the_current_price() -> None:
    policy = OrderPolicy(step_seconds=10, max_concession=Decimal(1))
    unsent = Progress([PriceStep(AT, Stage.WALKING, Decimal("-2.95"), Decimal("-2.75"))])
    assert decide(policy, unsent, QUOTE, SPREAD, after(5)) == Wait(after(10))
    again = decide(policy, unsent, QUOTE, SPREAD, after(25))
    assert again == PriceStep(after(25), Stage.WALKING, Decimal("-2.85"), Decimal("-2.75"))


@pytest.mark.parametrize(
    "wrong",
    [{"step_seconds": 0}, {"step_ticks": 0}, {"patience_seconds": -1}, {"max_concession": Decimal("1.1")}],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"greater than zero|from 0 to 1"):
        OrderPolicy(**wrong)  # pyright: ignore[reportArgumentType]  # one field of its own type at a time


PRICES = st.decimals(min_value=-60, max_value=60, places=4)
WIDTHS = st.decimals(min_value=0, max_value=5, places=4)
ROOTS = st.sampled_from([SPREAD, ["SPXW"], ["SPY", "SPY"], ["AAPL"]])


@given(
    ROOTS,
    st.lists(st.tuples(PRICES, WIDTHS), min_size=1, max_size=20),
    st.decimals(min_value=0, max_value=1, places=2),
    st.integers(1, 5),
    st.sampled_from(AtEnd),
)
def test_no_walk_pays_beyond_its_end_and_every_price_is_on_the_tick(
    roots: list[str], market: list[tuple[Decimal, Decimal]], concession: Decimal, ticks: int, at_end: AtEnd
) -> None:
    policy = OrderPolicy(step_seconds=10, step_ticks=ticks, max_concession=concession, at_end=at_end)
    price_steps: list[PriceStep] = []
    start = ComboQuote(market[0][0], market[0][0] + market[0][1])
    conceded = tick_above(roots, start.middle + concession * (start.ask - start.middle))
    most = min(conceded, tick_above(roots, start.ask)) if concession else tick_below(roots, start.middle)
    for number, (bid, width) in enumerate(market):
        quote = ComboQuote(bid, bid + width)
        price = price_steps[-1].price if price_steps else None
        step = decide(policy, Progress(price_steps, price, works=bool(price_steps)), quote, roots, after(number * 10))
        if isinstance(step, Cancel):
            break
        if isinstance(step, PriceStep):
            assert step.price is not None
            assert on_tick(roots, step.price)
            if step.stage is Stage.WALKING:
                assert step.price <= most
                assert step.worst == (price_steps[0].worst if price_steps else step.worst)
            assert step.price <= quote.ask + Decimal("0.10"), "never a tick more than the market asks"
            price_steps.append(step)
