"""The decision log, the definition's settings and what is printed: what a trader reads after a backtest."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from mesolive.cli.root import app
from mesolive_testkit.signals import Json, leg, short_put

DAYS = ("--market", "simulated", "--from", "2026-01-05", "--to", "2026-01-05", "--every", 23_400)
ENTRY_MINUTES = 75


@pytest.fixture(autouse=True)
def logs_apart(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Leave the logging of the test run as it is: what is set up for a process would outlive the command."""

    def as_it_is(_level: int) -> None:
        pass

    monkeypatch.setattr("mesolive.cli.replay.configure_logs", as_it_is)
    with capture_logs():
        yield


def day_trade(**sections: object) -> Json:
    """Sell a put at a time that lies off the grid, and close it two hours later."""
    raw = short_put(
        StrategyName="day trade",
        Structure={
            "Expirations": [{"Name": "e", "DTE": "7", "Roots": {"Include": ["SPXW"]}}],
            "Legs": [leg("p", -1, Delta=20)],
        },
        Entry={
            "Schedule": {"AfterMarketOpenMinutes": ENTRY_MINUTES, "Every": "day"},
            "Concurrency": {"MaxPositionsInFlight": 1},
            "Conditions": ["underlying_price > 0"],
            "VarDefines": {"credit": "leg_p_price * 100"},
        },
        Exit={
            "Schedule": {"AfterMarketOpenMinutes": 195, "Every": "day"},
            "ProfitTarget": "100 * credit",
            "Conditions": ["minutes_after_open >= 195"],
        },
    )
    return raw | sections


def replayed(folder: Path, raw: Json, *more: object) -> Result:
    strategy = folder / "strategy.json"
    strategy.write_text(json.dumps(raw))
    return CliRunner(env={"COLUMNS": "160"}).invoke(app, ["replay", "--strategy", str(strategy), *map(str, more)])


def decisions(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "decisions.jsonl").read_text().splitlines()]


