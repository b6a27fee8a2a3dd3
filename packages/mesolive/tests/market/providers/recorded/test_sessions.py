"""Recorded sessions in a row: each day lists its own contracts, and knows the close of the one before."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from mesolive.backtest.runner import StepClock
from mesolive.market.calendar import us_options_calendar
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import ExerciseStyle, Right
from mesolive.market.providers.chain_files import read_chain_file
from mesolive.market.providers.recorded.provider import RecordedProvider, begins_at
from mesolive.market.providers.recorded.recordings import (
    ExportRecording,
    Recording,
    RecordingError,
    open_recordings,
)
from mesolive.records import replace
from mesolive_testkit.market import option_bars
from mesolive_testkit.market.recorded_days import NEW_YORK, bar_days, exchange_days, optionsdx, spot

CALENDAR = us_options_calendar()
MONDAY, TUESDAY, FRIDAY = date(2023, 12, 4), date(2023, 12, 5), date(2023, 12, 8)
NEXT_FRIDAY = date(2023, 12, 15)
LEVEL = 4600.0


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), NEW_YORK)


async def views(recordings: Sequence[Recording], moments: Sequence[datetime], symbol: str = "SPX") -> list[BookView]:
    """Return the market at each moment."""
    clock = StepClock(begins_at(recordings))
    provider = RecordedProvider(recordings, clock, CALENDAR)
    await provider.start()
    collected: list[BookView] = []
    for moment in moments:
        await clock.leap(moment)
        collected.append(provider.books[symbol].view())
    await provider.stop()
    return collected


def minute(number: int, bid: float) -> str:
    """Return the quote bar of the minute `number` after the opening, 0.40 wide."""
    low, high = round(bid * 10_000), round((bid + 0.4) * 10_000)
    return f"{34_200_000 + number * 60_000},{low},{low},{low},{low},5,{high},{high},{high},{high},7"


async def test_a_day_of_bars_begins_without_the_quotes_of_the_day_before(tmp_path: Path) -> None:
    early, late = ("goog", "call", 750, NEXT_FRIDAY), ("goog", "put", 750, NEXT_FRIDAY)
    option_bars(tmp_path / "one.zip", MONDAY, {early: [minute(0, 10)], late: [minute(0, 20)]})
    option_bars(tmp_path / "two.zip", TUESDAY, {early: [minute(0, 11)], late: [minute(10, 21)]})
    recordings = open_recordings(tmp_path, CALENDAR)
    moments = [at(MONDAY, 9, 32), at(TUESDAY, 9, 32), at(TUESDAY, 9, 41)]
    result = [view.columns.values["bid"].tolist() for view in await views(recordings, moments, "GOOG")]
    assert result[0] == [10, 20]
    assert result[1][0] == 11
    assert math.isnan(result[1][1]), "nobody has quoted it on this day"
    assert result[2] == [11, 21]


async def test_bars_know_the_close_of_the_day_before_and_the_opening_of_their_own(tmp_path: Path) -> None:
    recordings = open_recordings(bar_days(tmp_path, [MONDAY, TUESDAY], [FRIDAY], every=60), CALENDAR)
    (view,) = await views(recordings, [at(TUESDAY, 10)])
    assert view.underlying.previous_close == pytest.approx(spot(at(MONDAY, 16), LEVEL))
    assert view.underlying.today_open == pytest.approx(spot(at(TUESDAY, 9, 31), LEVEL))


async def test_european_bars_are_options_on_their_index(tmp_path: Path) -> None:
    (recording,) = open_recordings(bar_days(tmp_path, [MONDAY], [FRIDAY], every=120), CALENDAR)
    underlying = recording.listing.underlying
    (expiration,) = recording.listing.expirations
    assert (underlying.symbol, underlying.is_index) == ("SPX", True)
    assert (expiration.root, expiration.style) == ("SPXW", ExerciseStyle.EUROPEAN)


async def test_classes_of_one_index_on_one_day_are_one_chain(tmp_path: Path) -> None:
    bar_days(tmp_path, [MONDAY], [FRIDAY], every=120)
    bar_days(tmp_path, [MONDAY], [NEXT_FRIDAY], options="spx", every=120)
    (recording,) = open_recordings(tmp_path, CALENDAR)
    assert [(expiration.root, expiration.day) for expiration in recording.listing.expirations] == [
        ("SPXW", FRIDAY),
        ("SPX", NEXT_FRIDAY),
    ]
    (view,) = await views([recording], [at(MONDAY, 11, 32)])
    for root, day in (("SPXW", FRIDAY), ("SPX", NEXT_FRIDAY)):
        piece = view.slice(root, day, Right.CALL)
        assert piece is not None
        assert not any(math.isnan(mark) for mark in piece.mark)


def test_a_day_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    bar_days(tmp_path, [MONDAY, TUESDAY], [FRIDAY], every=120)
    archive = tmp_path / "option" / "spxw" / "20231204_quote_european.zip"
    shutil.copy(archive, archive.with_name("copy.zip"))
    with pytest.raises(RecordingError, match="more than one recording of SPXW 2023-12-08 on 2023-12-04"):
        open_recordings(tmp_path, CALENDAR)


async def test_a_series_of_chains_knows_the_close_of_the_day_before(tmp_path: Path) -> None:
    moments = [at(MONDAY, 15, 30), at(TUESDAY, 9, 30), at(TUESDAY, 10)]
    recordings = open_recordings(optionsdx(tmp_path / "spx_x.txt", moments, [FRIDAY]), CALENDAR)
    (view,) = await views(recordings, [at(TUESDAY, 10)])
    assert view.underlying.previous_close == spot(at(MONDAY, 15, 30), LEVEL)
    assert view.underlying.today_open == spot(at(TUESDAY, 9, 30), LEVEL)


async def test_the_close_in_the_next_days_file_takes_precedence_over_the_last_price(tmp_path: Path) -> None:
    folder = exchange_days(tmp_path, [at(MONDAY, 15, 30), at(TUESDAY, 10)], [FRIDAY])
    (view,) = await views(open_recordings(folder, CALENDAR), [at(TUESDAY, 10, 1)])
    assert view.underlying.previous_close == pytest.approx(spot(at(TUESDAY, 10), LEVEL) - 0.5)


async def test_chains_count_until_the_next_one_is_overdue(tmp_path: Path) -> None:
    moments = [at(MONDAY, 9, 30) + timedelta(minutes=30 * step) for step in range(4)]
    recordings = open_recordings(optionsdx(tmp_path / "spx_x.txt", moments, [FRIDAY]), CALENDAR)
    fresh, last, overdue = await views(recordings, [at(MONDAY, 10, 29), at(MONDAY, 11, 31), at(MONDAY, 11, 32)])
    assert (fresh.stale, last.stale, overdue.stale) == (False, False, True)


@pytest.mark.parametrize(
    ("hours", "placed"),
    [
        ([(16, 0), (16, 0)], True),
        ([(15, 15), (18, 0)], True),
        ([(10, 0), (10, 0)], False),
        ([(16, 0), (10, 0)], False),
    ],
)
def test_one_chain_a_day_near_the_close_counts_as_the_market_before_it(
    tmp_path: Path, hours: list[tuple[int, int]], placed: bool
) -> None:
    moments = [at(day, *time_) for day, time_ in zip((MONDAY, TUESDAY), hours, strict=True)]
    exports = read_chain_file(optionsdx(tmp_path / "spx_x.txt", moments, [FRIDAY])).exports
    recording = ExportRecording(exports, CALENDAR, into_session=True)
    assert recording.end_of_day is placed
    assert recording.begins_at == (at(MONDAY, 15, 55) if placed else moments[0])
    assert not ExportRecording(exports, CALENDAR).end_of_day


def test_chains_of_one_time_are_refused(tmp_path: Path) -> None:
    (export,) = read_chain_file(optionsdx(tmp_path / "spx_x.txt", [at(MONDAY, 10)], [FRIDAY])).exports
    with pytest.raises(RecordingError, match="of the same time"):
        ExportRecording([export, replace(export, name="other")], CALENDAR)
