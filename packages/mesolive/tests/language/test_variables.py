"""Section C.4: every variable, in its unit, and what is said when it has no value."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from mesolive.language.decision import AccountState, PositionState, StatementKind
from mesolive.language.legs import BoundLeg
from mesolive.language.problems import StatementError
from mesolive.language.scope import Scope
from mesolive.language.variables import BUILT_IN, leg_variables
from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import ExerciseStyle, Right
from mesolive.pricing.margin import MarginModel, MarginRules
from mesolive.records import replace
from mesolive_testkit.language.market import NOON, SPOT, TODAY, PlainCalendar, PlainView, at, generated
from mesolive_testkit.language.strategies import ACCOUNT, compiled, open_leg, position, scope, value
from mesolive_testkit.language.strategies import contract as contract_of

OPENED = NOON - timedelta(days=2, hours=12)


def strangle(view: PlainView, put_qty: int = -2, call_qty: int = 3) -> PositionState:
    """Return a position of a put bought or sold at 40.00 and a call at 30.00, with 50.00 realised and variables."""
    return position(
        open_leg("p", contract_of(view, 4400.0), put_qty, price=40.0, opened_at=OPENED),
        open_leg(
            "c", contract_of(view, 4600.0, Right.CALL), call_qty, price=30.0, opened_at=OPENED + timedelta(days=1)
        ),
        opened_at=OPENED,
        realized_pnl=Decimal(50),
        variables={"best": Decimal("12.5"), "profit_target": Decimal(300), "expiration_gone_dte": Decimal(7)},
        margin_rules=MarginRules(house_multiplier=Decimal(2)),
    )


def market(view: PlainView, strike: float, side: Right, field: str) -> float:
    """Return what the chain says, per unit and long contract."""
    part = view.slice("SPXW", TODAY + timedelta(days=30), side)
    assert part is not None
    return float(getattr(part, field)[int(list(part.strikes).index(strike))])


@pytest.fixture
def view() -> PlainView:
    return generated()


@pytest.fixture
def within(view: PlainView) -> Scope:
    return scope(view, strangle(view))


@pytest.mark.parametrize("field", ["delta", "gamma", "theta", "vega", "rho"])
def test_greeks_are_quantity_times_multiplier_times_value(view: PlainView, within: Scope, field: str) -> None:
    assert value(f"leg_p_{field}", within) == pytest.approx(-200 * market(view, 4400.0, Right.PUT, field))
    assert value(f"leg_c_{field}", within) == pytest.approx(300 * market(view, 4600.0, Right.CALL, field))


def test_e1_a_short_option_shows_positive_theta_and_negative_vega(within: Scope) -> None:
    assert value("leg_p_theta > 0 and leg_p_vega < 0 and leg_p_delta > 0", within) is True


def test_e2_weighted_vega_is_vega_times_the_root_of_thirty_over_decimal_days(view: PlainView, within: Scope) -> None:
    days = (at(TODAY + timedelta(days=30), time(16)) - NOON).total_seconds() / 86400
    assert value("leg_p_dte", within) == pytest.approx(days)
    assert value("leg_p_wvega", within) == pytest.approx(
        -200 * market(view, 4400.0, Right.PUT, "vega") * math.sqrt(30 / days)
    )


def test_prices_are_per_unit_and_volatility_is_in_percent(view: PlainView, within: Scope) -> None:
    for name, field, factor in [("price", "mark", 1), ("bid", "bid", 1), ("ask", "ask", 1), ("iv", "iv", 100)]:
        assert value(f"leg_p_{name}", within) == pytest.approx(factor * market(view, 4400.0, Right.PUT, field))


def test_strike_quantity_and_days_of_a_leg(within: Scope) -> None:
    assert value("leg_p_strike", within) == 4400
    assert value("leg_p_qty", within) == -2
    assert value("leg_p_dit", within) == pytest.approx(2.5)
    assert value("leg_c_dit", within) == pytest.approx(1.5)


def test_pnl_of_legs_and_position_is_in_account_currency(view: PlainView, within: Scope) -> None:
    put = -200 * (market(view, 4400.0, Right.PUT, "mark") - 40.0)
    call = 300 * (market(view, 4600.0, Right.CALL, "mark") - 30.0)
    assert value("leg_p_pnl", within) == pytest.approx(put)
    assert value("pos_pnl", within) == pytest.approx(put + call + 50)


@pytest.mark.parametrize("field", ["delta", "gamma", "theta", "vega", "wvega", "rho"])
def test_position_greeks_are_plain_sums_over_the_legs(within: Scope, field: str) -> None:
    assert value(f"pos_{field} - leg_p_{field} - leg_c_{field}", within) == pytest.approx(0, abs=1e-9)


def test_a_marker_leg_shows_values_of_one_contract_and_counts_nothing(view: PlainView) -> None:
    only = position(open_leg("m", contract_of(view, 4400.0), 0), open_leg("p", contract_of(view, 4300.0), -1))
    within = scope(view, only)
    assert value("leg_m_delta", within) == pytest.approx(100 * market(view, 4400.0, Right.PUT, "delta"))
    assert value("pos_delta == leg_p_delta", within) is True
    assert value("open_trades_cnt", within) == 1
    assert value("leg_m_qty", within) == 0


def test_closed_legs_are_gone(view: PlainView) -> None:
    closed = PositionState(
        legs=(
            open_leg("p", contract_of(view, 4400.0), -1, price=40.0),
            *(
                type(leg)(leg.name, leg.contract, leg.qty, closed_at=NOON)
                for leg in [open_leg("old", contract_of(view, 4300.0), -1)]
            ),
        )
    )
    within = scope(view, closed)
    assert value("open_trades_cnt", within) == 1
    with pytest.raises(StatementError, match="'old' is not open"):
        value("leg_old_price", within)


def test_user_variables_come_from_the_position_then_from_external_data(view: PlainView) -> None:
    within = scope(view, strangle(view), external={"signal": 4.0, "best": -1.0})
    assert value("best", within) == 12.5
    assert value("signal", within) == 4
    assert value("profit_target", within) == 300


def test_an_expirations_days_follow_the_open_leg_and_else_what_was_stored(view: PlainView) -> None:
    before = scope(view, strangle(view))
    after = scope(view.at(NOON + timedelta(days=3)), strangle(view))
    assert (value("expiration_e_dte", before), value("expiration_e_dte", after)) == (30, 27)
    assert value("expiration_gone_dte", before) == 7


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nav", 120_000),
        ("initial_cash", 100_000),
        ("pos_in_flight", 0),
        ("underlying_price", SPOT),
        ("underlying_today_open", SPOT - 12),
        ("underlying_prevday_close", SPOT - 20),
        ("underlying_iv", 0.14),
        ("underlying_hv", 0.11),
        ("underlying_iv_rank", 35),
        ("underlying_iv_pct", 42),
        ("days_in_trade", 2.5),
        ("timing.days_in_trade", 2.5),
        ("open_trades_cnt", 2),
    ],
)
def test_account_underlying_and_position_variables(within: Scope, name: str, expected: float) -> None:
    assert value(name, within) == pytest.approx(expected)


def test_before_there_is_a_position_its_sums_are_zero_and_its_legs_are_missing() -> None:
    assert value("pos_pnl + pos_delta + pos_theta + open_trades_cnt + days_in_trade") == 0
    with pytest.raises(StatementError):
        value("leg_p_delta")


def test_account_variables_sum_over_all_positions(view: PlainView) -> None:
    first = strangle(view)
    second = position(open_leg("x", contract_of(view, 4300.0), 1, price=20.0), margin_rules=MarginRules())
    account = AccountState(Decimal(1), Decimal(1), positions=(first, second), strategy_positions=2)
    within = scope(view, first, account)
    alone = scope(view, second, account)
    assert value("pos_in_flight", within) == 2
    assert value("acc_margin", within) == value("pos_margin", within)
    for field in ("delta", "theta", "vega", "pnl"):
        total = value(f"acc_{field}", within)
        assert isinstance(total, float)
        parts = [value(f"pos_{field}", part) for part in (within, alone)]
        assert total == pytest.approx(sum(part for part in parts if isinstance(part, float)))


def test_every_documented_variable_can_be_read(view: PlainView) -> None:
    account = AccountState(Decimal(1), Decimal(1), positions=(strangle(view),))
    within = scope(view, account.positions[0], account)
    for name in [*BUILT_IN, *leg_variables("p")]:
        assert isinstance(value(name, within), float), name


@pytest.mark.parametrize(
    ("field", "variable", "message"),
    [
        ("mark", "leg_p_price", "no price"),
        ("bid", "leg_p_bid", "no bid"),
        ("ask", "leg_p_ask", "no ask"),
        ("iv", "leg_p_iv", "no implied volatility"),
        ("delta", "leg_p_delta", "no delta"),
        ("delta", "pos_delta", "no delta"),
        ("mark", "pos_pnl", "no price"),
        ("mark", "acc_pnl", "no price"),
    ],
)
def test_c5_a_value_that_the_market_does_not_have_fails_and_is_named(
    view: PlainView, field: str, variable: str, message: str
) -> None:
    part = view.slice("SPXW", TODAY + timedelta(days=30), Right.PUT)
    assert part is not None
    broken = view.with_slice(part.changed(4400.0, **{field: math.nan}))
    held_position = strangle(broken)
    account = AccountState(Decimal(1), Decimal(1), positions=(held_position,))
    evaluation = compiled(f"{variable} > 0").judge(scope(broken, held_position, account), StatementKind.EXIT)
    assert evaluation.result is None
    assert message in str(evaluation.error)
    assert "SPXW" in str(evaluation.error)


def test_a_contract_that_left_the_chain_fails_and_says_so(view: PlainView) -> None:
    gone = PlainView(view.now, view.underlying, [part for part in view.slices if part.right is Right.CALL])
    within = scope(gone, strangle(view))
    with pytest.raises(StatementError, match="not in the market's chain"):
        value("leg_p_delta", within)
    assert value("leg_p_strike", within) == 4400


def test_an_underlying_without_price_or_statistics_fails(view: PlainView) -> None:
    bare = type(view.underlying)(view.underlying.underlying, type(view.underlying.quote)())
    within = scope(PlainView(view.now, bare, view.slices))
    for name in [name for name in BUILT_IN if name.startswith("underlying_")]:
        assert compiled(name).judge(within, StatementKind.ENTRY).result is None


def test_margin_fails_where_none_is_calculated(view: PlainView) -> None:
    within = scope(view, position(open_leg("p", contract_of(view, 4400.0), -1)))
    with pytest.raises(StatementError, match="margin"):
        value("pos_margin", within)


def naked_put(view: PlainView, strike: float) -> float:
    """Return what a short put requires alone: its mark, and 15 % of the price less the out-of-the-money amount."""
    part = view.slice("SPXW", TODAY + timedelta(days=30), Right.PUT)
    assert part is not None
    mark = float(part.mark[int(list(part.strikes).index(strike))])
    return 100 * (mark + max(0.15 * SPOT - (SPOT - strike), 0.1 * strike))


def test_margin_follows_the_market_and_the_legs_as_they_stand(view: PlainView) -> None:
    put = position(open_leg("p", contract_of(view, 4400.0), -1), margin_rules=MarginRules())
    within = scope(view, put)
    assert value("pos_margin", within) == pytest.approx(naked_put(view, 4400.0), abs=0.01)
    within.put_leg(BoundLeg.of(open_leg("l", contract_of(view, 4300.0), 1), view))
    assert value("pos_margin", within) == 10_000
    within.drop_leg("p")
    assert value("pos_margin", within) == 0


def test_the_accounts_margin_is_that_of_each_position_by_its_own_rules(view: PlainView) -> None:
    first = position(open_leg("p", contract_of(view, 4400.0), -1), margin_rules=MarginRules())
    second = position(
        open_leg("s", contract_of(view, 4400.0), -1),
        open_leg("l", contract_of(view, 4350.0), 1),
        margin_rules=MarginRules(house_multiplier=Decimal("1.5")),
    )
    account = AccountState(Decimal(1), Decimal(1), (first, second))
    within = scope(view, first, account)
    assert value("acc_margin", within) == pytest.approx(naked_put(view, 4400.0) + 7500, abs=0.01)
    within.put_leg(BoundLeg.of(open_leg("l", contract_of(view, 4300.0), 1), view))
    assert value("acc_margin", within) == 17_500
    alone = AccountState(Decimal(1), Decimal(1), (first, replace(second, margin_rules=None)))
    with pytest.raises(StatementError, match="margin"):
        value("acc_margin", scope(view, first, alone))


def test_margin_by_risk_graph_is_the_loss_over_the_range(view: PlainView) -> None:
    rules = MarginRules(MarginModel.PM_LIKE, lower=Decimal("0.1"), upper=Decimal("0.05"))
    put = position(open_leg("p", contract_of(view, 4400.0), -2, price=10.0), margin_rules=rules)
    within = scope(view, put)
    loss = value("options.model(position, 30, underlying_price, pnl)", within)
    fallen = value("options.model(position, 30, underlying_price * 0.9, pnl)", within)
    assert isinstance(loss, float)
    assert isinstance(fallen, float)
    assert value("pos_margin", within) == pytest.approx(loss - fallen, rel=1e-3)


def test_margin_by_risk_graph_of_a_stocks_put_is_that_of_one_that_may_be_exercised(view: PlainView) -> None:
    """Far below its strike the put is worth its payoff, and not the less that a European one would be."""
    stock = PlainView(
        view.now,
        view.underlying,
        [replace(part, expiration=replace(part.expiration, style=ExerciseStyle.AMERICAN)) for part in view.slices],
        rate=0.05,
    )
    rules = MarginRules(MarginModel.PM_LIKE, lower=Decimal("0.3"), upper=Decimal("0.1"))
    put = position(open_leg("p", contract_of(stock, 4600.0), -1, price=100.0), margin_rules=rules)
    within = scope(stock, put)
    now = value("options.model(leg_p, 9999, underlying_price, price)", within)
    assert isinstance(now, float)
    assert value("pos_margin", within) == pytest.approx(100.0 * (4600.0 - 0.7 * SPOT - now), abs=0.01)


def test_margin_of_a_leg_that_has_no_price_fails_and_says_which(view: PlainView) -> None:
    gone = replace(contract_of(view, 4400.0), strike=Decimal(4401))
    within = scope(view, position(open_leg("p", gone, -1), margin_rules=MarginRules()))
    with pytest.raises(StatementError, match="leg 'p'"):
        value("pos_margin", within)


# --- timing

CALENDAR = PlainCalendar(holidays=frozenset({date(2023, 11, 23)}), early=frozenset({date(2023, 11, 24)}))


def moment(day: date, hour: int, minute: int, second: int = 0) -> datetime:
    return at(day, time(hour, minute, second))


@pytest.mark.parametrize(
    ("now", "after_open", "before_close"),
    [
        (moment(date(2023, 9, 13), 15, 30), 360, 30),
        (moment(date(2023, 9, 13), 15, 33, 20), 360, 25),
        (moment(date(2023, 9, 13), 9, 30), 0, 390),
        (moment(date(2023, 9, 13), 9, 0), -30, 420),
        (moment(date(2023, 11, 24), 12, 30), 180, 30),
        (moment(date(2023, 11, 24), 13, 2), 210, -5),
    ],
)
def test_c2_minutes_of_the_session_round_down_to_five_and_know_early_closes(
    now: datetime, after_open: float, before_close: float
) -> None:
    within = scope(generated(now=now, calendar=CALENDAR))
    for prefix in ("", "timing."):
        assert value(f"{prefix}minutes_after_open", within) == after_open
        assert value(f"{prefix}minutes_before_close", within) == before_close


def test_minutes_fail_on_a_day_without_a_session() -> None:
    within = scope(generated(now=moment(date(2023, 11, 23), 12, 0), calendar=CALENDAR))
    with pytest.raises(StatementError, match="not a trading day"):
        value("timing.minutes_after_open", within)


def test_decision_10_the_date_is_exchange_local() -> None:
    late = generated(now=datetime.fromisoformat("2023-09-14T02:00:00+00:00"), calendar=CALENDAR)
    within = scope(late)
    assert [value(f"timing.{part}", within) for part in ("year", "month", "day", "day_of_week")] == [2023, 9, 13, 3]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("timing.calendar_days_until(2023, 11, 27)", 7),
        ("timing.trading_days_until(2023, 11, 27)", 4),
        ("timing.calendar_days_until(2023, 11, 13)", -7),
        ("timing.trading_days_until(2023, 11, 13)", -5),
        ("timing.calendar_days_after(2023, 11, 13)", 7),
        ("timing.trading_days_after(2023, 11, 13)", 5),
        ("timing.trading_days_until(2023, 11, 20)", 0),
        ('timing.calendar_days_in("month")', 30),
        ("timing.calendar_days_in(year)", 365),
        ('timing.trading_days_in("month")', 21),
        ("timing.trading_days_in('year')", 259),
    ],
)
def test_decision_10_days_are_counted_on_the_calendar(text: str, days: float) -> None:
    within = scope(generated(now=moment(date(2023, 11, 20), 12, 0), calendar=CALENDAR))
    assert value(text, within) == days


def test_a_day_that_does_not_exist_fails() -> None:
    with pytest.raises(StatementError, match="no such day"):
        value("timing.calendar_days_until(2023, 2, 30)")


def test_the_account_is_left_as_it_was() -> None:
    assert AccountState(nav=Decimal(120_000), initial_cash=Decimal(100_000)) == ACCOUNT


def test_an_expired_leg_has_no_weighted_vega(view: PlainView) -> None:
    later = view.at(NOON + timedelta(days=31))
    within = scope(later, strangle(view))
    assert compiled("leg_p_dte < 0").judge(within, StatementKind.EXIT).result is True
    with pytest.raises(StatementError, match="has expired"):
        value("leg_p_wvega", within)


def test_a_calendar_that_does_not_reach_so_far_fails() -> None:
    view = generated(calendar=us_options_calendar())
    with pytest.raises(StatementError, match="outside of the calendar"):
        value("timing.trading_days_until(2999, 1, 2)", scope(view))
    assert value("timing.trading_days_until(2023, 9, 18)", scope(view)) == 3
