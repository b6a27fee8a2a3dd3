"""The last look before an order leaves: what an account may send, and at what price.

A guard refuses; it never changes an order. Each refusal carries a code of its own in `Error.Code`, and is audited.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Row, bindparam, select

from mesolive.errors import ServiceError
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.trading import account_limits
from mesolive.trading.execution.combo_orders import GroupOrder
from mesolive.venues.combo_quotes import ComboQuote
from mesolive_sdk import models
from mesolive_sdk.models import StatusCode

ZERO = Decimal(0)
SMALLEST_BAND = Decimal("0.25")
"""The price band is never narrower than this, per unit of the underlying."""

NOT_LIVE = frozenset({models.BrokerType.MesoLive, models.BrokerType.Simulated})
"""Types of accounts on which no real money is at stake."""


class StaleExitPolicy(Enum):
    """Which exits are sent while their prices cannot be judged: quotes are old, or the data provider is disconnected.

    Entries and adjustments are never sent then.
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
        Premium of one order at the middle of the market, all legs together whatever their sign, in account currency.
    max_orders_per_minute
        Orders and replacements in any minute.
    price_band
        How far beyond the middle of the market an order may pay, as a part of its legs' premiums.
    max_notional
        Notional of one order: the underlying's price times multiplier times contracts, all legs together whatever
        their sign, in account currency.
    max_loss
        The largest loss at expiration that one order may bring, in account currency.
    allow_unlimited_loss
        Whether an order may bring a loss without limit.
    stale_exit_policy
        Which exits are sent on old quotes.
    """

    allow_live: bool = False
    max_contracts: Decimal = Decimal(100)
    max_premium: Decimal = Decimal(500_000)
    max_orders_per_minute: int = 60
    price_band: Decimal = Decimal("0.25")
    max_notional: Decimal = Decimal(50_000_000)
    max_loss: Decimal = Decimal(2_000_000)
    allow_unlimited_loss: bool = False
    stale_exit_policy: StaleExitPolicy = StaleExitPolicy.LIMIT_ONLY


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
        price_band=row.price_band,
        max_notional=row.max_notional,
        max_loss=row.max_loss,
        allow_unlimited_loss=row.allow_unlimited_loss,
        stale_exit_policy=StaleExitPolicy(row.stale_exit_policy),
    )


async def limits_of(tx: Transaction, account_id: int) -> Limits:
    """Return an account's limits."""
    row = await tx.first(_LIMITS, {"account": account_id})
    return Limits() if row is None else limits_of_row(row)


async def set_limits(tx: WriteTransaction, account_id: int, limits: Limits) -> None:
    """Give an account limits of its own."""
    await tx.execute(account_limits.delete().where(account_limits.c.account_id == account_id))
    values = {field.name: getattr(limits, field.name) for field in fields(Limits)}
    values["stale_exit_policy"] = limits.stale_exit_policy.value
    await tx.execute(account_limits.insert().values(account_id=account_id, **values))


class RefusedError(ServiceError):
    """A guard does not let the order leave."""

    def __init__(self, code: str, message: str, status: StatusCode = StatusCode.Forbidden) -> None:
        super().__init__(status, message, models.MesoLiveApiError(Code=code))
        self.code = code


def check_halt(reason: str | None) -> None:
    """Refuse while trading is halted; `reason` is why it is."""
    if reason is not None:
        raise RefusedError("Halted", f"trading is halted: {reason}; `mesolive resume` ends it")


def check_rate(sent: int, limits: Limits) -> None:
    """Refuse the order that would be one too many within a minute; `sent` were sent in the last one."""
    if sent >= limits.max_orders_per_minute:
        message = f"{sent} orders in the last minute; the account's limit is {limits.max_orders_per_minute}"
        raise RefusedError("TooManyOrders", message, StatusCode.RateLimited)


def check_live(kind: models.BrokerType, limits: Limits) -> None:
    """Refuse orders of real money from an account that was not cleared for it."""
    if kind not in NOT_LIVE and not limits.allow_live:
        raise RefusedError("LiveNotAllowed", "the account is not cleared for live orders")


def check_order(
    order: GroupOrder, asked: models.LegGroupOrder, quote: ComboQuote | None, limits: Limits, *, closes: bool = False
) -> None:
    """Refuse what is too large, has no market, has the sign of its price wrong, or pays too far beyond the market.

    Parameters
    ----------
    quote
        The market of one combo now; `None` while a leg has none.
    closes
        Whether all of it only closes what is held. Then it may be of any size: what was entered within the limits may
        have become dearer since, and must be left all the more.
    """
    contracts = order.qty * sum((abs(ratio) for ratio in order.ratios.values()), ZERO)
    if contracts > limits.max_contracts and not closes:
        raise RefusedError(
            "OrderTooLarge", f"the order has {contracts} contracts; the account's limit is {limits.max_contracts}"
        )
    if quote is None:
        raise RefusedError(
            "NoMarket",
            "a leg has no two-sided market now, so the order's price cannot be judged",
            StatusCode.ProviderUnavailable,
        )
    premium = order.qty * sum(
        (abs(leg.ratio) * quote.legs[leg.name].middle * leg.contract.multiplier for leg in order.legs), ZERO
    )
    if premium > limits.max_premium and not closes:
        raise RefusedError(
            "PremiumTooLarge", f"the order's premiums are {premium:.2f}; the account's limit is {limits.max_premium}"
        )
    for field, price in (("LimitPrice", asked.LimitPrice), ("StopPrice", asked.StopPrice)):
        if price is not None:
            _check_sign(field, price, quote)
    _check_band(asked, quote, max(limits.price_band * quote.gross, SMALLEST_BAND))


def _check_sign(field: str, price: Decimal, quote: ComboQuote) -> None:
    if price > 0 >= quote.natural:
        message = f"{field} {price} is a debit, and the combo brings a credit even at its worst ({quote.natural})"
        raise RefusedError("WrongSign", message, StatusCode.ValidationError)
    if price < 0 < quote.opposite:
        message = f"{field} {price} is a credit, and the combo costs a debit even at its best ({quote.opposite})"
        raise RefusedError("WrongSign", message, StatusCode.ValidationError)


def _check_band(asked: models.LegGroupOrder, quote: ComboQuote, band: Decimal) -> None:
    """Only paying too much is refused: an order that asks for more than the market gives merely waits."""
    match asked.OrderType:
        case models.OrderType.Limit:
            worst, beyond = asked.LimitPrice, quote.middle
        case models.OrderType.StopLimit:
            worst, beyond = asked.LimitPrice, asked.StopPrice
        case models.OrderType.Market:
            worst, beyond = quote.natural, quote.middle
        case _:
            return  # a stop becomes a market order at a price that nobody knows yet
    if worst is not None and beyond is not None and worst - beyond > band:
        raise RefusedError(
            "PriceOutsideBand",
            f"the order may pay {worst}, which is {worst - beyond} beyond {beyond}; the account's band is {band:.2f}",
        )
