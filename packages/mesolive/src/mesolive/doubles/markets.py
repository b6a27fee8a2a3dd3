"""Markets behind doubles of brokers: a provider of quotes per underlying, by default the simulated market."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from mesolive.clock import Clock
from mesolive.doubles.product_model import ProductModel
from mesolive.doubles.products import PRODUCTS, Product
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar, us_options_calendar
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import OptionContract
from mesolive.market.provider import Provider
from mesolive.market.providers.simulated.provider import STEP, Hours, SimulatedProvider
from mesolive.market.settlement import settlement_price
from mesolive.market.trading_hours import trading_hours

DEFAULT_SYMBOLS: Final = ("SPX", "SPY", "ES")


@dataclass(frozen=True, slots=True)
class OptionQuote:
    """The market of one option; `None` where there is no such price."""

    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    bid_size: int
    ask_size: int

    @property
    def middle(self) -> Decimal | None:
        """The middle of a two-sided market, else what there is."""
        if self.bid is None or self.ask is None:
            return self.last if self.ask is None else self.ask
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True)
class OptionModel:
    """What IB's option model computes from a quote; NaN where there is no sound value."""

    iv: float
    delta: float
    price: float
    gamma: float
    vega: float
    theta: float
    spot: float


class Markets:
    """Quotes of underlyings and options, read from the books of market data providers.

    Parameters
    ----------
    providers
        By the symbol of the underlying, each of which is in `PRODUCTS`. They may be those of a server in the same
        process: then both see one market.
    clock
        The time of the providers.
    calendar
        The sessions.
    around_the_clock
        Whether orders are filled at any hour: for markets that move around the clock.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        clock: Clock,
        calendar: ExchangeCalendar | None = None,
        *,
        around_the_clock: bool = False,
    ) -> None:
        unknown = set(providers) - set(PRODUCTS)
        if unknown:
            raise ValueError(f"no product has the symbol {min(unknown)}; there are: {', '.join(PRODUCTS)}")
        self.clock = clock
        self.calendar = calendar or us_options_calendar()
        self._providers = dict(providers)
        self.around_the_clock = around_the_clock

    @classmethod
    def simulated(
        cls,
        clock: Clock,
        *,
        seed: int = 1,
        symbols: Sequence[str] = DEFAULT_SYMBOLS,
        spot: float = 5000.0,
        step: timedelta = STEP,
        calendar: ExchangeCalendar | None = None,
        around_the_clock: bool = False,
    ) -> Markets:
        """Return simulated markets that move together.

        That of SPX is exactly the one that a server's `simulated` source makes of the same seed, start and step, and
        that of ES the one of its `futures`.
        """
        calendar = calendar or us_options_calendar()
        providers: dict[str, Provider] = {}
        hours = Hours.ALWAYS if around_the_clock else Hours.SESSION
        for symbol in symbols:
            product = PRODUCTS.get(symbol)
            if product is None:
                raise ValueError(f"no product has the symbol {symbol!r}; there are: {', '.join(PRODUCTS)}")
            if symbol == "SPX":
                provider = SimulatedProvider.generated(
                    clock, seed=seed, spot=spot, step=step, hours=hours, calendar=calendar
                )
            elif product.sec_type == "FUT":
                provider = SimulatedProvider.futures(clock, symbol, seed=seed, spot=spot, step=step, calendar=calendar)
            else:
                model = ProductModel(product, calendar, spot)
                provider = SimulatedProvider(
                    model, clock, calendar, seed=seed, step=step, hours=hours, source=f"Simulated/{symbol}"
                )
            providers[symbol] = provider
        return cls(providers, clock, calendar, around_the_clock=around_the_clock)

    async def start(self) -> None:
        """Start the providers that do not run yet."""
        for provider in self._providers.values():
            await provider.start()

    async def stop(self) -> None:
        """Stop the providers."""
        for provider in self._providers.values():
            await provider.stop()

    def gap(self, fraction: float) -> None:
        """Let all simulated underlyings jump by a fraction: -0.03 is down 3 percent."""
        for provider in self._providers.values():
            if isinstance(provider, SimulatedProvider):
                provider.gap(fraction)

    @property
    def products(self) -> Sequence[Product]:
        """What has a market."""
        return [PRODUCTS[symbol] for symbol in self._providers]

    def provider(self, symbol: str) -> Provider:
        """Return the provider of an underlying."""
        return self._providers[symbol]

    def book(self, symbol: str) -> QuoteBook:
        """Return the quote book of an underlying."""
        return self._providers[symbol].books[symbol]

    def view(self, symbol: str) -> BookView:
        """Return the market of an underlying now."""
        return self.book(symbol).view()

    def spot(self, symbol: str) -> Decimal | None:
        """Return the price of an underlying: its mark."""
        return _decimal(self.view(symbol).underlying.quote.mark)

    def is_open(self, moment: datetime) -> bool:
        """Whether orders are filled: in sessions, or always."""
        return self.around_the_clock or self.calendar.is_open(moment)

    def trades(self, symbol: str, moment: datetime, *, night: bool = False) -> bool:
        """Whether orders in options on an underlying are filled: in the hours of their exchange.

        Simulated indexes stand still after the stocks' close; their options are filled at the quotes of then until
        16:15 in New York.

        Parameters
        ----------
        night
            Whether in the night and curb sessions too.
        """
        return self.around_the_clock or trading_hours(symbol, self.calendar).takes_orders(moment, night=night)

    def order_session(self, symbol: str, moment: datetime, *, night: bool = False) -> tuple[datetime, datetime]:
        """Return the session of an underlying's options at a moment, or else the next: day orders end with it."""
        return trading_hours(symbol, self.calendar).next_order_session(moment, night=night)

    def quote(self, contract: OptionContract) -> OptionQuote | None:
        """Return the market of an option, or `None` when it is not listed any more."""
        place = self.view(contract.underlying).find(contract)
        if place is None:
            return None
        chain, at = place
        return OptionQuote(
            bid=_decimal(chain.bid[at]),
            ask=_decimal(chain.ask[at]),
            last=_decimal(chain.last[at]),
            bid_size=_size(chain.bid_size[at]),
            ask_size=_size(chain.ask_size[at]),
        )

    def model(self, contract: OptionContract) -> OptionModel | None:
        """Return the model's values of an option, or `None` when it is not listed any more."""
        view = self.view(contract.underlying)
        place = view.find(contract)
        if place is None:
            return None
        chain, at = place
        spot = view.underlying.quote.mark
        return OptionModel(
            iv=float(chain.iv[at]),
            delta=float(chain.delta[at]),
            price=float(chain.mark[at]),
            gamma=float(chain.gamma[at]),
            vega=float(chain.vega[at]),
            theta=float(chain.theta[at]),
            spot=math.nan if spot is None else spot,
        )

    def settlement(self, contract: OptionContract, settles_at: datetime, now: datetime) -> Decimal | None:
        """Return the underlying's price at which an option settles, or `None` while it is not published."""
        return settlement_price(self.book(contract.underlying), self.calendar, contract, settles_at, now)

    def today(self, now: datetime) -> date:
        """Return the exchange-local date."""
        return self.calendar.local(now).date()


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None or not math.isfinite(value) else Decimal(repr(float(value)))


def _size(value: float) -> int:
    return int(value) if math.isfinite(value) else 0
