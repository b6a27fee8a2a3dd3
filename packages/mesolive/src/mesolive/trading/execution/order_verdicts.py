"""Verdicts on an order (`CheckOrder`): what each check of its risk says, those that pass included.

The checks are those of admission, which stops at the first one that refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from mesolive.market.service import Market
from mesolive.trading.execution import price_checks, risk_limits
from mesolive.trading.execution.admission import AccountState
from mesolive.trading.execution.batch_quotes import Quoted
from mesolive.trading.execution.combo_orders import GroupOrder
from mesolive.trading.execution.order_hours import check_hours
from mesolive.trading.execution.order_risk import OrderRisk
from mesolive.trading.execution.risk_limits import Limits, RefusedError
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.plans import PlanKind
from mesolive_sdk import models

ZERO = Decimal(0)


def verdicts_on_account(standing: AccountState, kind: PlanKind) -> list[models.OrderVerdict]:
    """Return what the checks say that concern any order of the account."""
    limits = standing.limits
    result = [_verdict("Halt", lambda: risk_limits.check_halt(standing.halted))]
    if kind is PlanKind.ENTRY:
        result.append(_verdict("EntriesHalt", lambda: risk_limits.check_halt(standing.entries_halted, "entries are")))
    result.append(
        _verdict("LiveAllowed", lambda: risk_limits.check_live(standing.account.broker_type, limits)),
    )
    result.append(
        _verdict(
            "OrderRate",
            lambda: risk_limits.check_rate(standing.sent, limits),
            Decimal(standing.sent + 1),
            Decimal(limits.max_orders_per_minute),
        )
    )
    return result


def verdict_on_hours(
    market: Market, account: Account, group: GroupOrder, limits: Limits, now: datetime
) -> models.OrderVerdict:
    """Return whether the order's classes take orders now."""
    return _verdict("TradingHours", lambda: check_hours(market, account, group.legs, limits, now))


def verdict_on_size(group: GroupOrder, limits: Limits) -> models.OrderVerdict:
    """Return whether the order has too many contracts."""
    contracts = group.qty * sum((abs(ratio) for ratio in group.ratios.values()), ZERO)
    return _verdict("Contracts", lambda: risk_limits.check_contracts(group, limits), contracts, limits.max_contracts)


def verdict_on_quotes(
    quoted: Quoted, asked: models.LegGroupOrder, limits: Limits, kind: PlanKind
) -> models.OrderVerdict:
    """Return whether there are quotes to judge the order by, or whether it may leave without."""
    if quoted.quote is not None:
        return models.OrderVerdict(Check="Quotes", Passed=True)
    policy = limits.stale_exit_policy if kind is PlanKind.EXIT else None
    return _verdict("Quotes", lambda: risk_limits.check_unjudged(quoted.code, quoted.why, asked.OrderType, policy))


def unjudged(kind: PlanKind) -> list[models.OrderVerdict]:
    """Return the checks that need quotes, for an order that has none."""
    return [models.OrderVerdict(Check=name) for name in _judged_names(kind)]


def verdicts_on_amounts(
    quoted: Quoted,
    asked: models.LegGroupOrder,
    group: GroupOrder,
    risk: OrderRisk,
    limits: Limits,
    kind: PlanKind,
) -> list[models.OrderVerdict]:
    """Return what the checks say that compare the order with its quotes and limits."""
    quote = quoted.quote
    assert quote is not None  # noqa: S101 - `unjudged` is for an order without
    roots = [leg.contract.root for leg in group.legs]
    highest = price_checks.highest_price(asked, quote)
    band = price_checks.price_band(quote, limits.price_band_fraction, roots)
    checks: dict[str, tuple[Callable[[], None], Decimal | None, Decimal | None]] = {
        "Price": (
            lambda: price_checks.check_prices(asked, quote, limits.price_band_fraction, roots),
            highest,
            quote.middle + band,
        ),
        "Premium": (
            lambda: risk_limits.check_premium(group, quote, limits),
            risk_limits.premium_of(group, quote),
            limits.max_premium,
        ),
        "Worth": (lambda: price_checks.check_worth(highest, risk.most_worth), highest, risk.most_worth),
        "Notional": (lambda: risk_limits.check_notional(risk, limits), risk.notional, limits.max_notional),
        "UnlimitedLoss": (lambda: risk_limits.check_uncovered(risk, limits), None, None),
        "MaxLoss": (lambda: risk_limits.check_loss(risk, limits), risk.largest_loss, limits.max_loss),
    }
    return [_verdict(name, *checks[name]) for name in _judged_names(kind)]


def _judged_names(kind: PlanKind) -> Sequence[str]:
    if kind is PlanKind.EXIT:
        return ("Price",)
    worth = ("Worth",) if kind is PlanKind.ENTRY else ()
    return ("Price", "Premium", *worth, "Notional", "UnlimitedLoss", "MaxLoss")


def _verdict(
    name: str, check: Callable[[], None], value: Decimal | None = None, limit: Decimal | None = None
) -> models.OrderVerdict:
    try:
        check()
    except RefusedError as error:
        return models.OrderVerdict(
            Check=name, Passed=False, Code=error.code, Message=error.message, Value=value, Limit=limit
        )
    return models.OrderVerdict(Check=name, Passed=True, Value=value, Limit=limit)
