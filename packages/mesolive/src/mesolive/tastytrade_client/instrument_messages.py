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
