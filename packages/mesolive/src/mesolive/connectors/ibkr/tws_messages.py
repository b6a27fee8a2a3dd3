"""Messages of TWS as typed values: contracts, orders, executions, positions, ticks and notices.

They are what `mesolive.connectors.ibkr.tws_decoder` makes of the client library's objects; no other module of the
connector reads those.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

NO_REQUEST: Final = -1
"""The request id of notices, and of executions that are reported unasked."""

UNSET_DOUBLE: Final = 1.7976931348623157e308
"""How TWS writes a number that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A contract as TWS shows it, or as it is asked for: then most fields are empty.

    Attributes
    ----------
    last_trade
        `YYYYMMDD` of the last trading moment in the zone that TWS is logged in with: not the expiration date.
    multiplier
        As text, such as `100`.
    """

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    last_trade: str = ""
    strike: Decimal = Decimal(0)
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComboLeg:
    """A leg of a combo: `ratio` is greater than zero, `action` is `BUY` or `SELL`."""

    con_id: int
    ratio: int
    action: str
    exchange: str = "SMART"

    @property
    def signed(self) -> int:
        """The ratio, negative where the leg is sold."""
        return self.ratio if self.action == "BUY" else -self.ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDetails:
    """Details of one contract.

    Attributes
    ----------
    market_rule_ids
        Price steps, parallel to `valid_exchanges`.
    real_expiration
        `YYYYMMDD` of the expiration; empty where TWS does not say.
    """

    contract: Contract
    min_tick: Decimal
    valid_exchanges: tuple[str, ...] = ()
    market_rule_ids: tuple[int, ...] = ()
    order_types: tuple[str, ...] = ()
    under_con_id: int = 0
    under_symbol: str = ""
    long_name: str = ""
    contract_month: str = ""
    real_expiration: str = ""
    last_trade_time: str = ""
    time_zone: str = ""
    trading_hours: str = ""
    liquid_hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionParameters:
    """Expirations and strikes of one class at one exchange. Their product is not what is listed."""

    exchange: str
    under_con_id: int
    trading_class: str
    multiplier: str
    expirations: tuple[str, ...]
    strikes: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class MarketRule:
    """Price steps: from which price on which step."""

    rule_id: int
    steps: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A message without a request: connectivity, farms, warnings."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class OrderError:
    """An error or warning on an order id."""

    order_id: int
    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTicket:
    """An order to place or to modify; the whole of it, in both cases.

    Attributes
    ----------
    limit_price, stop_price
        On the contract's price step; `None` where the order type has none.
    outside_rth
        Whether it is worked outside of the regular session too.
    """

    action: str
    quantity: Decimal
    order_type: str
    time_in_force: str
    account: str
    order_ref: str
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    what_if: bool = False
    outside_rth: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """What a preview of an order says of the account after it; `None` is not stated."""

    initial_change: Decimal | None
    maintenance_change: Decimal | None
    initial_after: Decimal | None
    maintenance_after: Decimal | None
    equity_after: Decimal | None
    commission: Decimal | None
    warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order that is open, or that has ended today.

    Attributes
    ----------
    order_id, client_id
        Of the client that placed it; zero where the list does not say.
    filled
        `None` where the list does not say.
    margins
        Of a preview alone.
    """

    contract: Contract
    legs: tuple[ComboLeg, ...]
    order_id: int
    client_id: int
    perm_id: int
    order_ref: str
    account: str
    action: str
    quantity: Decimal
    order_type: str
    time_in_force: str
    limit_price: Decimal | None
    stop_price: Decimal | None
    status: str
    filled: Decimal | None = None
    completed_status: str = ""
    completed_time: str = ""
    margins: Margins | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """A status message of an order: a hint, never a proof of a fill."""

    order_id: int
    client_id: int
    perm_id: int
    status: str
    filled: Decimal
    remaining: Decimal
    average_price: Decimal
    why_held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRow:
    """An execution of a combo, of one of its legs, or of a single contract.

    Attributes
    ----------
    req_id
        Of the request for the list; `NO_REQUEST` where it is reported unasked.
    side
        `BOT` or `SLD`.
    liquidation
        Whether IB closed the position.
    """

    req_id: int
    exec_id: str
    order_id: int
    client_id: int
    perm_id: int
    order_ref: str
    account: str
    contract: Contract
    side: str
    shares: Decimal
    price: Decimal
    at: datetime
    liquidation: bool = False

    @property
    def signed(self) -> Decimal:
        """Shares, negative where they were sold."""
        return self.shares if self.side == "BOT" else -self.shares


@dataclass(frozen=True, slots=True)
class CommissionRow:
    """The commission of an execution; `None` is not known yet."""

    exec_id: str
    commission: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class PositionRow:
    """A position of an account; the quantity may be zero."""

    account: str
    contract: Contract
    quantity: Decimal
    average_cost: Decimal


@dataclass(frozen=True, slots=True)
class AccountValue:
    """A figure of an account as text, such as `NetLiquidation`."""

    account: str
    tag: str
    value: str
    currency: str


def decimal_of(number: float | str) -> Decimal:
    """Return the number as TWS wrote it, without the noise of binary fractions and without trailing zeros."""
    return tidy(Decimal(repr(number)) if isinstance(number, float) else Decimal(number))


def tidy(value: Decimal) -> Decimal:
    """Return a number without trailing zeros, and without an exponent where it is whole."""
    whole = value.to_integral_value()
    return whole if value == whole else value.normalize()


def stated(number: float | str) -> Decimal | None:
    """Return a number, or `None` where TWS says that it does not know it."""
    if isinstance(number, str) and not number.strip():
        return None
    value = float(number)
    if not abs(value) < UNSET_DOUBLE:
        return None
    return decimal_of(number)
