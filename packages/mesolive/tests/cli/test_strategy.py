"""`mesolive strategy`: check, convert, schema."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mesolive.cli.strategy import strategy_app
from mesolive_testkit.language.strategies import Json, definition
from mesolive_testkit.market.recorded_days import NEW_YORK, optionsdx

RUN = CliRunner()
GOOD = definition(Exit={"ProfitTarget": "0.5"}, Backtest={"Cash": 1})
BAD = definition(Exit={"ProfitTarget": "undrlying_price", "StopLoss": "a = b"})
OLD: Json = {**definition(), "MesoSimVersion": "2.8", "TemplateName": "x", "Cash": "100.50"}


@pytest.fixture
def write(tmp_path: Path) -> Path:
    for name, raw in (("good", GOOD), ("bad", BAD), ("old", OLD)):
        (tmp_path / f"{name}.json").write_text(json.dumps(raw))
    return tmp_path


def test_a_good_definition_ends_with_status_0_and_its_warnings(write: Path) -> None:
    result = RUN.invoke(strategy_app, ["check", str(write / "good.json")])
    assert result.exit_code == 0
    assert "Backtest: is not used by a live run" in result.output
    assert "is valid: SPX, legs a" in result.output


def test_a_bad_definition_ends_with_status_1_and_every_problem(write: Path) -> None:
    result = RUN.invoke(strategy_app, ["check", str(write / "bad.json")])
    assert result.exit_code == 1
    assert "Exit.ProfitTarget" in result.output
    assert "did you mean 'underlying_price'?" in result.output
    assert "Exit.StopLoss" in result.output
    assert "is not valid: 2 errors" in result.output


def test_market_data_must_have_the_underlying(write: Path) -> None:
    friday = datetime(2023, 12, 8, 16, tzinfo=NEW_YORK)
    data = optionsdx(write / "spx_eod_202312.txt", [friday], [date(2023, 12, 15)])
    (write / "other.json").write_text(json.dumps(definition(Symbol="XYZ")))
    good = RUN.invoke(strategy_app, ["check", str(write / "good.json"), "--market-data", str(data)])
    assert good.exit_code == 0, good.output
    other = RUN.invoke(strategy_app, ["check", str(write / "other.json"), "--market-data", str(data)])
    assert other.exit_code == 1
    assert "Symbol: spx_eod_202312.txt has no market of it; expected SPX; found XYZ" in other.output


def test_json_has_every_problem_with_path_expected_and_actual_value(write: Path) -> None:
    result = RUN.invoke(strategy_app, ["check", str(write / "bad.json"), "--json"])
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["CanRun"] is False
    assert [problem["Path"] for problem in report["Problems"]] == ["Exit.ProfitTarget", "Exit.StopLoss"]
    assert set(report["Problems"][0]) == {"Path", "Message", "Expected", "Found"}


def test_standard_input_is_read(write: Path) -> None:
    result = RUN.invoke(strategy_app, ["check", "-"], input=json.dumps(GOOD))
    assert result.exit_code == 0


def test_a_file_that_is_not_there_is_one_clear_line(write: Path) -> None:
    result = RUN.invoke(strategy_app, ["check", str(write / "none.json")])
    assert result.exit_code == 2
    assert "No such file" in result.output
    assert "Traceback" not in result.output


def test_converting_writes_the_definition_and_reports(write: Path) -> None:
    result = RUN.invoke(strategy_app, ["convert", str(write / "old.json")])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["Backtest"] == {"Cash": "100.50"}
    assert "[AUTO] StrategyName: moved here from TemplateName" in result.stderr


def test_converting_to_a_file_gives_one_that_checks(write: Path) -> None:
    target = write / "new.json"
    assert RUN.invoke(strategy_app, ["convert", str(write / "old.json"), "--output", str(target)]).exit_code == 0
    assert RUN.invoke(strategy_app, ["check", str(target)]).exit_code == 0


def test_converting_what_has_no_meaning_ends_with_status_1(write: Path) -> None:
    (write / "old.json").write_text(json.dumps({**OLD, "Indicators": {"Standard": {"x": {"Type": "ADX"}}}}))
    result = RUN.invoke(strategy_app, ["convert", str(write / "old.json"), "--json"])
    assert result.exit_code == 1
    assert {line["Level"] for line in json.loads(result.stdout)["Lines"]} == {"AUTO", "ERROR"}
    (write / "old.json").write_text("{")
    assert RUN.invoke(strategy_app, ["convert", str(write / "old.json")]).exit_code == 1


def test_the_schema_is_written_as_json(tmp_path: Path) -> None:
    shown = json.loads(RUN.invoke(strategy_app, ["schema"]).stdout)
    assert shown["title"].startswith("MesoLive strategy definition")
    target = tmp_path / "schema.json"
    assert RUN.invoke(strategy_app, ["schema", "--output", str(target)]).exit_code == 0
    assert json.loads(target.read_text()) == shown
