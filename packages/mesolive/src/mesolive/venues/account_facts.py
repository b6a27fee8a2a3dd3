"""Facts that a broker states about an account: cash, net liquidation, margin, buying power, permissions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec


class DiscoveredAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account that a connection gives access to.

    Attributes
    ----------
    account_id
        Its id at the broker, such as `U1234567`.
    live
        Whether real money is at stake; `False` for the broker's paper and sandbox accounts.
    account_type
        The broker's word for it, such as `Margin`, `Cash` or `IRA`.
    currency
        ISO code of the base currency.
    can_trade
        Whether orders of this connection are permitted for it.
    permissions
        What the broker permits, in words for the trader: `options level 4`, `index options`, `read-only API`.
    """

    account_id: str
    live: bool
    account_type: str = "Margin"
    currency: str = "USD"
    can_trade: bool = True
    permissions: tuple[str, ...] = ()


class BrokerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the broker states about an account; `None` is not stated.

    All amounts are in the account's base currency.

    Attributes
    ----------
    as_of
        The broker's time of the facts; where it states none, when they arrived.
    net_liquidation
        Value of the account if everything were closed at the marks.
    cash
        Settled and unsettled cash.
    initial_margin, maintenance_margin
        Requirements of all that is held.
    buying_power
        What can be spent on options that are bought.
    excess_liquidity
        How far net liquidation is above the maintenance margin.
    day_trades_left
        Day trades that remain before the pattern-day-trader rule applies; `None` also where the rule does not apply.
    """

    as_of: datetime
    net_liquidation: Decimal | None = None
    cash: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None
    buying_power: Decimal | None = None
    excess_liquidity: Decimal | None = None
    day_trades_left: int | None = None
