"""Pre-trade risk limits: what an account may send. `price_checks` judges the price of an order.

A limit refuses; it never changes an order. Each refusal carries a code of its own in `Error.Code`, and is audited.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Row, bindparam, select

from mesolive.errors import ServiceError
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.trading import account_limits
from mesolive.trading.execution.combo_orders import GroupOrder
from mesolive.trading.execution.order_risk import OrderRisk
from mesolive.venues.combo_quotes import ComboQuote
from mesolive_sdk import models
from mesolive_sdk.models import StatusCode

ZERO = Decimal(0)
NOT_LIVE = frozenset({models.BrokerType.MesoLive, models.BrokerType.Simulated})
"""Types of accounts on which no real money is at stake."""


class StaleExitPolicy(Enum):
    """Which exits are sent while their prices cannot be judged.

    That is while the quotes are old, the data provider is disconnected, or a leg has no two-sided market. Entries and
    adjustments are never sent then.
    """

    REFUSE = "Refuse"
    LIMIT_ONLY = "LimitOnly"
    ALLOW = "Allow"


@dataclass(frozen=True, slots=True)
class Limits:
    """What an account may send; the defaults are the careful ones.

    Attributes
    ----------
    allow_live
        Whether orders of real money may leave at all.
    max_contracts
        Contracts of one order, all legs together.
    max_premium
        Premium of one order at the middle of the market, absolute amounts of all legs together, in account currency.
    max_orders_per_minute
        Orders and replacements in any minute.
    price_band_fraction
        How far beyond the mark an order may pay, as a fraction of the combo's own mark: see
        `mesolive.trading.execution.price_checks`.
    max_notional
        Notional of one order: the underlying's price times multiplier times contracts, absolute amounts of all legs
        together, in account currency.
    max_loss
        The largest loss at expiration that the position may have once the order is filled, in account currency.
    allow_unlimited_loss
        Whether an order may sell uncovered calls. `max_loss` then bounds the loss up to the highest strike.
    stale_exit_policy
        Which exits are sent while their prices cannot be judged.
    queue_orders
        Whether orders may be sent outside of the sessions of their classes, and wait for them at the venue.
    """

    allow_live: bool = False
    max_contracts: Decimal = Decimal(100)
    max_premium: Decimal = Decimal(500_000)
    max_orders_per_minute: int = 60
    price_band_fraction: Decimal = Decimal("0.25")
    max_notional: Decimal = Decimal(50_000_000)
    max_loss: Decimal = Decimal(2_000_000)
    allow_unlimited_loss: bool = False
    stale_exit_policy: StaleExitPolicy = StaleExitPolicy.LIMIT_ONLY
    queue_orders: bool = False


UNLIMITED = Limits(
    max_contracts=Decimal(1_000_000_000),
    max_premium=Decimal(10) ** 15,
    max_orders_per_minute=1_000_000,
    max_notional=Decimal(10) ** 18,
    max_loss=Decimal(10) ** 18,
    allow_unlimited_loss=True,
)
"""Limits that refuse no size; prices are still checked."""

CAREFUL_LIMITS = Limits(
    allow_live=False,
    max_contracts=Decimal(10),
    max_premium=Decimal(10_000),
    max_orders_per_minute=10,
    price_band_fraction=Decimal("0.10"),
    max_notional=Decimal(5_000_000),
    max_loss=Decimal(25_000),
)
"""Limits with which an account of real money begins: no order leaves before its owner allows it."""

LIMIT_COLUMNS = tuple(column for column in account_limits.columns if column.name != "account_id")
"""What a query selects for `limits_of_row`."""

_LIMITS = select(account_limits).where(account_limits.c.account_id == bindparam("account"))


def limits_of_row(row: Row[Any]) -> Limits:
    """Return the limits of a row with the `LIMIT_COLUMNS`; all are NULL for an account without limits of its own."""
    if row.allow_live is None:
        return Limits()
    return Limits(
        allow_live=row.allow_live,
        max_contracts=row.max_contracts,
        max_premium=row.max_premium,
        max_orders_per_minute=row.max_orders_per_minute,
        price_band_fraction=row.price_band,
        max_notional=row.max_notional,
        max_loss=row.max_loss,
        allow_unlimited_loss=row.allow_unlimited_loss,
        stale_exit_policy=StaleExitPolicy(row.stale_exit_policy),
        queue_orders=row.queue_orders,
    )


async def limits_of(tx: Transaction, account_id: int) -> Limits:
    """Return an account's limits."""
    row = await tx.first(_LIMITS, {"account": account_id})
    return Limits() if row is None else limits_of_row(row)


async def set_limits(tx: WriteTransaction, account_id: int, limits: Limits) -> None:
    """Give an account limits of its own."""
    await tx.execute(account_limits.delete().where(account_limits.c.account_id == account_id))
    await tx.execute(
        account_limits.insert().values(
            account_id=account_id,
            allow_live=limits.allow_live,
            max_contracts=limits.max_contracts,
            max_premium=limits.max_premium,
            max_orders_per_minute=limits.max_orders_per_minute,
            price_band=limits.price_band_fraction,
            max_notional=limits.max_notional,
            max_loss=limits.max_loss,
            allow_unlimited_loss=limits.allow_unlimited_loss,
            stale_exit_policy=limits.stale_exit_policy.value,
            queue_orders=limits.queue_orders,
        )
    )


