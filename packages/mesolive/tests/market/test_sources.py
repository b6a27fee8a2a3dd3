"""Sources of market data as settings ask for them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from mesolive.market.service import Market
from mesolive.market.sources import SourceError, SourceRequest, open_source
from mesolive_sdk.models import AgentStatus, DataProviderType
from mesolive_testkit.market import CALENDAR, MORNING, export_bytes, option_bars
from mesolive_testkit.market.chain_files import ChainText
from mesolive_testkit.market.files import export_row

DAY = date(2015, 12, 24)


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    path = tmp_path / "chain.csv"
    path.write_bytes(export_bytes([export_row("SPXW", date(2024, 3, 15), 5000, (20.1, 20.4), (19.8, 20.2))]))
    return path


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    rows = [f"{34_200_000 + number * 60_000},1,1,1,10000,5,2,2,2,12000,5" for number in range(3)]
    return option_bars(tmp_path / "bars.zip", DAY, {("goog", "call", 750, date(2016, 1, 15)): rows})


async def test_a_generated_market_starts_inside_a_session() -> None:
    source = open_source("simulated", SourceRequest())
    assert CALENDAR.is_open(source.clock.now())
    market = Market([source.provider])
    await market.start()
    assert market.view("SPX").underlying.quote.last is not None
    await market.stop()


async def test_a_chain_file_starts_at_its_own_time_and_with_its_quotes(chain: Path) -> None:
    source = open_source("simulated", SourceRequest(path=chain, speed=0.001))
    assert source.provider.name is DataProviderType.Simulated
    assert MORNING <= source.clock.now() < MORNING + timedelta(seconds=1)
    market = Market([source.provider])
    await market.start()
    assert sorted(market.view("SPX").columns.values["bid"].tolist()) == [19.8, 20.1]
    await market.stop()


async def test_a_recording_starts_at_its_first_option_quote(bars: Path) -> None:
    source = open_source("recorded", SourceRequest(path=bars, speed=0.001))
    assert source.provider.name is DataProviderType.Recorded
    market = Market([source.provider])
    await market.start()
    assert market.status().state is AgentStatus.Connected
    assert market.view("GOOG").columns.values["bid"].tolist() == [1.0]
    await market.stop()


def test_what_was_odd_in_a_chain_goes_with_the_market(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(ChainText(printed=6800.0).csv())
    for kind in ("simulated", "recorded"):
        source = open_source(kind, SourceRequest(path=path))
        assert [note.partition(":")[0] for note in source.notes] == ["corrected"]
        assert Market([source.provider], notes=source.notes).notes == tuple(source.notes)
    assert list(open_source("simulated", SourceRequest()).notes) == []


def test_another_start_may_be_asked_for(chain: Path, bars: Path) -> None:
    later = MORNING + timedelta(days=1)
    assert open_source("simulated", SourceRequest(path=chain, start=later)).clock.now() >= later
    middle = datetime(2015, 12, 24, 14, 32, tzinfo=UTC)
    assert open_source("recorded", SourceRequest(path=bars, start=middle)).clock.now() >= middle


def test_market_time_does_not_go_back_over_restarts(chain: Path, bars: Path) -> None:
    future = datetime(2030, 1, 4, 20, 30, tzinfo=UTC)
    generated = open_source("simulated", SourceRequest(not_before=future)).clock.now()
    assert generated >= future
    assert CALENDAR.is_open(generated), "and it starts inside a session"
    evening = datetime(2030, 1, 4, 23, 0, tzinfo=UTC)
    asked = SourceRequest(start=MORNING, not_before=evening)
    with structlog.testing.capture_logs() as logs:
        goes_on = open_source("simulated", asked).clock.now()
    assert goes_on >= evening
    assert CALENDAR.is_open(goes_on)
    assert [record["log_level"] for record in logs] == ["warning"], (
        "who asked for a start is told that he does not get it"
    )
    reached = MORNING + timedelta(days=3)
    assert open_source("simulated", SourceRequest(path=chain, not_before=reached)).clock.now() >= reached
    middle = datetime(2015, 12, 24, 14, 32, tzinfo=UTC)
    assert open_source("recorded", SourceRequest(path=bars, not_before=middle)).clock.now() >= middle


def test_the_time_of_the_same_market_resumes_exactly(chain: Path, bars: Path) -> None:
    for moment in (datetime(2026, 1, 5, 20, 49, tzinfo=UTC), datetime(2026, 1, 10, 3, 0, tzinfo=UTC)):
        resumed = SourceRequest(speed=0.001, not_before=moment, resumed=True)
        assert open_source("simulated", resumed).clock.now() - moment < timedelta(seconds=1)
    for kind, path, moment in (
        ("simulated", chain, MORNING + timedelta(days=3, hours=9)),
        ("recorded", bars, datetime(2015, 12, 24, 14, 32, tzinfo=UTC)),
    ):
        resumed = SourceRequest(path=path, speed=0.001, not_before=moment, resumed=True)
        assert open_source(kind, resumed).clock.now() - moment < timedelta(seconds=1)


def test_files_of_earlier_days_than_another_markets_start_at_their_own_time(chain: Path, bars: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        for kind, path in (("simulated", chain), ("recorded", bars)):
            later = SourceRequest(path=path, not_before=datetime(2026, 1, 5, tzinfo=UTC))
            started = open_source(kind, later).clock.now()
            assert started - open_source(kind, SourceRequest(path=path)).clock.now() < timedelta(minutes=1)
    assert [(record["event"], record["log_level"]) for record in logs] == 2 * [("market_time_went_back", "warning")]


def test_the_error_of_an_invalid_market_is_one_line(tmp_path: Path, chain: Path, bars: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"Last:")
    late = datetime(2016, 1, 1, tzinfo=UTC)
    for kind, request, problem in (
        ("imagined", SourceRequest(), "there are: simulated, recorded"),
        ("simulated", SourceRequest(path=tmp_path / "nowhere.csv"), "nowhere.csv cannot be read: No such file"),
        ("simulated", SourceRequest(path=broken), "broken.csv cannot be used: line 1"),
        ("simulated", SourceRequest(speed=0.0), "speed must be greater than 0"),
        ("recorded", SourceRequest(), "needs the recording"),
        ("recorded", SourceRequest(path=tmp_path / "nowhere"), "cannot be read"),
        ("recorded", SourceRequest(path=broken), "broken.csv: line 1"),
        ("recorded", SourceRequest(path=bars, speed=-1.0), "speed must be greater than 0"),
        ("recorded", SourceRequest(path=bars, start=late), "bars.zip ends at 2015-12-24 14:33 UTC"),
        ("recorded", SourceRequest(path=chain, start=datetime(2025, 1, 1, tzinfo=UTC)), "chain.csv ends at"),
    ):
        with pytest.raises(SourceError, match=re.escape(problem)) as caught:
            open_source(kind, request)
        assert "\n" not in str(caught.value)
