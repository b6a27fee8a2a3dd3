"""Tables of cash dividends: what is read, what is refused, and what a book makes of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mesolive.cli.root import app
from mesolive.market.contracts import ExerciseStyle, Right
from mesolive.market.dividends import NO_DIVIDENDS, Dividend, DividendFileError, DividendSchedule, read_dividends
from mesolive.market.service import Market
from mesolive.market_setup import build_market
from mesolive.pricing.american_chain import AmericanChain
from mesolive.pricing.cash_dividends import CashDividends
from mesolive.records import replace
from mesolive.settings import Settings, SettingsError
from mesolive_testkit.market import Chain, ObedientProvider, expiration, flat_chain
from mesolive_testkit.market.chains import RATE, SPOT
from mesolive_testkit.paths import DOCS

TABLE = """Symbol,ExDate,Amount,Kind
spy,2026-03-20,1.74,expected
SPY,2025-12-19,1.993,
KO,2026-03-13,0.53,

"""


def written(folder: Path, text: str) -> Path:
    path = folder / "dividends.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_is_read_by_symbol_and_day(tmp_path: Path) -> None:
    result = read_dividends(written(tmp_path, TABLE))
    assert result["SPY"].dividends == (Dividend(date(2025, 12, 19), 1.993), Dividend(date(2026, 3, 20), 1.74))
    assert result["KO"].dividends == (Dividend(date(2026, 3, 13), 0.53),)


def test_dividends_of_one_day_are_added_up() -> None:
    day = date(2026, 3, 20)
    assert DividendSchedule.of([Dividend(day, 1.0), Dividend(day, 0.25)]).dividends == (Dividend(day, 1.25),)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SPY,20.3.2026,1.7", "line 2: ExDate: expected a day as YYYY-MM-DD, got '20.3.2026'"),
        ("SPY,2026-02-30,1.7", "line 2: ExDate: expected a day"),
        ("SPY,2026-03-20,much", "line 2: Amount: expected an amount greater than 0, got 'much'"),
        ("SPY,2026-03-20,-1", "line 2: Amount: expected an amount greater than 0"),
        ("SPY,2026-03-20,nan", "line 2: Amount: expected an amount greater than 0"),
        ("SPY,2026-03-20,inf", "line 2: Amount: expected an amount greater than 0"),
        (",2026-03-20,1", "line 2: Symbol: expected the symbol of an underlying, got nothing"),
        ("SPY,2026-03-20", "line 2: expected 3 fields, got 2"),
    ],
)
def test_a_line_that_cannot_be_understood_is_named_with_what_was_expected(
    tmp_path: Path, line: str, message: str
) -> None:
    with pytest.raises(DividendFileError, match=r"dividends\.csv") as refused:
        read_dividends(written(tmp_path, f"Symbol,ExDate,Amount\n{line}\n"))
    assert message in str(refused.value)


def test_a_table_without_its_columns_or_its_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DividendFileError, match="missing: ExDate, Amount"):
        read_dividends(written(tmp_path, "Symbol,Day\nSPY,2026-03-20\n"))
    with pytest.raises(DividendFileError, match=r"nowhere\.csv cannot be read"):
        read_dividends(tmp_path / "nowhere.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DividendFileError, match="expected text in UTF-8"):
        read_dividends(tmp_path / "bytes.csv")


def test_a_dividend_counts_from_now_to_the_midnight_before_its_day_in_new_york() -> None:
    schedule = DividendSchedule.of([Dividend(date(2026, 3, 20), 1.74)])
    midnight = datetime(2026, 3, 20, 4, tzinfo=UTC)  # daylight saving time
    settles = datetime(2026, 4, 17, 20, tzinfo=UTC)
    ((part, amount),) = schedule.within(midnight - timedelta(days=2), settles)
    assert (part, amount) == (pytest.approx(2.0 / (2.0 + (settles - midnight) / timedelta(days=1))), 1.74)
    assert schedule.within(midnight, settles) == []
    assert schedule.within(midnight - timedelta(days=2), midnight) == []


EX_DATE = date(2024, 4, 5)


def stock_chain(amount: float) -> Chain:
    """Return a stock whose quotes were made with one dividend, and not told of it."""
    days = (date(2024, 4, 19), date(2024, 9, 20))
    chain = flat_chain([replace(expiration("GOOG", day), style=ExerciseStyle.AMERICAN) for day in days])
    listing, now = chain.listing, chain.clock.now()
    counts = [end - start for start, _, end in listing.bounds]
    rows = [
        DividendSchedule.of([Dividend(EX_DATE, amount)]).within(now, item.settles_at) for item in listing.expirations
    ]
    years = np.repeat([(item.settles_at - now) / timedelta(days=365) for item in listing.expirations], counts)
    dividends, discount = CashDividends.of(rows, counts), np.exp(-RATE * years)
    forward = (SPOT - dividends.worth(RATE * years)) / discount
    spot = np.full(years.size, SPOT)
    options = AmericanChain(listing.is_call, spot, listing.strikes, years, discount, forward, dividends)
    value = options.values(np.full(years.size, 0.25))
    chain.book.update(now, slice(None), {"bid": value - 0.05, "ask": value + 0.05})
    return chain


def gaps(chain: Chain) -> list[float]:
    """Return by how much calls and puts of a strike near the money differ in volatility, by expiration."""
    view = chain.book.view()
    result: list[float] = []
    for item in view.expirations:
        calls, puts = (view.slice("GOOG", item.day, right) for right in (Right.CALL, Right.PUT))
        assert calls is not None
        assert puts is not None
        near = np.abs(calls.strikes / SPOT - 1.0) < 0.04
        result.append(float(np.abs(calls.iv[near] - puts.iv[near]).max()))
    return result


def test_with_its_dividends_a_book_finds_one_volatility_for_call_and_put() -> None:
    amount = 0.008 * SPOT
    chain = stock_chain(amount)
    spread = gaps(chain)
    chain.book.dividends = DividendSchedule.of([Dividend(EX_DATE, amount)])
    known = gaps(chain)
    assert max(known) < 1e-3
    assert max(spread) > 3.0 * max(known)
    view = chain.book.view()
    for item in view.expirations:
        part = view.slice("GOOG", item.day, Right.PUT)
        assert part is not None
        assert part.iv[np.abs(part.strikes / SPOT - 1.0) < 0.04] == pytest.approx(0.25, abs=1e-3)
        net = SPOT - amount * math.exp(-RATE * (EX_DATE - chain.clock.now().date()).days / 365)
        forward = view.forward(item)
        assert forward is not None
        assert forward * view.discount(item) == pytest.approx(net, rel=2e-4)
        assert [paid for _, paid in view.dividends(item)] == [amount]


async def test_a_market_passes_the_named_dividends_to_its_books() -> None:
    chain = stock_chain(10.0)
    symbol = chain.listing.underlying.symbol
    schedule = DividendSchedule.of([Dividend(EX_DATE, 10.0)])
    named: Mapping[str, DividendSchedule] = {symbol: schedule, "OTHER": NO_DIVIDENDS}
    market = Market([ObedientProvider(chain.book)], dividends=named)
    await market.start()
    assert chain.book.dividends == schedule
    await market.stop()


def test_a_server_is_given_the_table_and_refuses_a_bad_one_by_its_setting(tmp_path: Path) -> None:
    good = Settings(market="simulated", dividends=written(tmp_path, TABLE))
    market, _ = build_market(good)
    assert market.view("SPX").dividends(market.view("SPX").expirations[0]) == []
    bad = Settings(market="simulated", dividends=written(tmp_path, "Symbol,ExDate,Amount\nSPY,tomorrow,1\n"))
    with pytest.raises(SettingsError, match=r"^dividends: dividends\.csv, line 2: ExDate: expected a day"):
        build_market(bad)


def test_a_replay_refuses_a_bad_table_in_one_line(tmp_path: Path) -> None:
    table = written(tmp_path, "Symbol,ExDate\n")
    strategy = DOCS / "strategies" / "broken-wing-butterfly.json"
    arguments = ["replay", "--market", "simulated", "--strategy", str(strategy), "--dividends", str(table)]
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 2
    assert "--dividends" in ended.output
    assert "missing: Amount" in " ".join(ended.output.replace("│", " ").split())
