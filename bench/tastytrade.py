"""tastytrade's quotes and orders: DXLink frames decoded into the book, a whole chain subscribed, an order accepted.

The yardstick of the quotes is a bare `msgspec` decode of the same frames in the same run; that of an order is the
double's own answer to the bare request.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import msgspec
import numpy as np

from bench._rounds import Rounds, cpu_seconds, quantile
from bench.report import Absolute, Row
from mesolive.clock import ManualClock, ScaledClock
from mesolive.connectors.tastytrade.order_requests import new_order
from mesolive.connectors.tastytrade.provider import ProviderConfig, TastytradeProvider, pause_after
from mesolive.connectors.tastytrade.quote_columns import QuoteColumns
from mesolive.connectors.tastytrade.symbols import order_symbol, streamer_symbol
from mesolive.connectors.tastytrade.venue import TastytradeVenue
from mesolive.connectors.tastytrade.venue_core import VenueRules
from mesolive.doubles.markets import Markets
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.doubles.tastytrade.settings import DoubleSettings
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import settlement_instant, us_options_calendar
from mesolive.market.contracts import Expiration, Right
from mesolive.market.listing import Listing
from mesolive.market.option_classes import option_class, underlying_of
from mesolive.market.quality import QuoteQuality
from mesolive.records import replace
from mesolive.tastytrade_client import (
    AccountStream,
    ClientConfig,
    Credentials,
    Endpoints,
    EventTables,
    Hidden,
    RestApi,
    Transport,
)
from mesolive.tastytrade_client.dxlink import read_frame
from mesolive.tastytrade_client.rate_limits import ALL, RATES
from mesolive.venues.base import Accepted, VenueLeg, VenueRequest
from mesolive_sdk.models import OrderType, TimeInForce

NOW = datetime(2026, 7, 27, 14, 40, tzinfo=UTC)
CONTRACTS = 20_000
EVENTS_PER_FRAME = 200
CHANNEL = 1
ROUNDS = 20
PASSES = 7
TURN_FRAMES = 100
"""How many frames one side decodes before it is the other's turn."""
ANSWER_SECONDS = 0.02
WARM_UP = 5
DAYS = 900
"""Of the window: about 20,000 contracts of the simulated chain."""
ORDERS = 60
FLUSH_SECONDS = ProviderConfig().flush_seconds
"""How often quotes are written into the book, as in the provider: between two times the latest of each counts."""


