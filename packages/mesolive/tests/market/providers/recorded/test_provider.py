"""Replays: what was known when, nothing earlier, the same every time, at any pace."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from mesolive.clock import ManualClock
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.providers.chain_files import parse_export
from mesolive.market.providers.recorded.clock import ReplayClock
from mesolive.market.providers.recorded.provider import RecordedProvider, begins_at
from mesolive.market.providers.recorded.recordings import (
    BarRecording,
    ExportRecording,
    Recording,
    RecordingError,
    open_recordings,
)
from mesolive.market.service import Market
from mesolive.pricing.black import greeks
from mesolive_sdk.models import AgentStatus, DataProviderType
from mesolive_testkit.market import (
    CALENDAR,
    SHARED_DATA,
    ObedientProvider,
    export_bytes,
    flat_chain,
    needs_shared_data,
    option_bars,
    stock_bars,
)
from mesolive_testkit.market.files import export_row

DAY = date(2015, 12, 24)
JANUARY = date(2016, 1, 15)
CALL = OptionContract("GOOG", "GOOG", JANUARY, Right.CALL, Decimal(750))
TODAY = OptionContract("GOOG", "GOOG", DAY, Right.PUT, Decimal(745))
OPENING_MS = 34_200_000


def at(hour: int, minute: int, second: int = 0) -> datetime:
    """Return a time of the recorded day in New York (winter)."""
    return datetime(2015, 12, 24, hour + 5, minute, second, tzinfo=UTC)


def minute(number: int, bid: float, ask: float) -> str:
    """Return the quote bar of the minute `number` after the opening."""
    low, high = round(bid * 10_000), round(ask * 10_000)
    return f"{OPENING_MS + number * 60_000},{low},{low},{low},{low},5,{high},{high},{high},{high},7"


def trade(number: int, opening: float, closing: float) -> str:
    """Return the trade bar of the minute `number` after the opening."""
    first, last = round(opening * 10_000), round(closing * 10_000)
    return f"{OPENING_MS + number * 60_000},{first},{first},{last},{last},100"


def write_day(folder: Path) -> Path:
    """Write a short day: two contracts, a stock, its days before."""
    folder.mkdir(parents=True, exist_ok=True)
    option_bars(
        folder / "options.zip",
        DAY,
        {
            ("goog", "call", 750, JANUARY): [minute(0, 10.0, 10.4), minute(1, 10.2, 10.6), minute(209, 11.0, 11.4)],
            ("goog", "put", 745, DAY): [minute(0, 0.5, 0.6), minute(2, 0.3, 0.4)],
        },
    )
    stock_bars(
        folder / "trades.zip",
        "20151224_goog_minute_trade.csv",
        [
            trade(-10, 750.3, 750.3),
            trade(0, 749.55, 748.54),
            trade(2, 748.6, 749.0),
            trade(209, 748.0, 748.4),
            trade(300, 748.0, 747.0),
        ],
    )
    stock_bars(
        folder / "quotes.zip", "20151224_goog_minute_quote.csv", [minute(0, 748.5, 748.7), minute(1, 748.9, 749.1)]
    )
    stock_bars(
        folder / "daily.zip",
        "goog.csv",
        [f"201512{number:02d} 00:00,0,0,0,{7_400_000 + number * 1000},1" for number in range(14, 31)],
    )
    return folder


def played(folder: Path, start: datetime | None = None) -> tuple[RecordedProvider, ManualClock]:
    recordings = open_recordings(folder, CALENDAR)
    clock = ManualClock(start or begins_at(recordings))
    return RecordedProvider(recordings, clock, CALENDAR), clock


def quote(view: BookView, contract: OptionContract) -> tuple[float | None, float | None]:
    location = view.find(contract)
    assert location is not None
    one = location[0].quote(location[1])
    return one.bid, one.ask


async def test_a_day_plays_minute_by_minute_as_it_was_known(tmp_path: Path) -> None:
    provider, clock = played(write_day(tmp_path))
    assert provider.name is DataProviderType.Recorded
    assert clock.now() == at(9, 31)
    await provider.start()
    book = provider.books["GOOG"]
    view = book.view()
    assert quote(view, CALL) == (10.0, 10.4)
    assert quote(view, TODAY) == (0.5, 0.6)
    state = view.underlying
    assert (state.quote.bid, state.quote.ask, state.quote.last, state.quote.mark) == (748.5, 748.7, 748.54, 748.6)
    assert (state.today_open, state.previous_close) == (749.55, 742.3)
    await clock.advance(59.9)
    assert quote(book.view(), CALL) == (10.0, 10.4), "nothing is known before its minute is over"
    await clock.advance(0.1)
    assert quote(book.view(), CALL) == (10.2, 10.6)
    location = book.view().find(CALL)
    assert location is not None
    assert location[0].quote(location[1]).bid_time == at(9, 32)
    assert quote(book.view(), TODAY) == (0.5, 0.6)
    await clock.advance(60)
    assert quote(book.view(), TODAY) == (0.3, 0.4)
    assert book.view().underlying.quote.last == 749.0
    await provider.stop()


async def test_at_the_early_close_todays_options_leave_and_the_close_enters_the_history(tmp_path: Path) -> None:
    provider, clock = played(write_day(tmp_path))
    await provider.start()
    book = provider.books["GOOG"]
    await clock.advance((at(12, 59, 59) - clock.now()).total_seconds())
    assert book.view().find(TODAY) is not None
    assert not book.history.closed(DAY)
    await clock.advance(1)
    view = book.view()
    assert view.now == at(13, 0)
    assert view.find(TODAY) is None
    assert quote(view, CALL) == (11.0, 11.4)
    assert book.history.days[-1].close == 748.4
    await clock.advance(3 * 3600)
    assert book.history.days[-1].close == 748.4, "what is traded after the close is not the close"
    assert book.view().underlying.quote.last == 747.0
    assert (provider.status.state, provider.status.message) == (AgentStatus.Disconnected, "the recording has ended")
    assert provider.ends_at == at(14, 31)
    await provider.stop()


async def test_a_side_that_is_not_quoted_again_remains_until_the_other_passes_it(tmp_path: Path) -> None:
    def bar(number: int, bid: int | None, ask: int | None) -> str:
        sides = [",,,,0" if price is None else f"{price},{price},{price},{price},5" for price in (bid, ask)]
        return f"{OPENING_MS + number * 60_000},{sides[0]},{sides[1]}"

    rows = [bar(0, 10_000, 12_000), bar(1, None, 11_000), bar(2, 9_000, None), bar(3, None, 8_000), bar(4, 9_500, None)]
    option_bars(tmp_path / "options.zip", DAY, {("goog", "call", 750, JANUARY): rows})
    provider, clock = played(tmp_path / "options.zip")
    await provider.start()
    seen: list[tuple[float | None, float | None]] = []
    for _ in rows:
        seen.append(quote(provider.books["GOOG"].view(), CALL))
        await clock.advance(60)
    assert seen == [(1.0, 1.2), (1.0, 1.1), (0.9, 1.1), (None, 0.8), (0.95, None)]
    await provider.stop()


async def test_days_after_the_recording_are_not_known_to_it(tmp_path: Path) -> None:
    provider, _ = played(write_day(tmp_path))
    await provider.start()
    assert max(day.day for day in provider.books["GOOG"].history.days if day.close is not None) < DAY
    await provider.stop()


async def test_a_start_in_the_middle_takes_everything_known_by_then(tmp_path: Path) -> None:
    provider, _ = played(write_day(tmp_path), start=at(9, 40))
    await provider.start()
    assert quote(provider.books["GOOG"].view(), CALL) == (10.2, 10.6)
    assert quote(provider.books["GOOG"].view(), TODAY) == (0.3, 0.4)
    await provider.stop()


async def record(provider: RecordedProvider, clock: ManualClock, step: float, steps: int) -> list[bytes]:
    """Return what a reader sees who looks every `step` seconds."""
    await provider.start()
    seen: list[bytes] = []
    for _ in range(steps):
        view = provider.books["GOOG"].view()
        view.warm()
        parts = [view.columns.values[name].tobytes() for name in ("bid", "ask")]
        for expiration in view.expirations:
            for right in Right:
                piece = view.slice(expiration.root, expiration.day, right)
                if piece is not None:
                    parts += [piece.mark.tobytes(), piece.iv.tobytes(), piece.delta.tobytes()]
        underlying = view.underlying
        prices = (underlying.quote, underlying.today_open, underlying.previous_close, underlying.iv, underlying.hv)
        seen.append(b"".join([*parts, repr(prices).encode()]))
        await clock.advance(step)
    await provider.stop()
    return seen


async def test_two_runs_of_one_recording_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    recordings = open_recordings(write_day(tmp_path), CALENDAR)
    runs: list[list[bytes]] = []
    for _ in range(2):
        clock = ManualClock(begins_at(recordings))
        runs.append(await record(RecordedProvider(recordings, clock, CALENDAR), clock, 17.0, 20))
    assert runs[0] == runs[1]


async def test_a_replay_can_be_paused_and_sped_up(tmp_path: Path) -> None:
    recordings = open_recordings(write_day(tmp_path), CALENDAR)
    clock = ReplayClock(begins_at(recordings), speed=1.0)
    provider = RecordedProvider(recordings, clock, CALENDAR)
    await provider.start()
    book = provider.books["GOOG"]
    clock.pause()
    moment = clock.now()
    for _ in range(5):
        await asyncio.sleep(0)
    assert clock.now() == moment
    clock.set_speed(6000.0)
    async with book.changes.subscribe() as changes:
        clock.resume()
        await asyncio.wait_for(anext(changes), 60)
    assert quote(book.view(), CALL) != (10.0, 10.4)
    await provider.stop()


async def test_a_replay_that_runs_is_not_started_again(tmp_path: Path) -> None:
    provider, _ = played(write_day(tmp_path))
    await provider.start()
    with pytest.raises(RuntimeError, match="the replay runs"):
        await provider.start()
    await provider.stop()
    await provider.stop()
    assert provider.status.state is AgentStatus.Disconnected


async def test_a_recorded_market_may_run_beside_another_provider(tmp_path: Path) -> None:
    recorded, _ = played(write_day(tmp_path))
    other = ObedientProvider(flat_chain().book)
    market = Market([recorded, other], default=DataProviderType.Ibkr)
    await market.start()
    assert market.view("GOOG", DataProviderType.Recorded).underlying.quote.last == 748.54
    assert market.view("SPX").underlying.quote.last == 5000.0
    await market.stop()


# Series of chain exports.


def exports() -> list[bytes]:
    march, april = date(2024, 3, 15), date(2024, 4, 19)
    first = [export_row("SPXW", march, 5000, (20.1, 20.4), (19.8, 20.2))]
    second = [*first, export_row("SPXW", april, 5000, (90.0, 91.0), (80.0, 81.0))]
    second[0] = export_row("SPXW", march, 5000, (25.1, 25.4), (14.8, 15.2))
    return [
        export_bytes(first, last="Last: 5000.25"),
        export_bytes(second, last="Last: 5006.00", when="Date: March 11 2024, 11:15 AM EDT"),
    ]


async def test_each_export_is_the_market_until_the_next(tmp_path: Path) -> None:
    for number, content in enumerate(reversed(exports())):
        (tmp_path / f"{number}.csv").write_bytes(content)
    provider, clock = played(tmp_path)
    await provider.start()
    book = provider.books["SPX"]
    held = OptionContract("SPX", "SPXW", date(2024, 3, 15), Right.CALL, Decimal(5000))
    assert quote(book.view(), held) == (20.1, 20.4)
    assert len(book.view().expirations) == 1
    await clock.advance(899)
    assert quote(book.view(), held) == (20.1, 20.4)
    await clock.advance(1)
    view = book.view()
    assert quote(view, held) == (25.1, 25.4)
    assert len(view.expirations) == 2
    assert (view.underlying.quote.last, view.underlying.previous_close) == (5006.0, 4993.5)
    await provider.stop()


def test_exports_that_do_not_belong_together_are_refused() -> None:
    first = parse_export(exports()[0])
    row = export_row("RUTW", date(2024, 3, 15), 2000, (1, 2), (1, 2))
    other = parse_export(export_bytes([row], name="Russell 2000 Index"))
    with pytest.raises(RecordingError, match="different underlyings"):
        ExportRecording([first, other])
    with pytest.raises(RecordingError, match="of the same time"):
        ExportRecording([first, first])
    with pytest.raises(RecordingError, match="no chain export"):
        ExportRecording([])


# Finding recordings.


def test_one_file_is_a_recording_too(tmp_path: Path) -> None:
    write_day(tmp_path)
    (result,) = open_recordings(tmp_path / "options.zip", CALENDAR)
    assert isinstance(result, BarRecording)
    assert result.history.days == ()
    csv = tmp_path / "chain.csv"
    csv.write_bytes(exports()[0])
    (result,) = open_recordings(csv, CALENDAR)
    assert result.begins_at == datetime(2024, 3, 11, 15, 0, tzinfo=UTC)


def test_a_folder_is_searched_at_any_depth_and_other_files_are_left_alone(tmp_path: Path) -> None:
    write_day(tmp_path / "a" / "b")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "chain.csv").write_bytes(exports()[0])
    (tmp_path / "c" / "notes.csv").write_text("some,notes\n")
    (tmp_path / "c" / "broken.zip").write_bytes(b"no zip")
    result = {recording.listing.underlying.symbol: recording for recording in open_recordings(tmp_path, CALENDAR)}
    assert set(result) == {"GOOG", "SPX"}


def test_a_recording_without_quotes_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="neither option chains nor option minute bars"):
        open_recordings(tmp_path, CALENDAR)
    with pytest.raises(FileNotFoundError):
        open_recordings(tmp_path / "nowhere", CALENDAR)
    with pytest.raises(RecordingError, match="needs recordings"):
        RecordedProvider([], ManualClock(at(9, 31)), CALENDAR)


def test_broken_and_doubled_recordings_are_refused_by_name(tmp_path: Path) -> None:
    write_day(tmp_path)
    shutil.copy(tmp_path / "options.zip", tmp_path / "again.zip")
    with pytest.raises(RecordingError, match="more than one recording"):
        open_recordings(tmp_path, CALENDAR)
    (tmp_path / "bad.csv").write_bytes(exports()[0].replace(b"20.1", b"high"))
    with pytest.raises(RecordingError, match=r"bad\.csv: line 5, column"):
        open_recordings(tmp_path / "bad.csv", CALENDAR)
    option_bars(tmp_path / "bad.zip", DAY, {("goog", "call", 750, JANUARY): ["1,2,3"]})
    with pytest.raises(RecordingError, match=r"bad\.zip"):
        open_recordings(tmp_path / "bad.zip", CALENDAR)


def test_a_day_without_any_option_quote_is_no_recording(tmp_path: Path) -> None:
    option_bars(tmp_path / "empty.zip", DAY, {("goog", "call", 750, JANUARY): []})
    with pytest.raises(RecordingError, match="no option quote"):
        open_recordings(tmp_path / "empty.zip", CALENDAR)


# The recorded session.


@pytest.fixture(scope="module")
def goog() -> list[Recording]:
    if not SHARED_DATA.is_dir():
        pytest.skip("the recorded market data is not beside the checkout")
    return open_recordings(SHARED_DATA / "lean", CALENDAR)


@pytest.mark.long
@needs_shared_data
@pytest.mark.shared_data
async def test_the_recorded_goog_session_replays_to_its_early_close(goog: list[Recording]) -> None:
    clock = ManualClock(begins_at(goog))
    provider = RecordedProvider(goog, clock, CALENDAR)
    await provider.start()
    book = provider.books["GOOG"]
    assert clock.now() == at(9, 31)
    view = book.view()
    assert view.underlying.previous_close == 750.31
    assert view.underlying.today_open == 749.55
    assert len(view.expirations) == 12
    assert view.expirations[0].settles_at == at(13, 0)
    last_times: list[np.int64] = []
    while clock.now() < at(12, 59):
        await clock.advance(600)
        view = book.view()
        times = view.columns.times["bid"].max()
        assert times <= int(view.now.timestamp() * 1_000_000)
        last_times.append(times)
        assert view.underlying.iv == pytest.approx(0.21, abs=0.03)
    assert last_times == sorted(last_times)
    await clock.advance((at(13, 0) - clock.now()).total_seconds())
    view = book.view()
    assert len(view.expirations) == 11, "what expires on the day leaves at the early close"
    assert view.underlying.quote.last == 748.4
    assert book.history.days[-1].close == 748.4
    assert CALENDAR.session(DAY) == (at(9, 30), at(13, 0))
    await provider.stop()


@pytest.mark.slow
@needs_shared_data
@pytest.mark.shared_data
@pytest.mark.long
async def test_two_runs_of_the_recorded_session_are_the_same_byte_for_byte(goog: list[Recording]) -> None:
    runs: list[list[bytes]] = []
    for _ in range(2):
        clock = ManualClock(begins_at(goog))
        runs.append(await record(RecordedProvider(goog, clock, CALENDAR), clock, 2520.0, 6))
    assert runs[0] == runs[1]


@pytest.mark.slow
@needs_shared_data
@pytest.mark.shared_data
async def test_greeks_at_the_daily_files_volatilities_are_the_daily_files(goog: list[Recording]) -> None:
    # The file's greeks are those of its volatilities, a day before the expiration, at a rate of 1 % and a yield of
    # 0.114 % (found by fitting). Its volatilities are not those of its prices: at the money they say 0 or 183 %.
    listing = goog[0].listing
    rows: list[tuple[float, ...]] = []
    for line in (SHARED_DATA / "lean/option/goog/universe_20151224.csv").read_text().splitlines()[2:]:
        cells = line.split(",")
        day = datetime.strptime(cells[0], "%Y%m%d").replace(tzinfo=UTC).date()
        assert listing.position("GOOG", day) is not None
        if float(cells[9]) > 0.0:
            years = ((day - DAY).days - 1) / 365
            rows.append((years, float(cells[1]), float(cells[2] == "C"), *map(float, cells[9:15])))
    assert len(rows) == 1862
    years, strike, call, volatility, delta, gamma, vega, theta, rho = np.array(rows).T
    spot, rate, dividends = 748.4, 0.01, 0.00114
    ours = greeks(
        call > 0.0, spot * np.exp((rate - dividends) * years), strike, years, volatility, np.exp(-rate * years), spot
    )
    within_a_year = years < 1.0
    for mine, theirs, tolerance in (
        (ours.delta, delta, 1e-5),
        (ours.gamma, gamma, 5e-6),
        (ours.vega, vega, 5e-5),
        (ours.theta, theta, 1e-5),
        (ours.rho / 100.0, rho, 5e-5),
    ):
        assert float(np.abs(mine - theirs)[within_a_year].max()) < tolerance


@needs_shared_data
@pytest.mark.shared_data
async def test_volatilities_and_greeks_of_the_recorded_session_are_sound(goog: list[Recording]) -> None:
    clock = ManualClock(at(12, 59))
    provider = RecordedProvider(goog, clock, CALENDAR)
    await provider.start()
    view = provider.books["GOOG"].view()
    spot = view.underlying.quote.mark
    assert spot is not None
    for expiration in view.expirations[1:8]:
        calls, puts = (view.slice(expiration.root, expiration.day, right) for right in (Right.CALL, Right.PUT))
        assert calls is not None
        assert puts is not None
        near = np.abs(calls.strikes / spot - 1.0) < 0.05
        strikes = [Decimal(str(strike)) for strike in calls.strikes[near]]
        partners = np.array([puts.index_of(strike) for strike in strikes])
        both = ~np.isnan(calls.iv[near]) & ~np.isnan(puts.iv[partners])
        assert both.mean() > 0.8, "nearly every contract near the money has a volatility"
        assert float(np.median(np.abs(calls.iv[near][both] - puts.iv[partners][both]))) < 0.01, "as parity wants it"
        gap = calls.delta[near][both] - puts.delta[partners][both]
        assert np.all(np.abs(gap - 1.0) < 0.1)
    await provider.stop()
