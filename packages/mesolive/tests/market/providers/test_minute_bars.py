"""Recorded minute bars: what is read, when it was known, and how a broken archive is refused."""

from __future__ import annotations

import math
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from mesolive.market.contracts import ExerciseStyle, OptionContract, Right, Underlying, UnderlyingKind
from mesolive.market.history import Day
from mesolive.market.moments import to_micros
from mesolive.market.providers.minute_bars import (
    BarsError,
    kind_of,
    read_daily,
    read_option_quotes,
    read_stock,
    symbol_of,
)
from mesolive_testkit.market import CALENDAR, SHARED_DATA, needs_shared_data, option_bars, stock_bars

DAY = date(2015, 12, 24)
JANUARY = date(2016, 1, 15)
CALL = ("goog", "call", 750, JANUARY)
PUT = ("goog", "put", 745, JANUARY)
OPENING = 34_200_000


def micros(hour: int, minute: int) -> int:
    """Return a time of the day in New York (winter)."""
    return to_micros(datetime(2015, 12, 24, hour + 5, minute, tzinfo=UTC))


def row(milliseconds: int, bid: str, ask: str) -> str:
    """Return a bar that ends at `bid` and `ask`."""
    return f"{milliseconds},1,2,1,{bid},15,3,4,3,{ask},22"


def test_a_bar_is_known_when_its_minute_is_over_and_says_its_closing_quote(tmp_path: Path) -> None:
    bars = read_option_quotes(
        option_bars(
            tmp_path / "options.zip",
            DAY,
            {
                CALL: [row(OPENING, "100500", "101000"), row(OPENING + 120_000, "99500", "101000")],
                PUT: [row(OPENING + 60_000, "52000", "53500")],
            },
        ),
        CALENDAR,
    )
    assert bars.day == DAY
    assert bars.listing.underlying == Underlying("GOOG", UnderlyingKind.STOCK)
    assert bars.times.tolist() == [micros(9, 31), micros(9, 32), micros(9, 33)]
    contracts = [bars.listing.contract(int(index)) for index in bars.contracts]
    call = OptionContract("GOOG", "GOOG", JANUARY, Right.CALL, Decimal(750))
    assert contracts == [call, OptionContract("GOOG", "GOOG", JANUARY, Right.PUT, Decimal(745)), call]
    assert bars.bid.tolist() == [10.05, 5.2, 9.95]
    assert bars.ask.tolist() == [10.1, 5.35, 10.1]
    assert set(bars.bid_size.tolist()) == {15.0}
    (expiration,) = bars.listing.expirations
    assert expiration.style is ExerciseStyle.AMERICAN
    assert expiration.settles_at == datetime(2016, 1, 15, 21, 0, tzinfo=UTC)


def test_an_empty_side_changes_nothing(tmp_path: Path) -> None:
    rows = [
        f"{OPENING},,,,,0,3,4,3,101000,22",
        f"{OPENING + 60_000},1,2,1,100500,15,,,,,0",
        f"{OPENING + 120_000},,,,,0,,,,,0",
    ]
    bars = read_option_quotes(option_bars(tmp_path / "options.zip", DAY, {CALL: rows}), CALENDAR)
    assert [math.isnan(price) for price in bars.bid] == [True, False, True]
    assert [math.isnan(price) for price in bars.ask] == [False, True, True]


def test_a_stocks_trades_and_quotes_are_read(tmp_path: Path) -> None:
    trades = stock_bars(
        tmp_path / "t.zip",
        "20151224_goog_minute_trade.csv",
        [f"{OPENING},7495500,7499900,7485400,7485400,11492"],
    )
    result = read_stock(trades, "trade")
    assert (result.times.tolist(), result.first.tolist(), result.second.tolist()) == (
        [micros(9, 31)],
        [749.55],
        [748.54],
    )
    quotes = stock_bars(tmp_path / "q.zip", "20151224_goog_minute_quote.csv", [row(OPENING, "7485400", "7490000")])
    result = read_stock(quotes, "quote")
    assert (result.first.tolist(), result.second.tolist()) == ([748.54], [749.0])


def test_daily_closes_are_read(tmp_path: Path) -> None:
    path = stock_bars(tmp_path / "d.zip", "goog.csv", ["20151223 00:00,7534700,7542100,7440000,7503100,1526523"])
    assert read_daily(path) == [Day(date(2015, 12, 23), 750.31)]