def chain(contracts: int = CONTRACTS) -> Listing:
    """Return a listing of SPXW with so many contracts."""
    terms = option_class("SPXW")
    strikes = [Decimal(3000 + 5 * number) for number in range(500)]
    expirations: dict[Expiration, dict[Right, Sequence[Decimal]]] = {}
    for number in range(contracts // (2 * len(strikes))):
        day = date(2026, 7, 28) + timedelta(days=7 * number)
        settles_at = settlement_instant("SPXW", day)
        expiration = Expiration("SPXW", day, settles_at, terms.settlement, terms.style, Decimal(terms.multiplier))
        expirations[expiration] = {Right.CALL: strikes, Right.PUT: strikes}
    return Listing(underlying_of("SPX"), expirations)


def frames(symbols: Sequence[str], rounds: int) -> list[bytes]:
    """Return COMPACT frames with quotes of all symbols, so often; the same numbers in every run."""
    rng = random.Random(16)  # noqa: S311 - prices, not secrets
    result: list[bytes] = []
    for _ in range(rounds):
        for first in range(0, len(symbols), EVENTS_PER_FRAME):
            values: list[object] = []
            for symbol in symbols[first : first + EVENTS_PER_FRAME]:
                bid = round(rng.uniform(0.05, 400.0), 2)
                # Sizes are fractions on the wire: 100.0.
                values += [
                    "Quote",
                    symbol,
                    bid,
                    round(bid + 0.4, 2),
                    float(rng.randint(1, 900)),
                    float(rng.randint(1, 900)),
                ]
            result.append(msgspec.json.encode({"type": "FEED_DATA", "channel": CHANNEL, "data": ["Quote", values]}))
    return result


class IntoTheBook:
    """Decodes frames, conflates their quotes and writes them into a book, as the provider does.

    Parameters
    ----------
    symbols
        Of the listing's contracts, by place.
    pause
        For how long quotes are conflated at least, in seconds.
    """

    def __init__(self, listing: Listing, symbols: Sequence[str], pause: float = FLUSH_SECONDS) -> None:
        self.book = QuoteBook(listing, ManualClock(NOW), us_options_calendar())
        self._quotes = QuoteColumns([self.book])
        self._tables = EventTables({"Quote": self._quotes})
        self._quotes.relist([{symbol: place for place, symbol in enumerate(symbols)}])
        self._since_write = 0.0
        self._least = self._pause = pause

    def take(self, sent: Sequence[bytes]) -> None:
        """Take some frames, and write when it is due.

        It is due by the processor's time: on a machine that others use, too, no more writes fall on a frame.
        """
        begun = time.process_time()
        for text in sent:
            if self._tables.take_text_of(text, CHANNEL):
                continue
            frame = read_frame(text)
            assert frame is not None
            assert frame.data is not None
            self._tables.take_frame(frame.data)
        now = time.process_time()
        self._since_write += now - begun
        if self._since_write >= self._pause:
            self.write()
            self._since_write = 0.0
            self._pause = max(self._least, pause_after(time.process_time() - now)) if self._least else 0.0

    def write(self) -> None:
        """Write the quotes that wait."""
        self._quotes.write(NOW, [QuoteQuality.LIVE])


def decode(sent: Sequence[bytes]) -> None:
    """Decode frames, and do nothing with them: the yardstick."""
    for text in sent:
        msgspec.json.decode(text)


def decoded_in_turns(
    listing: Listing, symbols: Sequence[str], order: Sequence[int], pause: float = FLUSH_SECONDS
) -> list[tuple[float, float]]:
    """Return the processor time of whole passes over all frames: bare, and into the book.

    Both take turns every few milliseconds, so that what else the machine does falls on both.

    Parameters
    ----------
    pause
        For how long quotes are conflated. Without one they are written after each turn, in which each contract comes
        once: then every quote is decoded.
    """
    ours = IntoTheBook(listing, symbols, pause)
    sent = frames([symbols[place] for place in order], ROUNDS)
    parts = [sent[first : first + TURN_FRAMES] for first in range(0, len(sent), TURN_FRAMES)]
    passes: list[tuple[float, float]] = []
    for _ in range(PASSES + 1):
        bare = whole = 0.0
        for part in parts:
            bare += cpu_seconds(partial(decode, part))
            whole += cpu_seconds(partial(ours.take, part))
        passes.append((bare, whole + cpu_seconds(ours.write)))
    assert ours.book.values("bid").min() > 0
    return passes[1:]  # the first one warms up


def decoded_into_the_book() -> Row:
    """Compare frames decoded, conflated and written into a book with their bare decoding."""
    listing = chain()
    symbols = [streamer_symbol(listing.contract(place)) for place in range(len(listing))]
    events = ROUNDS * len(symbols)
    in_order = Rounds(decoded_in_turns(listing, symbols, range(len(symbols))))
    mixed = list(range(len(symbols)))
    random.Random(16).shuffle(mixed)  # noqa: S311 - an order, not a secret
    in_any_order = Rounds(decoded_in_turns(listing, symbols, mixed))
    each = Rounds(decoded_in_turns(listing, symbols, range(len(symbols)), pause=0.0))
    return Row(
        "bare decoding : decoding, conflating and writing into the book",
        1 / in_order.ratio,
        0.5,
        better="higher",
        absolutes=[
            Absolute("quotes into the book", events / in_order.own, "quotes/s"),
            Absolute("quotes decoded bare", events / in_order.base, "quotes/s"),
            Absolute("quotes into the book, symbols in no order", events / in_any_order.own, "quotes/s"),
            Absolute("quotes into the book, each contract once between two writes", events / each.own, "quotes/s"),
            Absolute("bare decoding : the same", 1 / each.ratio, "ratio"),
            Absolute("time between two writes", FLUSH_SECONDS * 1e3, "ms"),
        ],
    )


def server() -> tuple[Markets, TastytradeDouble, ScaledClock]:
    """Return the double of the broker on a whole simulated chain, in a session that runs in real time."""
    clock = ScaledClock(NOW)
    markets = Markets.simulated(clock, seed=16, symbols=("SPX",))
    settings = DoubleSettings(rate_limits=False, answer_seconds=ANSWER_SECONDS, id_gap=1)
    return markets, TastytradeDouble(markets, clock, settings), clock


def client_of(double: TastytradeDouble) -> Transport:
    """Return a client with the double's credentials and no rate limits of its own."""
    settings = double.desk.settings
    credentials = Credentials(Hidden(settings.client_secret), Hidden(settings.refresh_token))
    unlimited = dict.fromkeys([ALL, *(rate.name for rate in RATES)], 10_000.0)
    endpoints = Endpoints(double.url, double.stream_url, is_sandbox=True)
    return Transport(endpoints, credentials, ClientConfig(rates=unlimited))


async def at_the_double() -> list[Row]:
    """Measure the subscription of a whole chain, and orders until they are accepted."""
    markets, double, clock = server()
    await markets.start()
    await double.start()
    try:
        async with client_of(double) as transport:
            return [await chain_subscribed(double, clock, transport), await orders_accepted(double, clock, transport)]
    finally:
        await double.stop()
        await markets.stop()


async def chain_subscribed(double: TastytradeDouble, clock: ScaledClock, transport: Transport) -> Row:
    """Measure from the start of a provider until the whole chain has its first quotes."""
    config = ProviderConfig(days=DAYS, strikes=100.0, start_seconds=60.0)
    provider = TastytradeProvider(RestApi(transport), ["SPX"], clock, us_options_calendar(), config)
    begun = time.perf_counter()
    await provider.start()
    took = time.perf_counter() - begun
    book = provider.books["SPX"]
    quoted = int(np.isfinite(book.values("ask")).sum())
    subscriptions = double.market_data.subscriptions
    await provider.stop()
    return Row(
        "whole chain subscribed, first quotes complete",
        took,
        10.0,
        absolutes=[
            Absolute("contracts listed", len(book.listing), "contracts"),
            Absolute("contracts quoted", quoted, "contracts"),
            Absolute("subscriptions at the double", subscriptions, "subscriptions"),
        ],
        unit="s",
    )


async def orders_accepted(double: TastytradeDouble, clock: ScaledClock, transport: Transport) -> Row:
    """Measure orders from their submission to the venue until they are accepted, beyond the double's own delay."""
    account = double.desk.settings.accounts[0]
    listing = double.desk.markets.book("SPX").listing
    expiration = next(item for item in listing.expirations if (item.settles_at - clock.now()).days > 30)
    span = listing.span(expiration.root, expiration.day, Right.PUT)
    assert span is not None
    middle = (span[0] + span[1]) // 2
    legs = (
        VenueLeg(name="short", contract=listing.contract(middle), ratio=Decimal(-1)),
        VenueLeg(name="long", contract=listing.contract(middle - 4), ratio=Decimal(1)),
    )
    stream = AccountStream(double.stream_url, transport.tokens)
    venue = TastytradeVenue(
        RestApi(transport), stream, clock, us_options_calendar(), lambda _: None, rules=VenueRules(dry_run=False)
    )
    venue.come_up([account])
    await venue.start()
    took: list[float] = []
    bare: list[float] = []
    actions = {order_symbol(leg.contract): f"{'Buy' if leg.ratio > 0 else 'Sell'} to Open" for leg in legs}
    async with venue.session():
        for number in range(WARM_UP + ORDERS):
            request = VenueRequest(
                account=account,
                reference=f"bench-{number}",
                legs=legs,
                qty=Decimal(1),
                order_type=OrderType.Limit,
                time_in_force=TimeInForce.Day,
                limit_price=Decimal(-90),
            )
            begun = time.perf_counter()
            answer = await venue.submit(request)
            between = time.perf_counter()
            assert isinstance(answer, Accepted), answer
            again = replace(request, reference=f"bare-{number}")
            await RestApi(transport).submit(account, new_order(again, actions, request.limit_price))
            if number >= WARM_UP:
                took.append(between - begun)
                bare.append(time.perf_counter() - between)
    await venue.stop()
    own = quantile(bare, 0.5)
    return Row(
        "order submitted until accepted, p50 beyond the double's own answer",
        (quantile(took, 0.5) - own) * 1e3,
        5.0,
        absolutes=[
            Absolute("order accepted, p50", quantile(took, 0.5) * 1e3, "ms"),
            Absolute("the double's own answer to the bare request, p50", own * 1e3, "ms"),
            Absolute("of that its configured delay", ANSWER_SECONDS * 1e3, "ms"),
        ],
        unit="ms",
    )


def run() -> Sequence[Row | Absolute]:
    """Measure."""
    return [decoded_into_the_book(), *asyncio.run(at_the_double())]
