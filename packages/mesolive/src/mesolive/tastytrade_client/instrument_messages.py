"""Instruments of tastytrade: nested option chains, tick sizes, sessions, quotes on request, quote tokens."""

from __future__ import annotations

from decimal import Decimal

from mesolive.tastytrade_client.order_messages import FromServer
from mesolive.tastytrade_client.values import Moment


class TickSize(FromServer, frozen=True):
    """A step of prices below a threshold; the one without a threshold is for all prices from the last on."""

    value: Decimal
    threshold: Decimal | None = None
    symbol: str | None = None


class NestedStrike(FromServer, frozen=True):
    """The call and the put of one strike."""

    strike_price: Decimal
    call: str | None = None
    put: str | None = None
    call_streamer_symbol: str | None = None
    put_streamer_symbol: str | None = None


class NestedExpiration(FromServer, frozen=True):
    """One expiration of a root. `settlement_type` is `AM` or `PM`."""

    expiration_date: str
    expiration_type: str | None = None
    days_to_expiration: int | None = None
    settlement_type: str | None = None
    strikes: tuple[NestedStrike, ...] = ()


class NestedChain(FromServer, frozen=True):
    """The options of one root, by expiration and strike. SPX comes as two: the roots SPX and SPXW."""

    underlying_symbol: str
    root_symbol: str
    option_chain_type: str | None = None
    shares_per_contract: Decimal = Decimal(100)
    tick_sizes: tuple[TickSize, ...] | None = None
    expirations: tuple[NestedExpiration, ...] = ()


class Future(FromServer, frozen=True):
    """A future. `streamer_symbol` names it in the quotes, such as `/ESZ26:XCME`."""

    symbol: str
    product_code: str | None = None
    streamer_symbol: str | None = None
    active: bool | None = None
    expiration_date: str | None = None
    stops_trading_at: Moment = None
    expires_at: Moment = None


class NestedFutureExpiration(FromServer, frozen=True):
    """One expiration of options on a future.

    Attributes
    ----------
    underlying_symbol
        The future that they are written on.
    option_root_symbol
        Their class, such as `E1A`.
    notional_value, display_factor
        Their quotient is the multiplier: 0.5 and 0.01 are 50 units per contract.
    """

    expiration_date: str
    underlying_symbol: str | None = None
    option_root_symbol: str | None = None
    expiration_type: str | None = None
    days_to_expiration: int | None = None
    settlement_type: str | None = None
    notional_value: Decimal | None = None
    display_factor: Decimal | None = None
    strikes: tuple[NestedStrike, ...] = ()

    @property
    def multiplier(self) -> Decimal | None:
        """Units of the future's price per contract; `None` where it is not stated."""
        if self.notional_value is None or not self.display_factor:
            return None
        return self.notional_value / self.display_factor


class NestedFutureChain(FromServer, frozen=True):
    """The options on the futures of one product, by expiration and strike."""

    root_symbol: str
    exercise_style: str | None = None
    expirations: tuple[NestedFutureExpiration, ...] = ()


class FuturesChains(FromServer, frozen=True):
    """A product's futures, and the options on them."""

    futures: tuple[Future, ...] = ()
    option_chains: tuple[NestedFutureChain, ...] = ()


class Equity(FromServer, frozen=True):
    """A stock, fund or index."""

    symbol: str
    streamer_symbol: str | None = None
    is_index: bool | None = None
    is_etf: bool | None = None
    active: bool | None = None
    description: str | None = None
    tick_sizes: tuple[TickSize, ...] | None = None
    option_tick_sizes: tuple[TickSize, ...] | None = None


class MarketSession(FromServer, frozen=True):
    """A session of an exchange."""

    state: str | None = None
    open_at: Moment = None
    close_at: Moment = None
    instrument_collection: str | None = None


class QuoteToken(FromServer, frozen=True):
    """Access to the quotes: a token of 24 hours, and where they are. `level` is `api`, or `demo` for delayed quotes."""

    token: str
    dxlink_url: str
    level: str | None = None

    def __repr__(self) -> str:
        return f"QuoteToken(token=…, dxlink_url={self.dxlink_url!r}, level={self.level!r})"


class MarketQuote(FromServer, frozen=True):
    """A quote on request."""

    symbol: str
    instrument_type: str | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    mark: Decimal | None = None
    prev_close: Decimal | None = None
    updated_at: Moment = None
