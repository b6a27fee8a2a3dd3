"""Books over the wire: after every batch the other side has what this side has, whatever happened in between."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.clock import ManualClock
from mesolive.connectors.remote.book_parts import SentBook, take_part
from mesolive.connectors.remote.messages import BookPart
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import settlement_instant, us_options_calendar
from mesolive.market.columns import FIELDS, TIMES
from mesolive.market.contracts import Expiration, Right, Settlement, Underlying
from mesolive.market.listing import Listing
from mesolive.market.moments import NEVER
from mesolive.market.quality import QuoteQuality
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.records import replace

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
DAY = date(2026, 1, 16)
EXPIRATION = Expiration("SPXW", DAY, settlement_instant("SPXW", DAY), Settlement.PM)
NO_SHIFT = timedelta(0)


def listing(*strikes: int) -> Listing:
    each = [Decimal(strike) for strike in strikes]
    unread = [replace(EXPIRATION, day=DAY + timedelta(days=strike)) for strike in strikes]
    return Listing(Underlying("SPX"), {EXPIRATION: {Right.CALL: each, Right.PUT: each}}, unread)


def books(clock: ManualClock) -> tuple[QuoteBook, QuoteBook]:
    calendar = us_options_calendar()
    return QuoteBook(listing(5000, 5010), clock, calendar), QuoteBook(Listing(Underlying("SPX"), {}), clock, calendar)


def carry(sent: SentBook, mirror: QuoteBook, shift: timedelta = NO_SHIFT) -> int:
    """Send until nothing is left; return how many parts went."""
    count = 0
    while (part := sent.next_part(shift)) is not None:
        take_part(mirror, msgspec.msgpack.decode(msgspec.msgpack.encode(part), type=BookPart))
        count += 1
        assert count < 100
    return count


def assert_equal(book: QuoteBook, mirror: QuoteBook, shift: timedelta = NO_SHIFT) -> None:
    ours, theirs = book.view(), mirror.view()
    micros = round(shift.total_seconds() * 1_000_000)
    for field in FIELDS:
        assert np.array_equal(ours.columns.values[field], theirs.columns.values[field], equal_nan=True), field
    for timed in TIMES.values():
        times = ours.columns.times[timed]
        assert np.array_equal(np.where(times == NEVER, NEVER, times + micros), theirs.columns.times[timed]), timed
    assert np.array_equal(ours.columns.quality, theirs.columns.quality)
    assert [str(mirror.listing.contract(at)) for at in range(len(mirror.listing))] == [
        str(book.listing.contract(at)) for at in range(len(book.listing))
    ]
    assert mirror.listing.unread == book.listing.unread
    assert mirror.prices == book.prices
    assert ours.underlying.quote.mark == theirs.underlying.quote.mark
    assert mirror.history == book.history


price = st.floats(0.0, 100.0) | st.just(float("nan"))
step = st.one_of(
    st.tuples(st.just("tick"), st.integers(0, 3), st.sampled_from(FIELDS), price, st.sampled_from(QuoteQuality)),
    st.tuples(st.just("release"), st.integers(0, 3)),
    st.tuples(st.just("relist"), st.sampled_from(["5000 5010", "5000 5010 5020", "5010 5020"])),
    st.tuples(st.just("underlying"), st.floats(1.0, 9000.0)),
    st.tuples(st.just("day"), st.floats(1.0, 9000.0)),
    st.tuples(st.just("send")),
    st.tuples(st.just("begin anew")),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(step, max_size=25), st.sampled_from([NO_SHIFT, timedelta(seconds=-3)]))
async def test_the_other_side_has_every_quote_with_the_time_of_its_change(
    steps: list[tuple[object, ...]], shift: timedelta
) -> None:
    clock = ManualClock(START)
    book, mirror = books(clock)
    sent = SentBook(book)
    for what, *values in steps:
        await clock.advance(1)
        now = clock.now()
        match what, values:
            case "tick", [int(index), str(field), float(value), QuoteQuality() as quality]:
                book.update(now, index % len(book.listing), {field: value}, quality)  # pyright: ignore[reportArgumentType]  # one of FIELDS
            case "release", [int(index)]:
                book.release(now, index % len(book.listing))
            case "relist", [str(strikes)]:
                book.relist(listing(*map(int, strikes.split())))
            case "underlying", [float(value)]:
                book.set_underlying(now, UnderlyingPrices(last=value, previous_close=5000.0))
            case "day", [float(value)]:
                book.history = book.history.record(date(2026, 1, 2), close=value)
            case "begin anew", _:
                sent = SentBook(book)  # a new link
            case _:
                carry(sent, mirror, shift)
                if book.last_received_at is not None:
                    assert_equal(book, mirror, shift)
    book.mark_received(clock.now())
    carry(sent, mirror, shift)
    assert_equal(book, mirror, shift)
    assert sent.next_part(shift) is None


async def test_a_clock_that_is_ahead_makes_no_quote_of_the_future() -> None:
    clock = ManualClock(START)
    book, mirror = books(clock)
    book.update(clock.now(), 0, {"bid": 1.0})
    carry(SentBook(book), mirror, timedelta(seconds=5))
    assert mirror.last_received_at == clock.now()
    assert int(mirror.view().columns.times["bid"].max()) == int(book.view().columns.times["bid"].max())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"indices": np.array([9], "<u4").tobytes()}, "of contract 9"),
        ({"values": {"bid": b"12345678" * 2}}, "other lengths"),
        ({"values": {"bid": np.array([np.inf]).tobytes()}}, "infinite"),
        ({"quality": b"\x09"}, "unknown quality"),
    ],
)
async def test_a_part_that_does_not_fit_the_book_is_refused(changes: dict[str, object], words: str) -> None:
    clock = ManualClock(START)
    book, mirror = books(clock)
    book.update(clock.now(), 0, {"bid": 1.0})
    sent = SentBook(book)
    carry(sent, mirror)
    part = BookPart(symbol="SPX", at=1, indices=np.array([0], "<u4").tobytes())
    with pytest.raises(ValueError, match=words):
        take_part(mirror, replace(part, **changes))