class RefusedError(ServiceError):
    """A risk limit does not let the order leave."""

    def __init__(self, code: str, message: str, status: StatusCode = StatusCode.Forbidden) -> None:
        super().__init__(status, message, models.MesoLiveApiError(Code=code))
        self.code = code


def check_halt(reason: str | None, what: str = "trading is") -> None:
    """Refuse while trading is halted; `reason` is why it is, `what` the subject and verb of the message."""
    if reason is not None:
        raise RefusedError("Halted", f"{what} halted: {reason}; `mesolive resume` ends it")


def check_rate(sent: int, limits: Limits) -> None:
    """Refuse the order that would be one too many within a minute; `sent` were sent in the last one."""
    if sent >= limits.max_orders_per_minute:
        message = f"{sent} orders in the last minute; the account's limit is {limits.max_orders_per_minute}"
        raise RefusedError("TooManyOrders", message, StatusCode.RateLimited)


def check_live(kind: models.BrokerType, limits: Limits) -> None:
    """Refuse orders of real money from an account that was not cleared for it."""
    if kind not in NOT_LIVE and not limits.allow_live:
        raise RefusedError("LiveNotAllowed", "the account is not cleared for live orders")


def check_contracts(order: GroupOrder, limits: Limits) -> None:
    """Refuse an order of too many contracts."""
    contracts = order.qty * sum((abs(ratio) for ratio in order.ratios.values()), ZERO)
    if contracts > limits.max_contracts:
        raise RefusedError(
            "OrderTooLarge", f"the order has {contracts} contracts; the account's limit is {limits.max_contracts}"
        )


def premium_of(order: GroupOrder, quote: ComboQuote) -> Decimal:
    """Return the premium of an order at the middle of the market, absolute amounts of all legs together."""
    return order.qty * sum(
        (abs(leg.ratio) * quote.legs[leg.name].middle * leg.contract.multiplier for leg in order.legs), ZERO
    )


def check_premium(order: GroupOrder, quote: ComboQuote, limits: Limits) -> None:
    """Refuse an order whose premium is too large: absolute amounts of all legs together."""
    premium = premium_of(order, quote)
    if premium > limits.max_premium:
        raise RefusedError(
            "PremiumTooLarge", f"the order's premiums are {premium:.2f}; the account's limit is {limits.max_premium}"
        )


def check_risk(risk: OrderRisk, limits: Limits) -> None:
    """Refuse an order whose notional or largest loss is beyond its limit."""
    check_notional(risk, limits)
    check_uncovered(risk, limits)
    check_loss(risk, limits)


def check_notional(risk: OrderRisk, limits: Limits) -> None:
    """Refuse an order of too large a notional."""
    if risk.notional > limits.max_notional:
        raise RefusedError(
            "NotionalTooLarge",
            f"the order's notional is {risk.notional:.2f} (the underlying's price times multiplier times contracts); "
            f"the account's limit is {limits.max_notional}",
        )


def check_uncovered(risk: OrderRisk, limits: Limits) -> None:
    """Refuse an order that sells calls which nothing covers, unless the account permits that."""
    if risk.uncovered_calls > risk.uncovered_calls_before and not limits.allow_unlimited_loss:
        raise RefusedError(
            "UnlimitedLoss",
            "the order sells calls that nothing covers, so its loss has no limit, and the account does not permit "
            "that; `mesolive account limits --allow-unlimited-loss` does",
        )


def check_loss(risk: OrderRisk, limits: Limits) -> None:
    """Refuse an order whose position could lose too much.

    One that reduces the largest loss of a position passes, however large that still is.
    """
    if risk.largest_loss > limits.max_loss and risk.grows:
        raise RefusedError(
            "LossTooLarge",
            f"{risk.largest_loss:.2f} can be lost at expiration; the account's limit is {limits.max_loss}",
        )


def check_unjudged(code: str, why: str, order_type: models.OrderType, exit_policy: StaleExitPolicy | None) -> None:
    """Refuse an order whose price cannot be judged, unless it is an exit that the account's policy lets leave.

    Parameters
    ----------
    code, why
        The refusal's code, and why the price cannot be judged.
    exit_policy
        The account's policy for exits; `None` for an entry and an adjustment, which are always refused.
    """
    if exit_policy is StaleExitPolicy.ALLOW:
        return
    if exit_policy is StaleExitPolicy.LIMIT_ONLY and order_type is models.OrderType.Limit:
        return
    if exit_policy is StaleExitPolicy.LIMIT_ONLY:
        why += "; only exits at a limit price are sent then (`mesolive account limits --stale-exits` changes that)"
    elif exit_policy is StaleExitPolicy.REFUSE:
        why += "; no exit is sent then (`mesolive account limits --stale-exits` changes that)"
    raise RefusedError(code, why, StatusCode.ProviderUnavailable)
