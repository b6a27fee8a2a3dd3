"""The exchange's CSV export: what is read, and how a broken file is refused."""

from __future__ import annotations

import csv
import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.market.contracts import ExerciseStyle, OptionContract, Right, Settlement, Underlying, UnderlyingKind
from mesolive.market.providers.chain_files import ChainExport, ChainFileError, parse_export, read_export
from mesolive_testkit.market import SHARED_DATA, export_bytes, needs_shared_data
from mesolive_testkit.market.files import export_row

FRIDAY = date(2024, 3, 15)
ROWS = [
    export_row("SPXW", FRIDAY, 5000, (20.1, 20.4), (19.8, 20.2)),
    export_row("SPXW", FRIDAY, 4990, (26.0, 26.5), (15.5, 15.9)),
    export_row("SPX", FRIDAY, 4992.5, (25.0, 25.4), (16.5, 16.9)),
]


def quote(export: ChainExport, root: str, right: Right, strike: str) -> tuple[float, float]:
    index = export.listing.find(OptionContract("SPX", root, FRIDAY, right, Decimal(strike)))
    assert index is not None
    return float(export.bid[index]), float(export.ask[index])


def test_contracts_quotes_and_the_underlying_are_read() -> None:
    export = parse_export(export_bytes(ROWS))
    assert export.listing.underlying == Underlying("SPX")
    assert export.listing.size == 6
    assert quote(export, "SPXW", Right.CALL, "5000") == (20.1, 20.4)
    assert quote(export, "SPXW", Right.PUT, "4990") == (15.5, 15.9)
    assert quote(export, "SPX", Right.PUT, "4992.5") == (16.5, 16.9)
    assert (export.underlying_last, export.underlying_change) == (5000.25, 12.5)
    assert (export.underlying_bid, export.underlying_ask) == (4990.5, 5010.5)
    assert set(export.volume.tolist()) == {7.0}
    assert set(export.open_interest.tolist()) == {11.0}
    assert set(export.last.tolist()) == {0.5}


def test_the_roots_settle_at_the_opening_and_at_the_close() -> None:
    morning, afternoon = parse_export(export_bytes(ROWS)).listing.expirations
    assert (morning.root, morning.settlement) == ("SPX", Settlement.AM)
    assert morning.settles_at == datetime(2024, 3, 15, 13, 30, tzinfo=UTC)
    assert (afternoon.root, afternoon.settlement) == ("SPXW", Settlement.PM)
    assert afternoon.settles_at == datetime(2024, 3, 15, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["Date: March 11 2024, 11:00 AM EDT", '"Date: March 11, 2024 at 11:00 AM EDT"', "Date: 11. März 2024 um 16:00 MEZ"],
)
def test_the_export_time_is_read_in_every_spelling(written: str) -> None:
    content = export_bytes(ROWS).replace(b'"Date: March 11 2024, 11:00 AM EDT"', written.encode())
    assert parse_export(content).exported_at == datetime(2024, 3, 11, 15, 0, tzinfo=UTC)


def test_no_offer_is_no_price_and_no_bid_beside_an_offer_is_a_bid_of_zero() -> None:
    rows = [
        export_row("SPXW", FRIDAY, 5000, (0, 0.05), (0, 0)),
        export_row("SPXW", FRIDAY, 5010, (17.1, 0), (1, 2)),
    ]
    export = parse_export(export_bytes(rows))
    assert quote(export, "SPXW", Right.CALL, "5000") == (0.0, 0.05)
    bid, ask = quote(export, "SPXW", Right.PUT, "5000")
    assert math.isnan(bid)
    assert math.isnan(ask)
    bid, ask = quote(export, "SPXW", Right.CALL, "5010")
    assert bid == 17.1
    assert math.isnan(ask)


def test_the_vendors_greeks_are_not_even_looked_at() -> None:
    broken = ROWS[0].replace(",0.2,0.5,0.01,", ",n/a,-7,,")
    assert parse_export(export_bytes([broken])).listing.size == 2


