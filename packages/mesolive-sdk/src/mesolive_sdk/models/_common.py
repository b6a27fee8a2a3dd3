"""Values that several hubs share: contracts, prices, greeks, PnL, evaluated conditions.

Prices, greeks and contracts are immutable values: equal ones can stand for each other and be keys of a dict.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from msgspec.structs import force_setattr

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import UtcDateTime, to_utc


class LiveUnderlying(msgspec.Struct, kw_only=True, frozen=True):
    """What contracts are written on.

    Attributes
    ----------
    Symbol
        Such as `SPX`.
    ContractType
        `Index`, `Stock` or `Futures`.
    Exchange
        The exchange, where it matters.
    Currency
        ISO code of the currency in which it is quoted.
    """

    Symbol: str
    ContractType: enums.MesoContractType
    Exchange: str | None = None
    Currency: str


class LiveContract(msgspec.Struct, kw_only=True, frozen=True):
    """One instrument that can be traded.

    Attributes
    ----------
    ContractType
        What kind of instrument it is.
    Underlying
        What it is written on.
    Root
        Trading class of an option, such as `SPXW`.
    OptionType
        Call or put.
    Expiration
        The instant at which the contract settles.
    Strike
        In the underlying's currency.
    Multiplier
        Units of the underlying per contract.
    """

    ContractType: enums.MesoContractType
    Underlying: LiveUnderlying
    Root: str | None = None
    OptionType: enums.MesoOptionType | None = None
    Expiration: UtcDateTime | None = None
    Strike: Decimal | None = None
    Multiplier: Decimal | None = None

    def __post_init__(self) -> None:
        """Normalise the expiration to UTC."""
        if self.Expiration is not None and self.Expiration.tzinfo is not UTC:
            force_setattr(self, "Expiration", to_utc(self.Expiration))


class Snapshot(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """Base of what is measured at one moment.

    Attributes
    ----------
    SnapshotTime
        Market time of the view from which the values were computed.
    BidAgeMs, AskAgeMs, LastAgeMs, MarkAgeMs
        How old the quotes behind each basis are, in milliseconds; null where the value is null.
    Quality
        Quality of the quotes where they are not live: delayed by the exchange's rules, frozen at the last ones, or
        modelled from other contracts'. Of several contracts, the worst. Null for live ones (extension).
    """

    SnapshotTime: UtcDateTime | None = None
    BidAgeMs: int | None = None
    AskAgeMs: int | None = None
    LastAgeMs: int | None = None
    MarkAgeMs: int | None = None
    Quality: enums.QuoteQuality | None = None

    def __post_init__(self) -> None:
        """Normalise the time to UTC."""
        time: datetime | None = self.SnapshotTime
        if time is not None and time.tzinfo is not UTC:
            force_setattr(self, "SnapshotTime", to_utc(time))


class LivePrices(Snapshot, kw_only=True, frozen=True, gc=False):
    """Prices of a contract (per unit of the underlying), a leg, a combo or a position, and their ages.

    Attributes
    ----------
    Bid, Ask, Last, Mark
        The price on each basis; null where there is none.
    """

    Bid: Decimal | None = None
    Ask: Decimal | None = None
    Last: Decimal | None = None
    Mark: Decimal | None = None


class LivePnL(Snapshot, kw_only=True, frozen=True, gc=False):
    """Profit and loss in account currency; the total is `Realized` plus one basis.

    Attributes
    ----------
    Realized
        What closed quantities have brought.
    Bid, Ask, Last, Mark
        Running profit and loss at the price on each basis: price times quantity times multiplier, less cost. Of a leg,
        the contract's own price; of a group or a position, its price as a whole: `Bid` is what selling it at its bid
        would leave, where what is short is bought back at its offer.
    """

    Realized: Decimal | None = None
    Bid: Decimal | None = None
    Ask: Decimal | None = None
    Last: Decimal | None = None
    Mark: Decimal | None = None


class GreekValues(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """Greeks in the strategy language's units, quantity and contract multiplier included.

    Attributes
    ----------
    Delta
        Share equivalents: a delta of 0.1142 on one contract of 100 is 11.42.
    Gamma
        Change of that delta per point of the underlying.
    Theta
        Account currency per calendar day.
    Vega
        Account currency per volatility point.
    WVega
        `Vega * sqrt(30 / dte)`.
    Rho
        Account currency per 1.00 of rate.
    IV
        Implied volatility in percent.
    """

    Delta: Decimal | None = None
    Gamma: Decimal | None = None
    Theta: Decimal | None = None
    Vega: Decimal | None = None
    WVega: Decimal | None = None
    Rho: Decimal | None = None
    IV: Decimal | None = None


class LiveGreeks(Snapshot, kw_only=True, frozen=True, gc=False):
    """Greeks computed from each basis of the price, and the ages of those prices.

    Attributes
    ----------
    Bid, Ask, Last, Mark
        The greeks on each basis; null where there is no price to compute them from.
    """

    Bid: GreekValues | None = None
    Ask: GreekValues | None = None
    Last: GreekValues | None = None
    Mark: GreekValues | None = None


class ConditionEvaluation(msgspec.Struct, kw_only=True):
    """One statement of a strategy, evaluated, with its evidence.

    Attributes
    ----------
    Type
        What the statement is for.
    Statement
        Its text, as written.
    Result
        The outcome; null when it could not be evaluated (`Error` then says why).
    Vars
        The variables that the statement read, with their values.
    Error
        Why there is no result.
    """

    Type: enums.ConditionType
    Statement: str
    Result: bool | None = None
    Vars: dict[str, Decimal]
    Error: str | None = None


class LegGroupQtys(msgspec.Struct, kw_only=True):
    """How the legs of a group make up one combo order.

    Attributes
    ----------
    Qty
        How many combos, zero or more.
    LegRatios
        Leg name to the signed whole number of contracts in one combo.
    """

    Qty: Decimal
    LegRatios: dict[str, Decimal]
