"""Chain files that contradict themselves: corrected or refused, and always told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from mesolive.market.contracts import Right
from mesolive.market.option_classes import nonstandard
from mesolive.market.providers.chain_files import (
    ChainExport,
    ChainFileError,
    Treatment,
    parse_chain_file,
    parse_export,
)
from mesolive.records import replace
from mesolive_testkit.market.chain_files import WHEN, ChainText

CHAIN = ChainText()
STOCK = replace(CHAIN, root="ACME", name="Acme Inc", spot=100.0, strikes=tuple(np.arange(80.0, 121.0, 2.5).tolist()))


def read(chain: ChainText) -> ChainExport:
    return parse_export(chain.csv().encode())


def codes(export: ChainExport) -> dict[str, Treatment]:
    return {oddity.code: oddity.treatment for oddity in export.oddities}


def altered(change: Callable[[list[str]], list[str]], chain: ChainText = CHAIN) -> bytes:
    """Return a CSV export whose rows have been changed, cell by cell."""
    lines = chain.csv().splitlines()
    return "\n".join([*lines[:4], *(",".join(change(line.split(","))) for line in lines[4:])]).encode()


@pytest.mark.parametrize("chain", [CHAIN, STOCK], ids=["index", "stock"])
@pytest.mark.parametrize("factor", [0.1, 0.95, 0.99, 1.01, 1.05, 10.0])
def test_a_print_that_the_options_contradict_gives_way_to_the_spot_that_they_imply(
    chain: ChainText, factor: float
) -> None:
    export = read(replace(chain, printed=chain.spot * factor))
    assert codes(export)["spot_contradicted"] is Treatment.CORRECTED
    assert export.underlying_last == pytest.approx(chain.spot, rel=0.001)
    assert export.underlying_print == pytest.approx(chain.spot * factor)


@pytest.mark.parametrize("chain", [CHAIN, STOCK], ids=["index", "stock"])
@pytest.mark.parametrize("factor", [0.999, 1.0, 1.001])
def test_a_print_that_the_options_allow_is_used_unchanged(chain: ChainText, factor: float) -> None:
    export = read(replace(chain, printed=chain.spot * factor))
    assert export.underlying_last == pytest.approx(chain.spot * factor)
    assert codes(export) == {}


def test_the_previous_close_remains_when_the_print_is_replaced() -> None:
    export = read(replace(STOCK, printed=103.0))
    assert export.underlying_change is not None
    assert export.underlying_last - export.underlying_change == pytest.approx(102.0), "103 less the change of 1"
    assert read(replace(STOCK, printed=1000.0)).underlying_change is None, "a print of another scale has no close"


def test_a_volatility_index_may_lie_off_its_futures_on_which_its_options_are_priced() -> None:
    strikes = tuple(np.arange(10.0, 31.0, 0.5).tolist())
    futures = replace(CHAIN, root="VIX", name="CBOE Volatility Index", spot=20.0, strikes=strikes, volatility=0.9)
    export = read(replace(futures, printed=16.0))
    assert (export.underlying_last, codes(export)) == (16.0, {})
    assert codes(read(replace(futures, printed=160.0)))["spot_contradicted"] is Treatment.CORRECTED


def test_volatilities_that_a_vendor_has_for_want_of_any_do_not_witness_against_the_date() -> None:
    content = CHAIN.csv().replace(",0.2,0.5,", ",0.00001,0.5,")
    assert parse_export(content.encode()).exported_at == WHEN


def test_one_stale_expiration_does_not_move_the_implied_spot() -> None:
    def stale(row: list[str]) -> list[str]:
        if row[1].startswith("SPXW260417"):
            return [*row[:4], f"{float(row[4]) + 300}", f"{float(row[5]) + 300}", *row[6:]]
        return row

    export = parse_export(altered(stale, replace(CHAIN, printed=6825.0)))
    assert export.underlying_last == pytest.approx(6500.0, rel=0.003)


@pytest.mark.parametrize("first", [4, 17, 32], ids=lambda days: f"first expiration in {days} days")
@pytest.mark.parametrize("factor", [0.992, 1.0])
def test_a_dividend_ahead_is_not_taken_for_a_wrong_print(first: int, factor: float) -> None:
    """All forwards after the dividend are lower by it, as if the spot were."""
    days = tuple(WHEN.date() + timedelta(days=count) for count in (first, first + 28, first + 56))
    lowered = replace(STOCK, spot=100.0 * factor, printed=100.0, days=days)
    if first > 7 or factor == 1.0:
        assert codes(read(lowered)) == {}
    mixed = replace(
        STOCK, days=days[:1], extra=replace(STOCK, spot=100.0 * factor, days=days[1:]).csv().splitlines()[4:]
    )
    assert codes(read(mixed)) == {}, "between the first expirations"


@pytest.mark.parametrize("borrowing", [-0.4, 0.2])
def test_a_stock_that_is_dear_to_borrow_is_not_taken_for_a_wrong_print(borrowing: float) -> None:
    days = [WHEN.date() + timedelta(days=count) for count in (4, 32, 60)]
    parts = [
        replace(STOCK, spot=100.0 * float(np.exp(borrowing * (day - WHEN.date()).days / 365)), days=(day,))
        for day in days
    ]
    rows = [row for part in parts[1:] for row in part.csv().splitlines()[4:]]
    chain = replace(parts[0], printed=100.0, extra=rows)
    export = read(chain)
    assert "spot_contradicted" not in codes(export)
    assert "spot_contradicted" in codes(read(replace(chain, printed=104.0)))


def test_a_file_without_a_print_gets_the_spot_that_its_options_imply() -> None:
    export = parse_export(CHAIN.csv().replace("Last: 6500", "Last: ").encode())
    assert export.underlying_print is None
    assert export.underlying_last == pytest.approx(6500.0, rel=0.001)
    assert codes(export) == {"spot_implied": Treatment.ASSUMED}


def test_without_a_print_and_without_pairs_the_file_is_refused() -> None:
    lines = CHAIN.csv().replace("Last: 6500", "Last: 0").splitlines()
    calls = [",".join([*line.split(",")[:12], *([""] * 10)]) for line in lines[4:]]
    with pytest.raises(ChainFileError, match="no price of the underlying, and no call and put of one strike"):
        parse_export("\n".join([*lines[:4], *calls]).encode())


def test_a_stocks_market_that_does_not_fit_its_price_is_left_out() -> None:
    content = STOCK.csv().replace("Bid: 0,Ask: 0", "Bid: 99,Ask: 112")
    export = parse_export(content.encode())
    assert (export.underlying_bid, export.underlying_ask) == (None, None)
    assert codes(export) == {"underlying_market_contradicted": Treatment.LEFT_OUT}
    good = parse_export(STOCK.csv().replace("Bid: 0,Ask: 0", "Bid: 99.99,Ask: 100.01").encode())
    assert (good.underlying_bid, good.underlying_ask) == (99.99, 100.01)


def test_bids_and_asks_that_are_exchanged_are_put_right() -> None:
    def swapped(row: list[str]) -> list[str]:
        return [*row[:4], row[5], row[4], *row[6:15], row[16], row[15], *row[17:]]

    export, right = parse_export(altered(swapped)), read(CHAIN)
    assert codes(export) == {"bid_ask_exchanged": Treatment.CORRECTED}
    assert np.array_equal(export.bid, right.bid, equal_nan=True)
    assert np.array_equal(export.ask, right.ask, equal_nan=True)


def test_bids_and_asks_of_the_puts_alone_may_be_exchanged() -> None:
    export, right = parse_export(altered(lambda row: [*row[:15], row[16], row[15], *row[17:]])), read(CHAIN)
    assert codes(export) == {"bid_ask_exchanged": Treatment.CORRECTED}
    assert np.array_equal(export.bid, right.bid, equal_nan=True)


def test_a_file_that_is_cut_in_a_row_says_so() -> None:
    content = CHAIN.csv()
    with pytest.raises(ChainFileError, match="the file is cut here"):
        parse_export(content[: len(content) // 2].encode())


def test_a_few_crossed_markets_are_noted_and_many_are_refused() -> None:
    def crossing(every: int) -> Callable[[list[str]], list[str]]:
        def change(row: list[str]) -> list[str]:
            number = int(row[1][-8:]) // 50_000
            return [*row[:4], row[5], row[4], *row[6:]] if number % every == 0 else row

        return change

    assert codes(parse_export(altered(crossing(7)))) == {"crossed_market": Treatment.NOTED}
    with pytest.raises(ChainFileError, match="neither few nor all"):
        parse_export(
            altered(
                lambda row: (
                    [*row[:4], row[5], row[4], *row[6:14], row[14], row[16], row[15], *row[17:]]
                    if int(row[1][-8:]) % 150_000
                    else row
                )
            )
        )


def test_calls_with_the_prices_of_puts_are_refused() -> None:
    with pytest.raises(ChainFileError, match="calls and puts are exchanged"):
        parse_export(altered(lambda row: [*row[:2], *row[13:22], row[11], row[12], *row[2:11]]))


def test_a_chain_without_any_quote_is_refused() -> None:
    with pytest.raises(ChainFileError, match="no contract has a bid or an ask"):
        parse_export(altered(lambda row: [*row[:4], "0", "0", *row[6:15], "0", "", *row[17:]]))


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("Date: March 16, 2027 at 4:15 PM EDT", r"all 126 contracts had expired, the last on 2026-06-18"),
        ("Date: March 16, 2025 at 4:15 PM EDT", r"369 days before the first expiration"),
        ("Date: March 16, 2024 at 4:15 PM EDT", r"734 days before the first expiration"),
        ("Date: March 16, 2002 at 4:15 PM EST", r"24 years before the first expiration"),
        ("Date: March 16, 1900 at 4:15 PM EST", r"lies in the year 1900"),
    ],
)
def test_a_date_of_another_year_is_refused(written: str, problem: str) -> None:
    with pytest.raises(ChainFileError, match=problem) as caught:
        parse_export(CHAIN.csv(f'"{written}"').encode())
    assert (caught.value.line, caught.value.column) == (3, "Date")


def test_without_the_vendors_volatilities_the_straddles_imply_the_year() -> None:
    content = altered(lambda row: [*row[:7], "", *row[8:18], "", *row[19:]]).decode()
    assert parse_export(content.encode()).exported_at == WHEN
    with pytest.raises(ChainFileError, match=r"by their prices the options have 36. days less to live"):
        parse_export(content.replace("March 16, 2026", "March 16, 2025").encode())


def test_a_chain_of_distant_expirations_alone_is_read() -> None:
    export = read(replace(CHAIN, days=(date(2027, 12, 17), date(2028, 12, 15))))
    assert export.exported_at == WHEN
    assert codes(export) == {}


def test_a_date_with_two_readings_is_decided_by_the_expirations_or_refused() -> None:
    chain = replace(CHAIN, days=(date(2026, 3, 13), date(2026, 4, 17)), when=datetime(2026, 3, 10, 20, 15, tzinfo=UTC))
    export = parse_export(chain.csv("Date: 3/10/2026 4:15 PM EDT").encode())
    assert export.exported_at == chain.when, "on 3 October all had expired"
    assert codes(export) == {"date_order": Treatment.ASSUMED}
    other = parse_export(chain.csv("Date: 10/03/2026 16:15 GMT-4").encode())
    assert other.exported_at == chain.when
    vague = replace(chain, days=(date(2026, 3, 27),), when=datetime(2026, 2, 3, 20, 15, tzinfo=UTC), volatility=0.4)
    unknown = "\n".join(
        line.replace(",0.4,", ",,") if line.startswith("Fri") else line
        for line in vague.csv("Date: 02/03/2026 16:15 GMT-4").splitlines()
    )
    with pytest.raises(ChainFileError, match="may mean 3 February 2026 or 2 March 2026"):
        parse_export(unknown.encode())


@pytest.mark.parametrize("root", ["ACME1", "ACME2", "1ACME", "ACME7"])
def test_nonstandard_classes_are_left_out_and_the_rest_is_read(root: str) -> None:
    lines = replace(STOCK, root=root, days=(date(2026, 4, 17),)).csv().splitlines()[4:]
    export = read(replace(STOCK, extra=lines))
    assert codes(export) == {"nonstandard_class": Treatment.LEFT_OUT}
    assert {entry.root for entry in export.listing.expirations} == {"ACME"}
    assert export.listing.size == read(STOCK).listing.size
    (oddity,) = export.oddities
    assert (oddity.count, oddity.example[: len(root)]) == (34, root)


def test_a_file_of_nonstandard_contracts_alone_is_refused() -> None:
    with pytest.raises(ChainFileError, match=r"all contracts are of the class ACME1"):
        read(replace(STOCK, root="ACME1"))


def test_options_on_several_underlyings_in_one_file_are_refused() -> None:
    other = replace(STOCK, root="OTHER").csv().splitlines()[4:]
    with pytest.raises(ChainFileError, match="several underlyings: ACME, OTHER"):
        read(replace(STOCK, extra=other))


def test_rows_that_repeat_are_counted_and_rows_that_disagree_are_refused() -> None:
    row = CHAIN.csv().splitlines()[10]
    export = read(replace(CHAIN, extra=[row]))
    assert codes(export) == {"repeated_row": Treatment.LEFT_OUT}
    assert [oddity.count for oddity in export.oddities] == [2]
    cells = row.split(",")
    cells[4] = "1"
    with pytest.raises(ChainFileError, match="listed twice with different values, first in line 11"):
        read(replace(CHAIN, extra=[",".join(cells)]))


def test_contracts_that_have_settled_are_noted() -> None:
    chain = replace(CHAIN, days=(date(2026, 3, 16), date(2026, 4, 17)), when=WHEN - timedelta(hours=1))
    export = parse_export(chain.csv().encode())
    assert export.exported_at == WHEN
    assert codes(export) == {"expired": Treatment.NOTED}


def test_stale_asks_below_what_exercising_brings_are_noted() -> None:
    def stale(row: list[str]) -> list[str]:
        return [*row[:4], "1", "2", *row[6:]] if row[1] == "SPXW260417C06000000" else row

    assert codes(parse_export(altered(stale))) == {
        "ask_below_intrinsic": Treatment.NOTED,
        "strike_order": Treatment.NOTED,
    }


def test_prices_of_another_scale_are_refused_and_a_single_one_is_noted() -> None:
    def scaled(row: list[str]) -> list[str]:
        return [
            *row[:4],
            *(f"{float(cell) * 100:g}" for cell in row[4:6]),
            *row[6:15],
            *(f"{float(cell) * 100:g}" for cell in row[15:17]),
            *row[17:],
        ]

    with pytest.raises(ChainFileError, match="as after a lost decimal mark"):
        parse_export(altered(scaled))
    one = parse_export(altered(lambda row: scaled(row) if row[1] == "SPXW260417C06900000" else row))
    assert "bid_above_bound" in codes(one)


def test_marks_in_place_of_markets_are_noted() -> None:
    export = parse_export(altered(lambda row: [*row[:4], row[5], row[5], *row[6:15], row[16], row[16], *row[17:]]))
    assert codes(export) == {"no_spread": Treatment.NOTED}


def test_an_export_outside_of_a_session_is_noted() -> None:
    export = parse_export(
        replace(CHAIN, when=datetime(2026, 3, 14, 16, 0, tzinfo=UTC))
        .csv('"Date: March 14, 2026 at 12:00 PM EDT"')
        .encode()
    )
    assert codes(export) == {"outside_session": Treatment.NOTED}


def test_the_zone_of_a_date_is_reported_where_it_is_missing_or_wrong() -> None:
    assert codes(parse_export(CHAIN.csv('"Date: March 16, 2026 at 4:15 PM"').encode())) == {
        "zone_missing": Treatment.ASSUMED
    }
    assert codes(parse_export(CHAIN.csv('"Date: March 16, 2026 at 4:15 PM EST"').encode())) == {
        "zone_contradicted": Treatment.CORRECTED
    }


def test_every_oddity_of_a_file_is_a_line_of_its_notes() -> None:
    file = parse_chain_file(replace(CHAIN, printed=6800.0).csv().encode())
    (note,) = file.notes
    assert note.startswith("corrected: the underlying's price contradicts its options: 6,800.00 in the file")
    assert note.endswith("(line 2)")


def test_roots_with_digits_are_not_standard_and_others_are() -> None:
    assert [root for root in ("AMD1", "1AAPL", "AMZN7", "2SPX") if nonstandard(root) is None] == []
    assert [root for root in ("AMD", "SPXW", "BRK.B", "BRKB") if nonstandard(root) is not None] == []
    assert Right.CALL != Right.PUT
