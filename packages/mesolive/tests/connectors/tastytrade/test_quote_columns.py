"""Quotes kept as columns: of each contract the latest, whatever the schema, the format and the values are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.clock import ManualClock
from mesolive.connectors.tastytrade.quote_columns import QUOTE_FIELDS, QuoteColumns
from mesolive.connectors.tastytrade.quote_texts import KEY_BYTES, SymbolIndex
from mesolive.connectors.tastytrade.symbols import streamer_symbol
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import settlement_instant, us_options_calendar
from mesolive.market.contracts import Expiration, Right
from mesolive.market.listing import Listing
from mesolive.market.option_classes import option_class, underlying_of
from mesolive.market.quality import QuoteQuality
from mesolive.tastytrade_client import EventTables, number
from mesolive.tastytrade_client.dxlink import read_frame

NOW = datetime(2026, 7, 27, 14, 40, tzinfo=UTC)
ASKED = ["eventType", "eventSymbol", *QUOTE_FIELDS]
STRANGE = st.sampled_from(["NaN", "Infinity", "-Infinity", None, "x", [], 10**400, True])
VALUES = st.one_of(st.floats(0, 1e6), st.integers(0, 1000), STRANGE)


def listing(underlying: str, root: str, strikes: Sequence[int]) -> Listing:
    day, terms = date(2026, 8, 21), option_class(root)
    settles_at = settlement_instant(root, day)
    expiration = Expiration(root, day, settles_at, terms.settlement, terms.style, Decimal(terms.multiplier))
    each = [Decimal(strike) for strike in strikes]
    return Listing(underlying_of(underlying), {expiration: {Right.CALL: each, Right.PUT: each}})


class Quotes:
    """Columns of two books, and where quotes go besides them."""

    def __init__(self) -> None:
        listings = [listing("SPX", "SPXW", range(5000, 5050, 5)), listing("SPY", "SPY", range(500, 505))]
        self.books = [QuoteBook(item, ManualClock(NOW), us_options_calendar()) for item in listings]
        self.symbols = [[streamer_symbol(item.contract(place)) for place in range(len(item))] for item in listings]
        self.columns = QuoteColumns(self.books)
        self.tables = EventTables({"Quote": self.columns})
        self.columns.relist([{symbol: place for place, symbol in enumerate(own)} for own in self.symbols])

    def write(self) -> None:
        self.columns.write(NOW, [QuoteQuality.LIVE] * 2)

    def of(self, symbol: str) -> tuple[float, ...]:
        for book, own in zip(self.books, self.symbols, strict=True):
            if symbol in own:
                fields = ("bid", "ask", "bid_size", "ask_size")
                return tuple(float(book.values(field)[own.index(symbol)]) for field in fields)
        raise KeyError(symbol)


KNOWN = [symbol for own in Quotes().symbols for symbol in own]
SYMBOLS = st.sampled_from([*KNOWN, "SPX", "SPY", ".SPXW260918C5000"])
EVENTS = st.lists(st.tuples(SYMBOLS, st.lists(VALUES, min_size=4, max_size=4)), max_size=30)


def same(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other) and all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(one, other))  # noqa: B905 - compared above


def text_of(flat: list[Any], channel: int = 1) -> bytes:
    """Return a COMPACT frame as it comes from the server."""
    return msgspec.json.encode({"type": "FEED_DATA", "channel": channel, "data": ["Quote", flat]})


def receive(quotes: Quotes, text: bytes) -> bool:
    """Take a frame as the connection does; return whether it was taken as text."""
    if quotes.tables.take_text_of(text, 1):
        return True
    frame = read_frame(text)
    assert frame is not None
    assert frame.data is not None
    quotes.tables.take_frame(frame.data)
    return False


FORMATS = ["full", "compact", "text"]
SCHEMAS = st.one_of(st.just(ASKED), st.permutations(ASKED))


@pytest.mark.parametrize("chunk", [1, 10**6])
@given(frames=st.lists(st.tuples(EVENTS, st.sampled_from(FORMATS), SCHEMAS, st.booleans()), max_size=6))
def test_the_book_has_the_latest_values_in_whatever_schema_and_format_they_came(
    chunk: int,
    frames: list[tuple[list[tuple[str, list[Any]]], str, list[str], bool]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mesolive.connectors.tastytrade.quote_texts.CHUNK_BYTES", chunk)
        patch.setattr("mesolive.connectors.tastytrade.quote_texts.MAX_CHUNKS", 2)
        check_latest(frames)


@pytest.mark.parametrize("last", ["full", "compact", "text"])
@pytest.mark.parametrize("first", ["full", "compact"])
def test_a_quote_in_text_stays_between_frames_that_are_decoded_at_once(first: str, last: str) -> None:
    """The first waits in the columns, the second as text; the third brings both into the book."""
    earlier, later = (KNOWN[0], [1.0, 2.0, 3.0, 4.0]), (KNOWN[0], [5.0, 6.0, 7.0, 8.0])
    other = (KNOWN[1], [1.0, 1.0, 1.0, 1.0])
    check_latest(
        [
            ([earlier, other], first, ASKED, False),
            ([later, other], "text", ASKED, False),
            ([other], last, ASKED, False),
        ]
    )


def check_latest(frames: list[tuple[list[tuple[str, list[Any]]], str, list[str], bool]]) -> None:
    quotes = Quotes()
    expected: dict[str, Sequence[Any]] = {}
    for given_events, form, schema, is_written in frames:
        # A number that no JSON decoder takes ends its whole frame.
        events = [
            (symbol, [None if form == "text" and value == 10**400 else value for value in row])
            for symbol, row in given_events
        ]
        quotes.tables.configure({"Quote": schema})
        named = [
            {"eventType": "Quote", "eventSymbol": symbol, **dict(zip(QUOTE_FIELDS, row, strict=True))}
            for symbol, row in events
        ]
        flat = [event[name] for event in named for name in schema]
        if form == "text":
            receive(quotes, text_of(flat))
        else:
            quotes.tables.take_frame(list(named) if form == "full" else ["Quote", flat])
        expected.update(dict(events))
        if is_written:
            quotes.write()
    quotes.write()
    others = quotes.columns.take()
    assert others == {symbol: tuple(row) for symbol, row in expected.items() if symbol not in KNOWN}
    for symbol in KNOWN:
        row: Sequence[Any] = expected.get(symbol, (None,) * 4)
        assert same(quotes.of(symbol), [number(value) for value in row]), symbol
    assert quotes.columns.quoted(KNOWN) == len(expected.keys() & set(KNOWN))
    assert quotes.columns.dropped == 0


def test_a_frame_that_does_not_fit_its_schema_is_dropped_and_counted() -> None:
    quotes = Quotes()
    assert not quotes.tables.take_frame(["Quote", ["Quote", KNOWN[0], 1.0, 2.0, 3.0]])
    assert quotes.columns.dropped == 1
    quotes.write()
    assert math.isnan(quotes.of(KNOWN[0])[0])


def test_fields_that_the_server_leaves_out_are_no_value_and_further_ones_are_ignored() -> None:
    quotes = Quotes()
    quotes.tables.configure({"Quote": ["eventSymbol", "askPrice", "askTime"]})
    quotes.tables.take_frame(["Quote", [KNOWN[0], 2.0, 0, KNOWN[1], 3.0, 0]])
    quotes.write()
    assert same(quotes.of(KNOWN[0]), (math.nan, 2.0, math.nan, math.nan))
    assert same(quotes.of(KNOWN[1]), (math.nan, 3.0, math.nan, math.nan))


def test_symbols_that_are_no_text_are_left_out_and_the_others_are_read() -> None:
    quotes = Quotes()
    strange: list[Any] = [7, None, ["SPX"]]
    for symbol in strange:
        quotes.tables.take_frame(
            ["Quote", ["Quote", symbol, 1.0, 2.0, 3.0, 4.0, "Quote", KNOWN[0], 5.0, 6.0, 7.0, 8.0]]
        )
        quotes.write()
        assert quotes.of(KNOWN[0]) == (5.0, 6.0, 7.0, 8.0)
    assert quotes.columns.take() == {}


def test_an_unchanged_quote_keeps_its_time_and_a_further_write_without_quotes_changes_nothing() -> None:
    quotes = Quotes()
    event: list[Any] = ["Quote", KNOWN[0], 1.0, 2.0, 3.0, 4.0]
    quotes.tables.take_frame(["Quote", [*event]])
    quotes.write()
    version = quotes.books[0].version
    quotes.columns.write(NOW + timedelta(seconds=5), [QuoteQuality.LIVE] * 2)
    assert quotes.books[0].last_received_at == NOW
    quotes.tables.take_frame(["Quote", [*event]])
    quotes.columns.write(NOW + timedelta(seconds=9), [QuoteQuality.LIVE] * 2)
    assert quotes.books[0].version == version


def event(symbol: str, *numbers: object) -> list[object]:
    return ["Quote", symbol, *numbers]


def test_frames_as_they_come_from_the_server_are_not_decoded_before_they_are_written() -> None:
    quotes = Quotes()
    assert receive(quotes, text_of(event(KNOWN[0], 1.0, 2.0, 3.0, 4.0)))
    assert receive(quotes, text_of([*event(KNOWN[0], 0.1 + 0.2, 5, "NaN", None), *event("SPX", 1.5, 2.5, "NaN", 7)]))
    assert quotes.columns.take() == {"SPX": (1.5, 2.5, "NaN", 7)}
    quotes.write()
    assert same(quotes.of(KNOWN[0]), (0.1 + 0.2, 5.0, math.nan, math.nan))
    assert quotes.columns.events == 3


@pytest.mark.parametrize(
    "text",
    [
        text_of(event(KNOWN[0], 9.0, 9.0, 9.0, 9.0), channel=3),
        text_of(event(KNOWN[0], 9.0, 9.0, 9.0, 9.0)).replace(b":", b": "),
        text_of(event(KNOWN[0], 9.0, 9.0, [], 9.0)),
        text_of(event("a\\b", 9.0, 9.0, 9.0, 9.0)),
        msgspec.json.encode({"type": "FEED_DATA", "channel": 1, "data": ["Quote", [], "Trade", ["Trade", "SPX", 1]]}),
        msgspec.json.encode({"type": "FEED_DATA", "channel": 1, "data": ["Trade", ["Trade", "SPX", 1]]}),
        msgspec.json.encode({"type": "FEED_DATA", "channel": 1, "data": [{"eventType": "Quote"}]}),
        b'{"type":"KEEPALIVE","channel":1}',
        b"",
    ],
)
def test_another_frame_than_one_of_quotes_is_left_to_the_decoder(text: bytes) -> None:
    quotes = Quotes()
    assert not quotes.tables.take_text_of(text, 1)


@pytest.mark.parametrize(
    ("events", "dropped"),
    [
        (b'"Quote","%s",9,9,9', 1),
        (b'"Quote","%s",9,9,9,9,9', 1),
        (b'"Trade","%s",9,9,9,9', 0),
        (b'"Quote","a,b","c",9,9', 1),
        (b'"Quote","a,b",9,9,9', 1),
        (b'"Quote","AAPL{=1d,tho=true}",9,9,9,9', 0),
        (b'"Quote","other",9,9,"a,b"', 1),
        (b'"Quote","other",9,9,9,}', 1),
        (b'"Quote",7,9,9,9,9', 0),
        (b'"Quote","%s' + b"x" * 40 + b'",9,9,9,9', 0),
        (b'"Quote","%s"', 1),
        (b"}{", 1),
    ],
)
def test_an_event_that_is_not_as_expected_leaves_the_others_right(events: bytes, dropped: int) -> None:
    quotes = Quotes()
    name = KNOWN[1].encode()
    odd = events.replace(b"%s", name) if b"Trade" not in events else events.replace(b"%s", b"other")
    assert receive(quotes, text_of(event(KNOWN[0], 1.0, 2.0, 3.0, 4.0)))
    begin = b'{"type":"FEED_DATA","channel":1,"data":["Quote",['
    assert quotes.tables.take_text_of(begin + odd + b"]]}", 1)
    assert receive(quotes, text_of(event(KNOWN[2], 5.0, 6.0, 7.0, 8.0)))
    quotes.write()
    assert quotes.of(KNOWN[0]) == (1.0, 2.0, 3.0, 4.0)
    assert quotes.of(KNOWN[2]) == (5.0, 6.0, 7.0, 8.0)
    assert math.isnan(quotes.of(KNOWN[1])[0])
    assert quotes.columns.dropped == dropped


def test_symbols_that_meet_in_the_search_are_all_found() -> None:
    symbols = [f".SPXW{number:06d}C{strike}" for number in range(200) for strike in range(1000, 6000, 25)]
    index = SymbolIndex({symbol: place for place, symbol in enumerate(symbols)})
    padded = b"".join(symbol.encode().ljust(KEY_BYTES, b"\0") for symbol in [*symbols, ".SPX", "x" * KEY_BYTES])
    location = index.find(np.frombuffer(padded, np.uint64).reshape(-1, KEY_BYTES // 8))
    assert location[-2:].tolist() == [-1, -1]
    wrong = np.flatnonzero(location[:-2] != np.arange(len(symbols)))
    assert (location[wrong] == -1).all(), "one that is not found is looked up by itself"
    assert len(wrong) < len(symbols) / 50
