"""Chain files of every format: known by their content, and read to the same chain."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from mesolive.market.contracts import ExerciseStyle, Settlement
from mesolive.market.providers.chain_files import (
    ChainExport,
    ChainFileError,
    ChainFormat,
    parse_chain_file,
    parse_export,
    read_chain_file,
)
from mesolive.records import replace
from mesolive_testkit.market.chain_files import WHEN, ChainText

CHAIN = ChainText()


def same_quotes(export: ChainExport, chain: ChainText = CHAIN) -> bool:
    """Whether an export has exactly the quotes of a chain."""
    expected = parse_export(chain.csv().encode())
    return (
        [export.listing.contract(place) for place in range(export.listing.size)]
        == [expected.listing.contract(place) for place in range(expected.listing.size)]
        and np.array_equal(export.bid, expected.bid, equal_nan=True)
        and np.array_equal(export.ask, expected.ask, equal_nan=True)
    )


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (CHAIN.csv(), ChainFormat.EXCHANGE_CSV),
        (CHAIN.json(), ChainFormat.EXCHANGE_JSON),
        (CHAIN.yfinance(), ChainFormat.YFINANCE),
        (CHAIN.optionsdx(), ChainFormat.OPTIONSDX),
        (CHAIN.quote_data(), ChainFormat.QUOTE_DATA),
    ],
    ids=["csv", "json", "yfinance", "optionsdx", "quotedata"],
)
def test_every_format_is_known_by_its_content_and_gives_the_same_chain(content: str, format_: ChainFormat) -> None:
    file = parse_chain_file(content.encode())
    assert file.format is format_
    (export,) = file.exports
    assert export.exported_at == WHEN
    assert same_quotes(export)
    assert export.underlying_last == pytest.approx(6500.0, rel=0.001)
    assert export.listing.underlying.symbol == "SPX"
    assert export.listing.underlying.is_index


OLDEST = """SPX (S&P 500 INDEX),2091.58,-10.28,
Apr 22 2015 @ 14:36 ET,Bid,2091.14,Ask,2092.83,Size,0x0,Vol,0,
Calls,Last Sale,Net,Bid,Ask,Vol,Open Int,Puts,Last Sale,Net,Bid,Ask,Vol,Open Int,
15 Apr 2090.00 (SPXW1524D2090-E),9.1,0.0,9.0,9.4,5,7,15 Apr 2090.00 (SPXW1524P2090-E),8.0,0.0,7.6,8.0,3,9,
15 May 2092.50 (SPX1515E2092.5-E),25.0,0.0,30.0,31.0,0,0,15 May 2092.50 (SPX1515Q2092.5-E),0.0,0.0,33.0,34.0,0,0,
"""


def test_a_quotedata_of_the_years_before_expirations_had_a_column_is_read() -> None:
    file = parse_chain_file(OLDEST.encode())
    (export,) = file.exports
    assert file.format is ChainFormat.QUOTE_DATA
    assert f"{export.exported_at:%Y-%m-%d %H:%M}" == "2015-04-22 18:36"
    contracts = [export.listing.contract(place).symbol for place in range(export.listing.size)]
    assert contracts == [
        "SPXW150424C02090000",
        "SPXW150424P02090000",
        "SPX150515C02092500",
        "SPX150515P02092500",
    ]
    assert export.bid.tolist() == [9.0, 7.6, 30.0, 33.0]
    assert export.open_interest.tolist() == [7.0, 9.0, 0.0, 0.0]
    for broken, problem in (("1524D2090", "1599D2090"), ("(SPXW1524D2090-E)", "SPXW")):
        with pytest.raises(ChainFileError, match=r"line 4, column 'Calls'"):
            parse_chain_file(OLDEST.replace(broken, problem).encode())


def test_the_files_name_does_not_decide(tmp_path: Path) -> None:
    path = tmp_path / "anything.txt"
    path.write_text(CHAIN.json())
    assert read_chain_file(path).format is ChainFormat.EXCHANGE_JSON


def semicolons(content: str) -> str:
    """Return a CSV as Excel saves it where the comma is the decimal mark."""
    lines = content.splitlines()
    head = [line.replace(",", ";") for line in lines[1:3]]
    body = [line.replace(",", ";").replace(".", ",") for line in lines[4:]]
    return "\n".join(["", *head, lines[3].replace(",", ";"), *body, ""])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(CHAIN.csv().encode("utf-16"), id="UTF-16 with its mark"),
        pytest.param(CHAIN.csv().encode("utf-16-le"), id="UTF-16 without"),
        pytest.param(b"\xef\xbb\xbf" + CHAIN.csv().encode(), id="UTF-8 with its mark"),
        pytest.param(CHAIN.csv().replace("\n", "\r\n").encode(), id="line ends of Windows"),
        pytest.param(CHAIN.csv().replace("\n", "\r").encode(), id="line ends of old Macs"),
        pytest.param(semicolons(CHAIN.csv()).encode(), id="semicolons and decimal commas"),
        pytest.param(semicolons(CHAIN.csv()).replace(";6000,00;", ";6.000;").encode(), id="points between thousands"),
        pytest.param(semicolons(CHAIN.csv()).replace(";", "\t").encode("utf-16"), id="tabs, as Excel's Unicode text"),
        pytest.param(("sep=;" + semicolons(CHAIN.csv())).encode(), id="Excel names its delimiter"),
        pytest.param(
            CHAIN.csv().replace(",Volume: 0", ",Volume: 0,,,").replace("\n", ",,\n").encode(), id="empty cells behind"
        ),
        pytest.param(CHAIN.csv().replace(",1.00,0,", ",,,").encode(), id="empty cells"),
        pytest.param(CHAIN.csv().replace(",10,", ",-,").encode(), id="a dash for no value"),
        pytest.param(
            "\n".join(f'"{line}"' if line[:4] == "Fri " else line for line in CHAIN.csv().splitlines()).encode(),
            id="rows in one cell",
        ),
    ],
)
def test_what_spreadsheets_make_of_a_file_is_read_all_the_same(content: bytes) -> None:
    assert same_quotes(parse_export(content))


def test_thousands_are_read_where_they_are_quoted() -> None:
    content = CHAIN.csv().replace("6000.00,", '"6,000.00",')
    assert '"6,000.00"' in content
    assert same_quotes(parse_export(content.encode()))


@pytest.mark.parametrize("spelling", ["%m/%d/%Y", "%d-%m-%y", "%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%Y%m%d"])
def test_an_expiration_is_read_in_any_order_since_the_symbol_says_it(spelling: str) -> None:
    content = CHAIN.csv()
    for day in CHAIN.days:
        content = content.replace(f"{day:%a %b %d %Y}", f"{day:{spelling}}")
    assert same_quotes(parse_export(content.encode()))


def test_the_rows_may_stand_in_any_order_of_columns() -> None:
    lines = CHAIN.csv().splitlines()
    swapped = [",".join([*row[12:], *row[:12]]) for row in (line.split(",") for line in lines[3:])]
    assert same_quotes(parse_export("\n".join([*lines[:3], *swapped]).encode()))


def test_text_that_is_not_utf_8_is_read_as_windows_text_and_reported() -> None:
    content = CHAIN.csv("Date: 16. März 2026 um 16:15 GMT-4").encode("cp1252")
    file = parse_chain_file(content)
    assert file.encoding == "cp1252"
    assert [oddity.code for oddity in file.oddities] == ["encoding"]


def test_an_optionsdx_file_has_a_chain_per_time_of_quotes() -> None:
    moments = [WHEN + timedelta(days=days) for days in (0, 1, 2)]
    file = parse_chain_file(CHAIN.optionsdx(moments).encode(), "spx_eod_202603")
    assert [export.exported_at for export in file.exports] == moments
    assert {expiration.root for expiration in file.exports[0].listing.expirations} == {"SPXW"}
    assert "3 times of quotes" in file.notes[0]


def test_an_optionsdx_file_is_named_after_its_underlying() -> None:
    chain = replace(CHAIN, spot=650.0, strikes=tuple(range(600, 701, 5)), root="SPY")
    export = parse_export(chain.optionsdx().encode(), "spy_eod_202603")
    assert export.listing.underlying.symbol == "SPY"
    assert export.listing.expirations[0].style is ExerciseStyle.AMERICAN
    with pytest.raises(ChainFileError, match="begin the file's name with its symbol"):
        parse_export(chain.optionsdx().encode(), "data")


def test_calls_alone_of_yfinance_are_read_at_the_spot_that_fits_their_volatilities() -> None:
    chain = replace(CHAIN, root="SPY", spot=650.0, strikes=tuple(range(600, 701, 5)), days=(date(2026, 4, 17),))
    export = parse_export(chain.yfinance("C").encode())
    assert export.underlying_print is None
    assert export.underlying_last == pytest.approx(650.0, rel=0.01)
    assert {oddity.code for oddity in export.oddities} == {"time_assumed", "spot_by_volatility"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("#expiry,strike,right,open\n20151231,450,C,1\n", "LEAN universe file"),
        ("underlying_symbol,quote_datetime,root,strike\n^SPX,2023,SPX,1\n", "Cboe DataShop"),
        ('{"results": []}', "not the exchange's delayed quotes"),
        ("symbol,strike,price\nA,1,2\n", "of no format that is known"),
        ('{"timestamp": "2026-03-16 20:15:00", "data": {"options": [{"bid": 1}]}}', "missing required field `option`"),
        ('{"timestamp": "yesterday", "data": {"options": []}}', "a time such as"),
        ('{"timestamp": "2026-03-16 20:15:00", "data": {"options": [', "cut or damaged"),
        ("contractSymbol,bid,ask\nSPY260417C00650000,1,2\n", "does not say when it was made"),
    ],
)
def test_other_files_are_refused_by_what_they_are_and_what_is_needed(content: str, problem: str) -> None:
    with pytest.raises(ChainFileError, match=problem):
        parse_chain_file(content.encode())


@pytest.mark.parametrize(
    ("root", "name", "symbol", "style", "settlement", "index"),
    [
        ("NDX", "NASDAQ 100", "NDX", ExerciseStyle.EUROPEAN, Settlement.AM, True),
        ("NDXP", "NASDAQ 100", "NDX", ExerciseStyle.EUROPEAN, Settlement.PM, True),
        ("RUTW", "Russell 2000", "RUT", ExerciseStyle.EUROPEAN, Settlement.PM, True),
        ("MRUT", "CBOE Mini Russell 2000", "MRUT", ExerciseStyle.EUROPEAN, Settlement.PM, True),
        ("DJX", "Dow Jones Industrial Average", "DJX", ExerciseStyle.EUROPEAN, Settlement.AM, True),
        ("XSP", "Mini-SPX", "XSP", ExerciseStyle.EUROPEAN, Settlement.PM, True),
        ("OEX", "S&P 100", "OEX", ExerciseStyle.AMERICAN, Settlement.PM, True),
        ("XEO", "S&P 100", "XEO", ExerciseStyle.EUROPEAN, Settlement.PM, True),
        ("FXYZ", "First Trust Index Fund ETF", "FXYZ", ExerciseStyle.AMERICAN, Settlement.PM, False),
        ("SPY", "SPDR S&P 500 ETF Trust", "SPY", ExerciseStyle.AMERICAN, Settlement.PM, False),
        ("BRKB", "Berkshire Hathaway", "BRKB", ExerciseStyle.AMERICAN, Settlement.PM, False),
    ],
)
def test_the_root_decides_what_the_underlying_is_not_its_name(
    root: str, name: str, symbol: str, style: ExerciseStyle, settlement: Settlement, index: bool
) -> None:
    export = parse_export(replace(CHAIN, root=root, name=name).csv().encode())
    assert export.listing.underlying.symbol == symbol
    assert export.listing.underlying.is_index is index
    assert {(entry.style, entry.settlement) for entry in export.listing.expirations} == {(style, settlement)}


def test_an_index_recognised_by_its_name_alone_is_reported() -> None:
    export = parse_export(replace(CHAIN, root="XYZ", name="Some Sector Index").csv().encode())
    assert export.listing.underlying.is_index
    assert [oddity.code for oddity in export.oddities] == ["index_by_name"]


def test_a_name_that_contradicts_the_options_is_reported() -> None:
    export = parse_export(replace(CHAIN, root="NDXP").csv().encode(), "rut_chain")
    assert export.listing.underlying.symbol == "NDX"
    assert [oddity.code for oddity in export.oddities] == ["name_contradicted", "file_name_contradicted"]