def test_an_archive_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    options = option_bars(tmp_path / "1.zip", DAY, {CALL: [row(OPENING, "1", "2")]})
    trades = stock_bars(tmp_path / "2.zip", "20151224_goog_minute_trade.csv", [])
    daily = stock_bars(tmp_path / "3.zip", "spy.csv", [])
    other = stock_bars(tmp_path / "4.zip", "notes.txt", [])
    (tmp_path / "5.zip").write_bytes(b"no zip")
    assert [kind_of(path) for path in (options, trades, daily, other, tmp_path / "5.zip")] == [
        "options",
        "trade",
        "daily",
        None,
        None,
    ]
    assert [symbol_of(path) for path in (options, trades, daily, other)] == ["GOOG", "GOOG", "SPY", ""]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        pytest.param(["a,b,c,d,e,f,g,h,i,j,k"], "could not convert", id="words"),
        pytest.param(["1,2,3"], "11 columns were expected, there are 3", id="columns"),
        pytest.param([row(OPENING, "1", "2"), "1,2,3"], "number of columns changed", id="a broken row"),
        pytest.param([row(86_400_000, "1", "2")], "outside of the day", id="tomorrow"),
        pytest.param([row(-1, "1", "2")], "outside of the day", id="yesterday"),
        pytest.param([row(OPENING, "1", "2").replace(str(OPENING), "nan")], "outside of the day", id="no time"),
        pytest.param([row(OPENING + 60_000, "1", "2"), row(OPENING, "1", "2")], "not in order", id="order"),
        pytest.param([row(OPENING, "1", "2")] * 2, "not in order", id="twice"),
    ],
)
def test_broken_bars_are_refused_by_name(tmp_path: Path, rows: list[str], problem: str) -> None:
    with pytest.raises(BarsError, match=re.escape(problem)) as caught:
        read_option_quotes(option_bars(tmp_path / "options.zip", DAY, {CALL: rows}), CALENDAR)
    assert "options.zip" in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("readme.txt", "is not a minute bar file of an option"),
        ("../../etc/passwd", "is not a minute bar file of an option"),
        ("20151399_goog_minute_quote_american_call_7500000_20160115.csv", "is not a date"),
        ("20151224_goog_minute_quote_american_call_0_20160115.csv", "no strike price"),
    ],
)
def test_an_archive_of_something_else_is_refused(tmp_path: Path, entry: str, problem: str) -> None:
    with pytest.raises(BarsError, match=problem):
        read_option_quotes(stock_bars(tmp_path / "x.zip", entry, [row(OPENING, "1", "2")]), CALENDAR)


def test_an_archive_of_two_days_or_symbols_is_refused(tmp_path: Path) -> None:
    path = option_bars(tmp_path / "x.zip", DAY, {CALL: [], ("spy", "call", 200, JANUARY): []})
    with pytest.raises(BarsError, match="is not of GOOG on 2015-12-24"):
        read_option_quotes(path, CALENDAR)


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    path = option_bars(tmp_path / "x.zip", DAY, {CALL: [row(OPENING, "1", "2")] * 50})
    whole = path.read_bytes()
    for content in (b"", b"PK\x03\x04 nonsense", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(BarsError, match=r"x\.zip"):
            read_option_quotes(path, CALENDAR)
    broken = bytearray(whole)
    broken[90:110] = bytes(20)
    path.write_bytes(bytes(broken))
    with pytest.raises(BarsError, match=r"x\.zip"):
        read_option_quotes(path, CALENDAR)
    empty = stock_bars(tmp_path / "e.zip", "a", [])
    with zipfile.ZipFile(empty, "w"):
        pass
    with pytest.raises(BarsError, match="empty"):
        read_option_quotes(empty, CALENDAR)
    with pytest.raises(BarsError, match="one entry was expected"):
        read_daily(empty)


def test_a_compressed_entry_that_is_damaged_or_locked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("goog.csv", "20151223 00:00,1,1,1,1,1\n" * 500)
    whole = path.read_bytes()
    damaged, locked = bytearray(whole), bytearray(whole)
    damaged[45:60] = bytes(15)
    for header in (whole.index(b"PK\x03\x04") + 6, whole.index(b"PK\x01\x02") + 8):
        locked[header] |= 1
    for content in (damaged, locked):
        path.write_bytes(bytes(content))
        with pytest.raises(BarsError, match=r"x\.zip"):
            read_daily(path)


def test_an_archive_that_would_unpack_to_more_than_is_allowed_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("20151224_goog_minute_quote_american_call_7500000_20160115.csv", bytes(70 * 1024 * 1024))
    with pytest.raises(BarsError, match="too large"):
        read_option_quotes(path, CALENDAR)


@pytest.mark.slow
@needs_shared_data
@pytest.mark.shared_data
def test_a_real_day_is_read_whole() -> None:
    bars = read_option_quotes(SHARED_DATA / "lean/option/goog/20151224_quote_american.zip", CALENDAR)
    assert bars.listing.size == 2192
    assert len(bars.listing.expirations) == 12
    assert len(bars.times) == 275_552
    assert bars.times[0] == micros(9, 31)
    assert bars.times[-1] == micros(13, 1)
    both = ~np.isnan(bars.bid) & ~np.isnan(bars.ask)
    assert np.all(bars.bid[both] <= bars.ask[both])
