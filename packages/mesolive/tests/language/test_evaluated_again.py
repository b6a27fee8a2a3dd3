"""A compiled strategy answers as one compiled anew, whatever it was evaluated on before."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.language import CompiledStrategy, evaluate_signals, freeze_at_entry, parse_definition, select_entry
from mesolive.language.decision import AccountState, Constraint, PositionState, SelectionError
from mesolive.market.contracts import Right
from mesolive.records import replace
from mesolive_testkit.language.market import PlainCalendar, PlainView, at, generated
from mesolive_testkit.language.strategies import (
    contract,
    definition,
    expiration,
    leg,
    open_leg,
    position,
    seeded,
    strategy,
)

EARLY = date(2023, 11, 24)
CALENDAR = PlainCalendar(holidays=frozenset({date(2023, 11, 23)}), early=frozenset({EARLY}))
MOMENTS: tuple[datetime, ...] = (
    at(date(2023, 11, 3), time(15, 55)),  # the last session before clocks are changed
    at(date(2023, 11, 6), time(9, 30)),  # and the first one afterwards
    at(EARLY, time(12, 55)),
    at(EARLY, time(13, 0)),
    at(date(2023, 11, 27), time(15, 30)),
)
BEGIN = MOMENTS[0] - timedelta(days=3, hours=1)
SEEN = (
    "leg_p_pnl < -{0}",
    "leg_p_dit > {0} / 100",
    "leg_c_dte < {0} / 10",
    "pos_delta * 100 > {0} and acc_pnl > pos_pnl",
    "acc_theta > {0} or open_trades_cnt == 2",
    "days_in_trade * 24 > {0}",
    "timing.minutes_before_close < {0} and best > {0}",
    "minutes_after_open >= {0}",
    "expiration_e_dte < {0} / 10 or acc_margin > 1000 * {0}",
    "nav > 100000 + {0} and underlying_price > 4490 + {0}",
    "options.model(position, 1, underlying_price, pnl) > {0}",
    "random() * 100 > {0}",
)
RAW = definition(
    [
        leg("p", -1, StrikePrice=4450),
        leg(
            "c",
            "-leg_p_qty",
            "Call",
            Complex={
                "Target": 0,
                "Statement": "abs(pos_delta)",
                "Constraints": ["leg_c_strike > leg_p_strike", "open_trades_cnt < 3"],
            },
        ),
    ],
    [expiration("e", 30, Min=7, Max=70)],
    Settings={"Core": {"Margin": {"Model": "RegT"}}},
    Entry={"Conditions": ["acc_pnl < 100", "pos_in_flight < 2"], "VarDefines": {"best": "pos_pnl", "dte": "leg_p_dte"}},
    Adjustment={
        "Schedule": {"BeforeMarketCloseMinutes": 30, "Every": "day"},
        "ConditionalAdjustments": {
            "pos_pnl > best": {"UpdateVarsAdjustment": {"VarDefines": {"best": "pos_pnl"}}},
            "leg_p_delta > 0.5 * acc_delta": {"RemoveLegsAdjustment": {"LegNames": ["p"]}},
        },
    },
    Exit={
        "Schedule": {"AfterMarketOpenMinutes": 0, "Every": "5min"},
        "MaxDaysInTrade": 5,
        "ProfitTarget": 200,
        "StopLoss": "300 + acc_vega * 0",
        "Conditions": [text.format(number) for text in SEEN for number in (5, 40)],
    },
)
RULES = parse_definition(RAW).margin


class Step(NamedTuple):
    """What is evaluated."""

    moment: int
    spot: float
    stale: bool
    cash: int
    best: int
    closed: bool
    others: int
    place: int | None


steps = st.builds(
    Step,
    moment=st.integers(0, len(MOMENTS) - 1),
    spot=st.sampled_from((4475.0, 4500.0)),
    stale=st.sampled_from((False, False, False, True)),
    cash=st.sampled_from((90_000, 120_000)),
    best=st.sampled_from((-100, 100)),
    closed=st.booleans(),
    others=st.integers(0, 2),
    place=st.sampled_from((None, 0, 0, -1)),
)


def market(step: Step, known: dict[Any, PlainView]) -> PlainView:
    """Return a market; the same object where the market is the same, as a book hands it out."""
    key = step.moment, step.spot, step.stale
    if key not in known:
        now = MOMENTS[step.moment]
        days = [("SPXW", (date(2023, 12, 1) - CALENDAR.local(now).date()).days), ("SPXW", 49)]
        view = generated(days, now=now, spot=step.spot, step=25.0, width=200.0, calendar=CALENDAR)
        known[key] = replace(view, stale=step.stale, last_received_at=now - timedelta(seconds=90 if step.stale else 0))
    return known[key]


def held(view: PlainView, *, best: int, closed: bool) -> PositionState:
    """Return a position of two legs, of which one may have been settled."""
    days = (date(2023, 12, 1) - CALENDAR.local(view.now).date()).days
    legs = (
        open_leg("p", contract(view, 4450.0, days=days), -1, price=30.0, opened_at=BEGIN),
        open_leg("c", contract(view, 4550.0, Right.CALL, days=days), 1, price=20.0, opened_at=BEGIN),
    )
    if closed:
        legs = (legs[0], replace(legs[1], qty=Decimal(0), closed_at=BEGIN, realized_pnl=Decimal(-50)))
    known = {"best": best, "profit_target": 200, "stop_loss": 300, "max_days_in_trade": 5, "expiration_e_dte": 28}
    variables = {name: Decimal(number) for name, number in known.items()}
    realized = Decimal(-50 if closed else 0)
    return position(*legs, opened_at=BEGIN, variables=variables, realized_pnl=realized, margin_rules=RULES)


def answers(compiled: CompiledStrategy, step: Step, view: PlainView, account: AccountState) -> list[object]:
    """Return all that a strategy says at a moment."""
    of = None if step.place is None else account.positions[step.place]
    result: list[object] = [evaluate_signals(compiled, view, account, of, random=seeded(7))]
    if of is not None:
        result.append(freeze_at_entry(compiled, view, account, replace(of, variables={}), random=seeded(7)))
    try:
        result.append(select_entry(compiled, view, account, constraint=Constraint.FULLY_UNIQUE, random=seeded(7)))
    except SelectionError as error:
        result.append(str(error))
    return result


@settings(max_examples=25, deadline=None)
@given(st.lists(steps, min_size=2, max_size=6))
def test_an_evaluation_depends_on_nothing_that_was_evaluated_before_it(taken: list[Step]) -> None:
    used, views, accounts = strategy(RAW), dict[Any, PlainView](), dict[Any, AccountState]()
    for step in taken:
        view = market(step, views)
        key = view.now, step.cash, step.best, step.closed, step.others
        if key not in accounts:
            own = held(view, best=step.best, closed=step.closed)
            # Positions that share their contracts, and some that are equal in everything.
            others = [held(view, best=step.best, closed=number == 1) for number in range(step.others)]
            accounts[key] = AccountState(Decimal(step.cash), Decimal(100_000), (own, *others), len(others))
        account = accounts[key]
        assert answers(used, step, view, account) == answers(strategy(RAW), step, view, account)