def test_line_ends_of_other_systems_a_mark_and_blank_lines_do_no_harm() -> None:
    plain = export_bytes(ROWS)
    other = b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n") + b"\r\n\r\n"
    assert np.array_equal(parse_export(other).bid, parse_export(plain).bid)


def test_a_stocks_symbol_is_that_of_its_options_which_are_american() -> None:
    rows = [export_row("GOOG", FRIDAY, 150, (1, 1.1), (2, 2.1))]
    export = parse_export(export_bytes(rows, name="Alphabet Inc"))
    assert export.listing.underlying == Underlying("GOOG", UnderlyingKind.STOCK)
    assert [expiration.style for expiration in export.listing.expirations] == [ExerciseStyle.AMERICAN]


def altered(old: str, new: str) -> bytes:
    content = export_bytes(ROWS).decode()
    assert old in content
    return content.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("content", "line", "column", "problem"),
    [
        pytest.param(b"", None, None, "the file is empty", id="empty"),
        pytest.param(b"\n\n\n", None, None, "the file is empty", id="blank"),
        pytest.param(b"hello\nworld\n", 1, None, "not an option chain; it begins with 'hello'", id="some text"),
        pytest.param(b"\nAcme,Last: 5\nmore\n", 2, None, "its header with Calls, Puts", id="cut above the header"),
        pytest.param(altered("Last: 5000.25", "Last: high"), 2, "Last", "'high' is not a number", id="last"),
        pytest.param(altered("Last: 5000.25", "Last: -1"), 2, "Last", "'-1' is negative", id="last negative"),
        pytest.param(altered("Date: March", "Date: Smarch"), 3, "Date", "names no month that is known", id="month"),
        pytest.param(altered("March 11 2024, 11:00 AM EDT", "2024-03-11"), 3, "Date", "no time of day", id="time"),
        pytest.param(altered("11 2024, 11:00", "31 2024, 25:00"), 3, "Date", "twelve hours", id="hour"),
        pytest.param(altered("March 11", "February 31"), 3, "Date", "is not a date", id="day of the month"),
        pytest.param(altered("AM EDT", "AM IST"), 3, "Date", "India, Israel or Ireland", id="zone"),
        pytest.param(altered("11 2024", "11 1900"), 3, "Date", "lies in the year 1900", id="year"),
        pytest.param(altered("Strike,", "Exercise,"), 4, "Strike", "header", id="header"),
        pytest.param(altered("Expiration Date,", "When,"), 4, "Expiration Date", "header", id="no expiration"),
        pytest.param(altered(",Puts", ""), 2, None, "header with Calls, Puts", id="a column is missing"),
        pytest.param(
            altered("Puts,Last Sale,Net,Bid", "Puts,Last Sale,Net,Buy"), 4, "Bid", "no column Bid", id="no bid"
        ),
        pytest.param(
            altered("Fri Mar 15 2024", "16.03.2024"), 5, "Expiration Date", "but on 2024-03-15", id="expiration"
        ),
        pytest.param(
            altered("Fri Mar 15 2024", "Fri Mar 35 2024"), 5, "Expiration Date", "but on 2024-03-15", id="day"
        ),
        pytest.param(altered("SPXW240315C05000000", "SPXW"), 5, "Calls", "not an option symbol", id="symbol"),
        pytest.param(altered("C05000000", "P05000000"), 5, "Calls", "is not a call", id="right"),
        pytest.param(
            altered("SPXW240315P0", "SPXW240316P0"), 5, "Expiration Date", "does not expire", id="symbol's day"
        ),
        pytest.param(altered("SPXW240315P0", "SPXW241315P0"), 5, "Puts", "has no expiration date", id="month 13"),
        pytest.param(altered("P05000000", "P05001000"), 5, "Puts", "strike 5000", id="symbol's strike"),
        pytest.param(altered(",5000.00,", ",many,"), 5, "Strike", "'many' is not a strike", id="strike"),
        pytest.param(altered(",5000.00,", ",NaN,"), 5, "Strike", "'NaN' is not a strike", id="strike NaN"),
        pytest.param(altered(",20.1,", ",?,"), 5, "Bid (call's)", "'?' is not a number", id="bid"),
        pytest.param(altered(",20.1,", ",2_0,"), 5, "Bid (call's)", "'2_0' is not a number", id="underscore"),
        pytest.param(altered(",20.2,", ",-20.2,"), 5, "Ask (put's)", "at least 0", id="negative"),
        pytest.param(altered(",20.2,", ",1e400,"), 5, "Ask (put's)", "not a number", id="infinite"),
        pytest.param(altered(",20.1,20.4", ",20.1"), 5, None, "22 columns were expected, there are 21", id="row"),
        pytest.param(
            altered("4990.00,", "4990.00,,"), 6, None, "22 columns were expected, there are 23", id="long row"
        ),
        pytest.param(export_bytes([]), None, None, "lists no contract", id="no rows"),
        pytest.param(export_bytes(ROWS) + b"\0\0", 8, None, "binary", id="binary tail"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0", None, None, "a picture", id="a picture"),
        pytest.param(b"PK\x03\x04" + bytes(50), None, None, "an Excel workbook", id="a workbook"),
        pytest.param(b"<!DOCTYPE html><html>", None, None, "a web page", id="a web page"),
        pytest.param(altered("SPXW", "\xff").replace("\xff".encode(), b"\xff"), 5, "Calls", "symbol", id="not UTF-8"),
        pytest.param(export_bytes([*ROWS, "x" * 5000]), 8, None, "longer than 4096", id="an endless line"),
        pytest.param(export_bytes([*ROWS, '"never closed']), 8, None, "not a line of CSV", id="a quote"),
    ],
)
def test_a_broken_file_is_refused_with_line_and_column(
    content: bytes, line: int | None, column: str | None, problem: str
) -> None:
    with pytest.raises(ChainFileError, match=re.escape(problem)) as caught:
        parse_export(content)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert line is None or str(caught.value).startswith(f"line {line}")


