"""tastytrade's quotes and orders: DXLink frames decoded into the book, a whole chain subscribed, an order accepted.

The yardstick of the quotes is a bare `msgspec` decode of the same frames in the same run; that of an order is the
double's own answer to the bare request.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec

from bench.report import Absolute, Row
from mesolive.clock import ManualClock
from mesolive.connectors.tastytrade.provider import TABLES, ProviderConfig, pause_after
from mesolive.connectors.tastytrade.quote_rows import QuoteWriter
from mesolive.connectors.tastytrade.symbols import streamer_symbol
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import settlement_instant, us_options_calendar
from mesolive.market.contracts import Expiration, Right
from mesolive.market.listing import Listing
from mesolive.market.option_classes import option_class, underlying_of
from mesolive.market.quality import QuoteQuality
from mesolive.tastytrade_client import EventTables
from mesolive.tastytrade_client.dxlink import read_frame

NOW = datetime(2026, 7, 27, 14, 40, tzinfo=UTC)
CONTRACTS = 20_000
EVENTS_PER_FRAME = 200
ROUNDS = 20
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
            result.append(msgspec.json.encode({"type": "FEED_DATA", "channel": 1, "data": ["Quote", values]}))
    return result


def best(*work: Callable[[], None], rounds: int = 7) -> list[float]:
    """Return the shortest processor time of each piece of work, which take turns: the machine is shared."""
    took: list[list[float]] = [[] for _ in work]
    for _ in range(rounds):
        for piece, times in zip(work, took, strict=True):
            begun = time.process_time()
            piece()
            times.append(time.process_time() - begun)
    return [min(times) for times in took]


def decoded_into_the_book() -> Row:
    """Compare frames decoded, conflated and written into a book with their bare decoding."""
    listing = chain()
    symbols = [streamer_symbol(listing.contract(place)) for place in range(len(listing))]
    sent = frames(symbols, ROUNDS)
    book = QuoteBook(listing, ManualClock(NOW), us_options_calendar())
    tables, writer = EventTables(TABLES), QuoteWriter([book])
    writer.list([{symbol: place for place, symbol in enumerate(symbols)}])

    def bare() -> None:
        for frame in sent:
            msgspec.json.decode(frame)

    def ours() -> None:
        due = time.perf_counter() + FLUSH_SECONDS
        for text in sent:
            frame = read_frame(text)
            assert frame is not None
            assert frame.data is not None
            tables.take_frame(frame.data)
            now = time.perf_counter()
            if now >= due:
                writer.write(NOW, tables["Quote"].take(), [QuoteQuality.LIVE])
                written = time.perf_counter()
                due = written + max(FLUSH_SECONDS, pause_after(written - now))
        writer.write(NOW, tables["Quote"].take(), [QuoteQuality.LIVE])

    ours()
    events = ROUNDS * len(symbols)
    alone, whole = best(bare, ours)
    assert book.values("bid").min() > 0
    return Row(
        "bare decoding : decoding, conflating and writing into the book",
        alone / whole,
        0.5,
        better="higher",
        absolutes=[
            Absolute("quotes into the book", events / whole, "quotes/s"),
            Absolute("quotes decoded bare", events / alone, "quotes/s"),
            Absolute("time between two writes", FLUSH_SECONDS * 1e3, "ms"),
        ],
    )


def run() -> Sequence[Row | Absolute]:
    """Measure."""
    return [decoded_into_the_book()]
