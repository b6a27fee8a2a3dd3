"""Recorded days replay as one session after another: chains of several days, months of OptionsDX, folders of bars."""

from __future__ import annotations

import csv
import json
from collections.abc import Generator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from mesolive.cli.root import app
from mesolive_testkit.market.recorded_days import NEW_YORK, bar_days, exchange_days, optionsdx
from mesolive_testkit.signals import Json, leg, short_put

WEEK = [date(2023, 12, 4) + timedelta(days=day) for day in range(5)]
FRIDAYS = [date(2023, 12, 8), date(2023, 12, 15)]


@pytest.fixture(autouse=True)
def logs_apart(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Leave the logging of the test run as it is: what is set up for a process would outlive the command."""

    def as_it_is(_level: int) -> None:
        pass

    monkeypatch.setattr("mesolive.cli.replay.configure_logs", as_it_is)
    with capture_logs():
        yield


def weekly_put(**sections: object) -> Json:
    """Sell a put that expires this week, an hour after the opening; hold it to its expiration."""
    raw = short_put(
        Structure={
            "Expirations": [{"Name": "e", "DTE": "4", "Max": "7"}],
            "Legs": [leg("p", -1, StrikePrice="underlying_price - 50")],
        },
        Entry={
            "Schedule": {"AfterMarketOpenMinutes": 60, "Every": "day"},
            "Concurrency": {"MaxPositionsInFlight": 1},
            "ReentryDays": 30,
        },
        Exit={"MaxDaysInTrade": 30, "Schedule": {"BeforeMarketCloseMinutes": 60, "Every": "day"}},
    )
    return raw | sections


def replayed(folder: Path, recording: Path, raw: Json, *more: object) -> tuple[Result, list[dict[str, str]]]:
    strategy = folder / "strategy.json"
    strategy.write_text(json.dumps(raw))
    out = folder / "out"
    arguments = ("--strategy", strategy, "--recording", recording, "--every", 1800, "--out", out, *more)
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["replay", *map(str, arguments)])
    trades: list[dict[str, str]] = []
    if (out / "trades.csv").exists():
        with (out / "trades.csv").open(newline="") as file:
            trades = list(csv.DictReader(file))
    return result, trades


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), NEW_YORK)


def when(trades: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["time"], row["settled"]) for row in trades]


ENTERED_AND_SETTLED = [("2023-12-04T15:30:00Z", ""), ("2023-12-08T21:00:00Z", "yes")]


def test_a_month_of_end_of_day_chains_trades_shortly_before_each_close(tmp_path: Path) -> None:
    file = optionsdx(tmp_path / "spx_eod_202312.txt", [at(day, 16) for day in WEEK], FRIDAYS)
    result, trades = replayed(tmp_path, file, weekly_put())
    assert result.exit_code == 0, result.output
    assert when(trades) == [("2023-12-04T20:55:00Z", ""), ("2023-12-08T21:00:00Z", "yes")]
    assert "one chain a day" in result.output
    assert "5 days" in result.output


@pytest.mark.parametrize("hour", [16, 11])
def test_the_gaps_between_chains_are_no_errors_and_every_replay_is_the_same(tmp_path: Path, hour: int) -> None:
    """How long a replay takes decides nothing: a provider that is asked for its state now and then would."""
    file = optionsdx(tmp_path / "spx_202312.txt", [at(day, hour) for day in WEEK], FRIDAYS)
    written: list[dict[str, bytes]] = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        result, _ = replayed(folder, file, weekly_put())
        assert result.exit_code == 0, result.output
        assert "Errors" not in result.output
        written.append({path.name: path.read_bytes() for path in (folder / "out").iterdir()})
    assert written[0] == written[1]
    assert b"error" not in written[0]["signals.csv"]


def test_chains_of_every_half_hour_trade_at_their_scheduled_times(tmp_path: Path) -> None:
    moments = [at(day, 9, 30) + timedelta(minutes=30 * step) for day in WEEK for step in range(14)]
    file = optionsdx(tmp_path / "data" / "spx_30x_202312.txt", moments, FRIDAYS)
    result, trades = replayed(tmp_path, file, weekly_put())
    assert result.exit_code == 0, result.output
    assert when(trades) == ENTERED_AND_SETTLED
    assert "one chain a day" not in result.output
    assert "no quotes" not in result.output


def test_chain_exports_of_successive_days_are_one_recording(tmp_path: Path) -> None:
    folder = exchange_days(tmp_path / "chains", [at(day, 18, 30) for day in WEEK], FRIDAYS)
    result, trades = replayed(tmp_path, folder, weekly_put())
    assert result.exit_code == 0, result.output
    assert when(trades)[0] == ("2023-12-04T20:55:00Z", "")
    assert "5 days" in result.output


def test_european_index_bars_of_several_days_are_index_options(tmp_path: Path) -> None:
    folder = bar_days(tmp_path / "bars", [WEEK[0], WEEK[1], WEEK[4]], FRIDAYS)
    result, trades = replayed(tmp_path, folder, weekly_put())
    assert result.exit_code == 0, result.output
    assert when(trades) == ENTERED_AND_SETTLED
    assert trades[0]["contract"].startswith("SPXW 2023-12-08")
    assert "3 days" in result.output, "a day without a recording is not a session"


def test_american_bars_of_several_days_are_stock_options(tmp_path: Path) -> None:
    folder = bar_days(
        tmp_path / "bars", WEEK[:2], FRIDAYS, options="goog", underlying="goog", style="american", level=800.0, every=60
    )
    raw = weekly_put(Symbol="GOOG", Exit={"MaxDaysInTrade": "0.5"})
    result, trades = replayed(tmp_path, folder, raw)
    assert result.exit_code == 0, result.output
    assert [row["time"][:10] for row in trades] == ["2023-12-04", "2023-12-05"]


def test_index_options_without_the_price_of_their_index_are_refused(tmp_path: Path) -> None:
    folder = bar_days(tmp_path / "bars", WEEK[:1], FRIDAYS, every=120)
    for file in (folder / "index" / "spx").iterdir():
        file.unlink()
    result, _ = replayed(tmp_path, folder, weekly_put())
    assert result.exit_code == 2
    assert "without the price of SPX" in " ".join(result.output.replace("│", " ").split())


def test_a_symbol_that_is_not_recorded_is_refused_before_the_first_day(tmp_path: Path) -> None:
    file = optionsdx(tmp_path / "spx_eod_202312.txt", [at(day, 16) for day in WEEK], FRIDAYS)
    result, _ = replayed(tmp_path, file, weekly_put(Symbol="XYZ"))
    assert result.exit_code == 1
    assert "the strategy trades XYZ, and the market has SPX only" in result.output
    assert not (tmp_path / "out").exists()


def test_a_range_without_a_recorded_day_is_refused(tmp_path: Path) -> None:
    file = optionsdx(tmp_path / "spx_eod_202312.txt", [at(day, 16) for day in WEEK], FRIDAYS)
    result, _ = replayed(tmp_path, file, weekly_put(), "--from", "2023-12-09", "--to", "2023-12-10")
    assert result.exit_code == 2
    assert "no trading day from 2023-12-09 to 2023-12-10 is recorded" in " ".join(
        result.output.replace("│", " ").split()
    )
