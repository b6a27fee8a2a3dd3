"""Windows of option chains: underlyings, expirations, and strikes around the money with quotes and greeks.

These models are extensions: the published API does not have them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Timed, UtcDateTime
from mesolive_sdk.models._common import LiveUnderlying


class ListUnderlyingsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListUnderlyings`.

    Attributes
    ----------
    DataProvider
        Only this provider's; null for all.
    """

    DataProvider: enums.DataProviderType | None = None


class UnderlyingInfo(Timed, kw_only=True):
    """An underlying at one provider.

    Attributes
    ----------
    Underlying
        What it is.
    DataProvider
        Whose quotes these are.
    Preferred
        Whether this provider's quotes are taken where a call names none.
    Bid, Ask, Last, Mark
        Prices; null where there is none.
    ReceivedAt
        The provider's last update, in market time.
    Stale
        Whether the provider has been silent for too long: nothing is decided on these prices.
    """

    times: ClassVar[tuple[str, ...]] = ("ReceivedAt",)

    Underlying: LiveUnderlying
    DataProvider: enums.DataProviderType
    Preferred: bool
    Bid: Decimal | None = None
    Ask: Decimal | None = None
    Last: Decimal | None = None
    Mark: Decimal | None = None
    ReceivedAt: UtcDateTime | None = None
    Stale: bool


class ListUnderlyingsResult(msgspec.Struct, kw_only=True):
    """Result of `ListUnderlyings`.

    Attributes
    ----------
    Underlyings
        By symbol and provider.
    """

    Underlyings: list[UnderlyingInfo]


class GetExpirationsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetExpirations`.

    Attributes
    ----------
    Symbol
        The underlying.
    DataProvider
        Whose chain; null for the one that serves the underlying.
    """

    Symbol: str
    DataProvider: enums.DataProviderType | None = None


class ChainExpiration(Timed, kw_only=True):
    """One expiration of one trading class.

    Attributes
    ----------
    Root
        Such as `SPXW`.
    Day
        Exchange-local date of the settlement, `YYYY-MM-DD`.
    Expiration
        The instant of the settlement.
    Settlement
        `AM` or `PM`.
    DTE
        Days until then, with their fraction.
    Forward
        The price of the underlying for then that the chain implies; null for none.
    """

    times: ClassVar[tuple[str, ...]] = ("Expiration",)

    Root: str
    Day: str
    Expiration: UtcDateTime
    Settlement: str
    DTE: Decimal
    Forward: Decimal | None = None


class GetExpirationsResult(Timed, kw_only=True):
    """Result of `GetExpirations`.

    Attributes
    ----------
    At
        Of which moment of the market it is.
    Expirations
        Those that still trade, the nearest first.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    At: UtcDateTime
    Expirations: list[ChainExpiration]


class GetChainArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetChain`.

    Attributes
    ----------
    Symbol, Root
        The underlying, and the trading class; null for the first that has this day.
    Day
        The expiration's exchange-local date, `YYYY-MM-DD`.
    Center
        The price in the middle of the window; null for the forward, else the underlying's price.
    Strikes
        How many strikes, the nearest to the middle, 1 to 500.
    DataProvider
        Whose chain; null for the one that serves the underlying.
    """

    Symbol: str
    Root: str | None = None
    Day: str
    Center: Decimal | None = None
    Strikes: Annotated[int, msgspec.Meta(ge=1, le=500)] = 40
    DataProvider: enums.DataProviderType | None = None


class ChainQuote(msgspec.Struct, kw_only=True):
    """One option of a chain: prices per unit of the underlying, greeks per contract; null for no value.

    Attributes
    ----------
    Bid, Ask, Last, Mark
        Prices.
    IV
        Implied volatility in percent.
    Delta, Gamma, Theta, Vega
        Of one long contract, multiplier included; theta per calendar day, vega per volatility point.
    Quality
        What the provider says of the quote, such as `Live`, `Delayed` or `Modelled`.
    """

    Bid: Decimal | None = None
    Ask: Decimal | None = None
    Last: Decimal | None = None
    Mark: Decimal | None = None
    IV: Decimal | None = None
    Delta: Decimal | None = None
    Gamma: Decimal | None = None
    Theta: Decimal | None = None
    Vega: Decimal | None = None
    Quality: str


class ChainRow(msgspec.Struct, kw_only=True):
    """One strike of a chain.

    Attributes
    ----------
    Strike
        The strike.
    Call, Put
        Its options; null where there is none.
    """

    Strike: Decimal
    Call: ChainQuote | None = None
    Put: ChainQuote | None = None


class GetChainResult(Timed, kw_only=True):
    """Result of `GetChain`.

    Attributes
    ----------
    At
        Of which moment of the market it is.
    Expiration
        Which expiration.
    Multiplier
        Units of the underlying per contract.
    Spot
        The underlying's price; null for none.
    Stale
        Whether the provider has been silent for too long.
    Listed
        How many strikes there are in all.
    Rows
        The window, strikes ascending.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    At: UtcDateTime
    Expiration: ChainExpiration
    Multiplier: Decimal
    Spot: Decimal | None = None
    Stale: bool
    Listed: int
    Rows: list[ChainRow]


class StreamChainDataArgs(GetChainArgs, kw_only=True):
    """Arguments of `StreamChainData`, an extension: those of `GetChain`."""


class ChainDataEntry(GetChainResult, kw_only=True):
    """One item of `StreamChainData`: what `GetChain` answers. Without a `Center` the window follows the money."""
