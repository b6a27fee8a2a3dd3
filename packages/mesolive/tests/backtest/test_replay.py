"""`mesolive replay`: days of market at full speed, the same every time, with books that balance."""

from __future__ import annotations

import csv
import json
from collections.abc import Generator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from mesolive.cli.root import app
from mesolive_testkit.paths import SHARED_DATA
from mesolive_testkit.signals import Json, leg, short_put

RECORDED = SHARED_DATA / "lean"
FILES = [
    "autopilot.csv",
    "decisions.jsonl",
    "equity.csv",
    "equity.png",
    "months.csv",
    "positions.csv",
    "results.json",
    "signals.csv",
    "trades.csv",
]
IN_AND_OUT: Json = short_put(
    Structure={
        "Expirations": [{"Name": "e", "DTE": "0", "Min": "0", "Max": "0", "Roots": {"Include": ["SPXW"]}}],
        "Legs": [leg("p", -1, Delta=30), leg("w", 1, StrikePrice="leg_p_strike - 50")],
    },
    Entry={"Schedule": {"AfterMarketOpenMinutes": 60, "Every": "day"}, "VarDefines": {"dice": "random(1, 1000)"}},
    Exit={"Conditions": ["dice > 2000"]},
)


@pytest.fixture(autouse=True)
def logs_apart(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Leave the logging of the test run as it is: what is set up for a process would outlive the command."""

    def as_it_is(_level: int) -> None:
        pass

    monkeypatch.setattr("mesolive.cli.replay.configure_logs", as_it_is)
    with capture_logs():
        yield


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)])


def definition(folder: Path, raw: Json) -> Path:
    path = folder / "strategy.json"
    path.write_text(json.dumps(raw))
    return path


def simulated(strategy: Path, *more: object, last: str = "2026-01-06") -> Result:
    market = ("--market", "simulated", "--from", "2026-01-05", "--to", last, "--every", 1800)
    return run("--strategy", strategy, *market, *more)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_replay_trades_settles_and_balances_and_is_the_same_every_time(tmp_path: Path) -> None:
    strategy = definition(tmp_path, IN_AND_OUT)
    one, two = tmp_path / "one", tmp_path / "two"
    first, second = simulated(strategy, "--out", one), simulated(strategy, "--out", two)
    assert first.exit_code == 0, first.output
    assert first.stdout.replace(str(one), "") == second.stdout.replace(str(two), "")
    assert sorted(path.name for path in one.iterdir()) == sorted(FILES)
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name
    trades = rows(one / "trades.csv")
    assert [(row["time"], row["leg"], row["settled"]) for row in trades[:4]] == [
        ("2026-01-05T15:30:00Z", "p", ""),
        ("2026-01-05T15:30:00Z", "w", ""),
        ("2026-01-05T21:00:00Z", "p", "yes"),
        ("2026-01-05T21:00:00Z", "w", "yes"),
    ]
    assert len(trades) == 8
    equity = rows(one / "equity.csv")
    assert len(equity) == 2 * 15, "the opening, twelve steps, five minutes before the close, the close"
    assert (equity[0]["value"], equity[-1]["positions"]) == ("100000", "0")
    assert equity[-1]["value"] == equity[-1]["cash"]
    reported = [(row["what"], row["state"]) for row in rows(one / "signals.csv")]
    assert reported[:4] == [("entry", "On"), ("position", "Created"), ("entry", "Off"), ("position", "Closed")]
    assert "the books balance" in first.output


def test_a_replay_by_orders_walks_fills_settles_and_is_the_same_every_time(tmp_path: Path) -> None:
    strategy = definition(tmp_path, IN_AND_OUT)
    one, two = tmp_path / "one", tmp_path / "two"
    kind = ("--account-kind", "simulated", "--max-concession", 1, "--commission", "1.00")
    first, second = (simulated(strategy, *kind, "--out", folder) for folder in (one, two))
    assert first.exit_code == 0, first.output
    assert first.stdout.replace(str(one), "") == second.stdout.replace(str(two), "")
    assert sorted(path.name for path in one.iterdir()) == sorted([*FILES, "orders.csv"])
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name
    orders = rows(one / "orders.csv")
    assert {row["state"] for row in orders} == {"Replaced", "Filled"}
    assert sum(row["state"] == "Filled" for row in orders) == 2
    limits = [float(row["limit"]) for row in orders if row["time"].startswith("2026-01-05")]
    assert limits == sorted(limits), "it gives way step by step"
    trades = rows(one / "trades.csv")
    assert [(row["leg"], row["settled"]) for row in trades[:4]] == [("p", ""), ("w", ""), ("p", "yes"), ("w", "yes")]
    assert {row["commission"] for row in trades if not row["settled"]} == {"1"}
    outcomes = [row["text"] for row in rows(one / "autopilot.csv") if row["what"] == "outcome"]
    assert outcomes == ["done", "done"]
    equity = rows(one / "equity.csv")
    assert equity[-1]["value"] == equity[-1]["cash"]
    assert "the books balance" in first.output


def test_a_walk_that_is_not_filled_leaves_the_account_as_it_was(tmp_path: Path) -> None:
    kind = ("--account-kind", "simulated", "--order-style", "mid", "--slippage", 1)
    result = simulated(definition(tmp_path, IN_AND_OUT), *kind, "--out", tmp_path, last="2026-01-05")
    assert result.exit_code == 0, result.output
    assert rows(tmp_path / "trades.csv") == []
    assert {row["state"] for row in rows(tmp_path / "orders.csv")} == {"Cancelled"}
    assert "unfilled" in result.output


@pytest.mark.shared_data
@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded market data is not beside the checkout")
def test_recorded_days_are_replayed(tmp_path: Path) -> None:
    raw = short_put(
        Symbol="GOOG",
        Structure={
            "Expirations": [{"Name": "e", "DTE": "20"}],
            "Legs": [leg("p", -1, StrikePrice="underlying_price - 20")],
        },
        Entry={"Concurrency": {"MaxPositionsInFlight": 1}},
    )
    recorded = ("--strategy", definition(tmp_path, raw), "--recording", RECORDED, "--every", 1800)
    result = run(*recorded)
    assert result.exit_code == 0, result.output
    assert "1 closed" in result.output or "1 open" in result.output
    by_orders = run(*recorded, "--account-kind", "simulated", "--max-concession", 1)
    assert by_orders.exit_code == 0, by_orders.output
    assert "1 closed" in by_orders.output or "1 open" in by_orders.output


def test_options_on_futures_are_replayed_over_their_session_of_23_hours(tmp_path: Path) -> None:
    structure = IN_AND_OUT["Structure"] | {"Expirations": [{"Name": "e", "DTE": "1", "Min": "1", "Max": "1"}]}
    leaving = {"Conditions": ["timing.minutes_before_close <= -30"]}
    strategy = definition(tmp_path, IN_AND_OUT | {"Symbol": "ES", "Structure": structure, "Exit": leaving})
    out = tmp_path / "out"
    result = run(
        "--strategy", strategy, "--market", "simulated", "--from", "2026-01-05", "--to", "2026-01-05",
        "--every", 14_400, "--out", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "simulated ES futures" in result.output
    assert "the books balance" in result.output
    times = [row["time"] for row in rows(out / "equity.csv")]
    assert (times[0], times[-1]) == ("2026-01-04T23:00:00Z", "2026-01-05T22:00:00Z")
    trades = rows(out / "trades.csv")
    assert [(row["time"], row["leg"]) for row in trades] == [
        ("2026-01-05T15:30:00Z", "p"),
        ("2026-01-05T15:30:00Z", "w"),
        ("2026-01-05T21:55:00Z", "p"),
        ("2026-01-05T21:55:00Z", "w"),
    ], "left an hour after the stocks' close"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "either --recording FILE or --market simulated"),
        (("--market", "simulated"), "needs --from and --to"),
        (("--market", "simulated", "--from", "soon", "--to", "2026-01-06"), "a day such as"),
        (("--market", "simulated", "--from", "2026-01-07", "--to", "2026-01-06"), "--to on or after --from"),
        (("--market", "simulated", "--from", "2026-01-03", "--to", "2026-01-04"), "no trading day in the range"),
        (
            ("--market", "simulated", "--every", "5"),
            "is not in the range 10<=x",
        ),
        (("--market", "simulated", "--from", "2026-01-05", "--to", "2026-01-06", "--cash", "much"), "an amount"),
        (
            ("--market", "simulated", "--from", "2026-01-05", "--to", "2026-01-06", "--slippage", "2"),
            "a number from 0 to 1",
        ),
    ],
)
def test_a_definition_that_cannot_be_replayed_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(
        app, ["replay", "--strategy", str(definition(tmp_path, IN_AND_OUT)), *arguments]
    )
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())


def test_a_definition_that_is_refused_ends_with_status_1(tmp_path: Path) -> None:
    result = simulated(definition(tmp_path, short_put(Exit={"ProfitTarget": "no_such_variable"})))
    assert result.exit_code == 1
    assert "no_such_variable" in result.output


def test_warnings_of_a_definition_are_shown_before_the_replay_starts(tmp_path: Path) -> None:
    """A schedule that never comes would otherwise show as a month in which nothing happens."""
    raw = short_put(
        Structure={
            "Expirations": [{"Name": "e", "DTE": "30"}],
            "Legs": [leg("p", -1, Delta="0.30")],
        },
        Entry={"Schedule": {"AfterMarketOpenMinutes": 60, "Every": "sat"}},
        Exit={"Schedule": {"BeforeMarketCloseMinutes": 0, "Every": "day"}, "MaxDaysInTrade": 3},
        Backtest={"Cash": 50_000},
    )
    strategy = definition(tmp_path, raw)
    result = simulated(strategy, "--json")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert [warning.partition(":")[0] for warning in printed["Warnings"]] == [
        "Structure.Legs[0].StrikeSelector.Delta",
        "Entry.Schedule.Every",
        "Exit.Schedule.BeforeMarketCloseMinutes",
    ]
    assert not any("not used by a live run" in warning for warning in printed["Warnings"]), "replay uses Backtest"
    shown = " ".join(simulated(strategy).stdout.split())
    assert "warning Structure.Legs[0].StrikeSelector.Delta: is less than a hundredth of a share" in shown


def test_a_file_takes_the_place_of_the_external_data(tmp_path: Path) -> None:
    raw = IN_AND_OUT | {"ExternalData": {"CsvUrl": "https://gist.githubusercontent.com/nobody/0/raw/signal.csv"}}
    raw = raw | {"Entry": {"Schedule": IN_AND_OUT["Entry"]["Schedule"], "Conditions": ["allowed == 1"]}}
    data = tmp_path / "signal.csv"
    data.write_text("date,allowed\n2026-01-02,0\n2026-01-05,1\n")
    result = simulated(definition(tmp_path, raw), "--external-data", data, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert {row["time"][:10] for row in rows(tmp_path / "trades.csv")} == {"2026-01-06"}
    without = simulated(definition(tmp_path, IN_AND_OUT), "--external-data", data)
    assert without.exit_code == 2
    assert "reads no ExternalData" in " ".join(without.output.split())


@pytest.mark.timeout(600)
def test_strategies_in_processes_of_their_own_have_the_output_of_each_alone_in_the_order_of_the_options(
    tmp_path: Path,
) -> None:
    first = tmp_path / "first.json"
    second = tmp_path / "second.json"
    first.write_text(json.dumps(IN_AND_OUT | {"StrategyName": "first"}))
    second.write_text(json.dumps(IN_AND_OUT | {"StrategyName": "second", "Exit": {"MaxDaysInTrade": 1}}))
    day = "2026-01-05"
    alone = [simulated(path, "--out", tmp_path / "alone" / path.stem, last=day) for path in (second, first)]
    assert [result.exit_code for result in alone] == [0, 0]
    together = tmp_path / "together"
    result = simulated(second, "--strategy", first, "--processes", 2, "--out", together, last=day)
    assert result.exit_code == 0, result.output
    expected = "\n".join(item.stdout for item in alone)
    assert result.stdout.replace(str(together), "") == expected.replace(str(tmp_path / "alone"), "")
    for name in ("first", "second"):
        for path in (tmp_path / "alone" / name).iterdir():
            assert path.read_bytes() == (together / name / path.name).read_bytes(), path.name


@pytest.mark.timeout(600)
def test_a_strategy_that_is_refused_keeps_no_other_from_being_replayed(tmp_path: Path) -> None:
    sound, broken = tmp_path / "sound.json", tmp_path / "broken.json"
    sound.write_text(json.dumps(IN_AND_OUT))
    broken.write_text("[]")
    result = simulated(broken, "--strategy", sound, "--processes", 2, last="2026-01-05")
    assert result.exit_code == 2
    assert "the books balance" in result.stdout
    assert "broken.json is not a JSON object" in result.stderr
    named_alike = tmp_path / "other" / "sound.json"
    named_alike.parent.mkdir()
    named_alike.write_text(json.dumps(IN_AND_OUT))
    refused = simulated(sound, "--strategy", named_alike, "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert "two files have the same name" in refused.stderr