def trades(folder: Path) -> list[dict[str, str]]:
    with (folder / "trades.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_scheduled_time_is_a_decision_with_its_evidence_whatever_the_grid(tmp_path: Path) -> None:
    result = replayed(tmp_path, day_trade(), *DAYS, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert [row["time"] for row in trades(tmp_path)] == ["2026-01-05T15:45:00Z", "2026-01-05T17:45:00Z"]
    logged = {
        (decision["Time"], decision["Decision"]): decision for decision in decisions(tmp_path) if decision["Scheduled"]
    }
    assert sorted(logged) == [("2026-01-05T15:45:00Z", "entry"), ("2026-01-05T17:45:00Z", "exit")]

    entry = logged["2026-01-05T15:45:00Z", "entry"]
    assert (entry["Result"], entry["Holds"], entry["ScheduleOk"]) == ("done", True, True)
    (condition,) = entry["Conditions"]
    assert condition["Statement"] == "underlying_price > 0"
    assert condition["Variables"] == {"underlying_price": entry["Underlying"]}
    (chosen,) = entry["Legs"]
    assert (chosen["Name"], chosen["Qty"], chosen["Trace"]["Target"]) == ("p", -1, 20)
    assert chosen["Trace"]["Candidates"] > 10
    assert chosen["Contract"] == trades(tmp_path)[0]["contract"], "one spelling in all files"
    assert entry["Frozen"]["profit_target"] == pytest.approx(100 * entry["Frozen"]["credit"])
    assert entry["Frozen"]["credit"] == pytest.approx(100 * float(trades(tmp_path)[0]["price"]), abs=3)

    leaving = logged["2026-01-05T17:45:00Z", "exit"]
    assert (leaving["Result"], leaving["Holds"]) == ("done", True)
    held = {item["Type"]: item for item in leaving["Conditions"]}
    assert held["Exit"]["Variables"] == {"minutes_after_open": 195}
    assert held["ProfitTarget"]["Result"] is False
    assert held["ProfitTarget"]["Variables"]["profit_target"] == entry["Frozen"]["profit_target"]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"Conditions": ["underlying_price < 0"]}, "no entry condition holds"),
        ({"Conditions": ["leg_p_delta > 10"]}, "cannot be evaluated"),
        ({"AbortConditions": ["leg_p_price > 0"]}, "the strategy does not allow it"),
    ],
)
def test_a_decision_says_why_nothing_happened(tmp_path: Path, entry: Json, reason: str) -> None:
    raw = day_trade()
    raw["Entry"] = raw["Entry"] | entry
    result = replayed(tmp_path, raw, *DAYS, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert trades(tmp_path) == []
    (logged,) = [
        decision for decision in decisions(tmp_path) if decision["Decision"] == "entry" and decision["Scheduled"]
    ]
    assert logged["Result"] != "done"
    assert reason in logged["Reason"]


def test_the_definitions_own_settings_are_used_and_options_go_before_them(tmp_path: Path) -> None:
    raw = day_trade(
        Backtest={"Name": "my run", "Start": "2026-01-05T09:30:00", "End": "2026-01-05T16:00:00", "Cash": "5000"},
        Settings={
            "Sim": {
                "FillModel": "AtBidAsk",
                "SlippageAmt": "0.5",
                "Commission": {"CommissionModel": "FixedFee", "OptionFee": 2},
                "PositionMonitor": {"TraceCollectionInterval": "Daily"},
            }
        },
    )
    own = tmp_path / "own"
    market = ("--market", "simulated", "--every", 23_400)
    result = replayed(tmp_path, raw, *market, "--out", own, "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["Results"]["Start"] == 5000
    assert answer["Settings"]["Days"].startswith("2026-01-05 to 2026-01-05")
    assert [item["Field"] for item in answer["NotUsed"]] == ["Settings.Sim.PositionMonitor"]
    assert {row["commission"] for row in trades(own)} == {"2"}

    other = tmp_path / "other"
    options = ("--cash", 7000, "--fill-model", "AtMidPrice", "--leg-slippage", 0, "--commission", 1)
    answer = json.loads(replayed(tmp_path, raw, *market, *options, "--out", other, "--json").stdout)
    assert answer["Results"]["Start"] == 7000
    sold, bought = (float(row["price"]) for row in trades(own))
    mid_sold, mid_bought = (float(row["price"]) for row in trades(other))
    assert mid_sold - sold > 0.5, "at the bid, less the slippage"
    assert bought - mid_bought > 0.5, "at the ask, plus the slippage"


def test_a_symbol_without_a_market_is_refused_before_the_first_day(tmp_path: Path) -> None:
    result = replayed(tmp_path, day_trade(Symbol="NVDA"), *DAYS, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "the strategy trades NVDA, and the market has SPX only" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.system
@pytest.mark.timeout(600)
def test_an_output_that_cannot_encode_a_name_loses_no_result(tmp_path: Path) -> None:
    strategy, out = tmp_path / "strategy.json", tmp_path / "out"
    name = "Größe €π – 鉄 🦅 $x^$"
    strategy.write_text(json.dumps(day_trade(StrategyName=name)), encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        "from mesolive.cli.root import main; main()",
        "replay",
        "--strategy",
        str(strategy),
        *map(str, DAYS),
        "--out",
        str(out),
    ]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "COLUMNS": "80"}
    shown = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert shown.returncode == 0, shown.stderr.decode()
    assert b"the books balance" in shown.stdout
    assert shown.stdout.isascii()
    assert len(trades(out)) == 2
    assert (out / "equity.png").stat().st_size > 10_000


def test_trades_and_closes_are_the_same_on_every_grid(tmp_path: Path) -> None:
    collected: list[tuple[list[dict[str, str]], dict[str, Any]]] = []
    for every in (4000, 23_400):
        out = tmp_path / str(every)
        market = ("--market", "simulated", "--from", "2026-01-05", "--to", "2026-01-06", "--every", every)
        result = replayed(tmp_path, day_trade(), *market, "--out", out)
        assert result.exit_code == 0, result.output
        with (out / "equity.csv").open(newline="") as file:
            rows = {row["time"]: (row["value"], row["underlying"]) for row in csv.DictReader(file)}
        collected.append((trades(out), rows))
    (some, closes), (others, other_closes) = collected
    assert some == others
    assert len(some) == 4
    shared = closes.keys() & other_closes.keys()
    assert {"2026-01-05T21:00:00Z", "2026-01-06T21:00:00Z"} <= shared
    assert {at: closes[at] for at in shared} == {at: other_closes[at] for at in shared}


def test_tables_fit_into_80_columns_without_a_broken_word(tmp_path: Path) -> None:
    raw = day_trade()
    raw["Structure"]["Legs"] = [
        leg("short_put", -1, Delta=20),
        leg("long_put", 1, StrikePrice="leg_short_put_strike - 50"),
    ]
    raw["Entry"]["VarDefines"] = {"credit": "leg_short_put_price * 100"}
    strategy = tmp_path / "strategy.json"
    strategy.write_text(json.dumps(raw))
    result = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["replay", "--strategy", str(strategy), *map(str, DAYS)])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert "…" not in result.stdout
    assert sum("short_put" in line.split() for line in lines) == 2
    assert any("minutes_after_open" in line.split() for line in lines), "why the position ended"