def test_a_huge_file_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)  # a hole: takes no room
    with pytest.raises(ChainFileError, match="larger than 64 MB"):
        read_export(path)


@settings(max_examples=60)
@given(st.data())
def test_a_truncated_or_damaged_file_is_refused_or_read_but_never_breaks_anything(data: st.DataObject) -> None:
    content = bytearray(export_bytes(ROWS))
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    try:
        export = parse_export(bytes(content[:cut]))
    except ChainFileError:
        return
    assert export.listing.size == len(export.bid) > 0
    assert np.nanmin(export.bid, initial=0.0) >= 0.0
    assert np.nanmin(export.ask, initial=1.0) > 0.0


@pytest.mark.slow
@needs_shared_data
@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "contracts", "exported_at", "last"),
    [
        ("spx-2022-02-04.csv", 20_514, datetime(2022, 2, 6, 1, 9, tzinfo=UTC), 4500.5298),
        ("spx-2023-09-14.csv", 19_920, datetime(2023, 9, 14, 20, 31, tzinfo=UTC), 4505.1001),
    ],
)
def test_every_row_of_a_real_export_is_read_unchanged(
    name: str, contracts: int, exported_at: datetime, last: float
) -> None:
    path = SHARED_DATA / "cboe" / name
    export = read_export(path)
    assert (export.listing.size, export.exported_at, export.underlying_last) == (contracts, exported_at, last)
    assert export.listing.underlying.symbol == "SPX"
    result = 0
    with path.open(newline="") as file:
        for row in csv.reader(file):
            if len(row) != 22 or row[0] == "Expiration Date":
                continue
            for at in (1, 12):
                root, day, right = row[at][:-15], row[at][-15:-9], row[at][-9]
                contract = OptionContract(
                    "SPX",
                    root,
                    datetime.strptime(day, "%y%m%d").replace(tzinfo=UTC).date(),
                    Right(right),
                    Decimal(row[11]),
                )
                index = export.listing.find(contract)
                assert index is not None
                assert contract.symbol == row[at]
                bid, ask = float(row[at + 3]), float(row[at + 4])
                assert np.nan_to_num(export.ask[index]) == ask
                assert np.nan_to_num(export.bid[index]) == bid
                assert export.open_interest[index] == float(row[at + 9])
                result += 1
    assert result == contracts
