"""`mesolive chain check`: what a file is, what is read, what is odd, and how a refusal reads."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mesolive.cli.chain import chain_app
from mesolive.records import replace
from mesolive_testkit.market import option_bars
from mesolive_testkit.market.chain_files import WHEN, ChainText

RUN = CliRunner()
CHAIN = ChainText()


def checked(path: Path, *options: str, columns: int = 120) -> tuple[int, str]:
    result = RUN.invoke(chain_app, ["check", str(path), *options], env={"COLUMNS": str(columns)})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def written(folder: Path, content: str, name: str = "chain.csv") -> Path:
    path = folder / name
    path.write_text(content)
    return path


@pytest.mark.parametrize("columns", [80, 120])
def test_the_report_names_the_format_and_what_was_read(tmp_path: Path, columns: int) -> None:
    status, shown = checked(written(tmp_path, CHAIN.csv()), columns=columns)
    assert status == 0
    for part in (
        "chain.csv: CSV export of the exchange's delayed quotes page, utf-8",
        "SPX, S&P 500 INDEX (index)",
        "6,500.00",
        "Mon 2026-03-16 16:15 EDT (20:15 UTC)",
        "3, 2026-03-20 to 2026-06-18",
        "126: ",
        "nothing odd",
    ):
        assert part in shown
    assert all(len(line) <= columns for line in shown.splitlines())


def test_every_oddity_is_named_with_its_count_and_an_example(tmp_path: Path) -> None:
    adjusted = replace(CHAIN, root="SPXW1", days=(date(2026, 4, 17),)).csv().splitlines()[4:]
    status, shown = checked(written(tmp_path, replace(CHAIN, printed=6800.0, extra=adjusted).csv()))
    assert status == 0
    assert "6,800.00" in shown
    assert "corrected" in shown
    assert "left out" in shown
    assert "42  contracts of SPXW1" in shown
    assert "SPXW1260417C06000000, line 68" in shown


def test_a_file_that_cannot_be_used_ends_with_status_1_and_the_reason(tmp_path: Path) -> None:
    content = CHAIN.csv('"Date: March 16, 2024 at 4:15 PM EDT"')
    status, shown = checked(written(tmp_path, content))
    assert status == 1
    assert "CSV export of the exchange's delayed quotes page, cannot be used" in shown
    assert "line 3, column 'Date'" in shown
    assert "734 days before the first expiration" in " ".join(shown.split())


def test_json_holds_the_same_for_programs(tmp_path: Path) -> None:
    status, shown = checked(written(tmp_path, replace(CHAIN, printed=6800.0).csv()), "--json")
    assert status == 0
    result = json.loads(shown)
    assert (result["Usable"], result["Format"], result["Encoding"]) == (True, "EXCHANGE_CSV", "utf-8")
    (snapshot,) = result["Snapshots"]
    assert (snapshot["Underlying"], snapshot["IsIndex"], snapshot["Contracts"]) == ("SPX", True, 126)
    assert (snapshot["Print"], snapshot["Time"]) == (6800.0, "2026-03-16T20:15:00Z")
    assert [expiration["Root"] for expiration in snapshot["Expirations"]] == ["SPXW"] * 3
    (oddity,) = result["Oddities"]
    assert (oddity["Code"], oddity["Treatment"], oddity["Count"], oddity["Line"]) == (
        "spot_contradicted",
        "corrected",
        1,
        2,
    )
    status, shown = checked(written(tmp_path, "hello\n", "other.csv"), "--json")
    assert status == 1
    refused = json.loads(shown)
    assert (refused["Usable"], refused["Format"], refused["Line"]) == (False, None, 1)


def test_a_file_of_several_times_lists_them(tmp_path: Path) -> None:
    content = CHAIN.optionsdx([WHEN + timedelta(days=days) for days in (0, 1)])
    status, shown = checked(written(tmp_path, content, "spx_eod_202603.txt"))
    assert status == 0
    assert "the first of 2 times" in shown
    assert "Tue 2026-03-17 16:15 EDT" in shown


def test_an_archive_of_minute_bars_is_known(tmp_path: Path) -> None:
    rows = [f"{34_200_000 + minute * 60_000},1,1,1,10000,5,2,2,2,12000,5" for minute in range(3)]
    path = option_bars(tmp_path / "bars.zip", date(2015, 12, 24), {("goog", "call", 750, date(2016, 1, 15)): rows})
    status, shown = checked(path)
    assert status == 0
    assert "minute quotes of options" in shown
    assert "GOOG (stock or fund)" in shown
    broken = tmp_path / "broken.zip"
    broken.write_bytes(path.read_bytes()[:-60])
    assert checked(broken)[0] == 1


def test_names_in_a_file_do_not_steer_the_terminal(tmp_path: Path) -> None:
    status, shown = checked(written(tmp_path, replace(CHAIN, name="S&P\x1b[31m [red]500").csv()))
    assert status == 0
    assert "\x1b" not in shown
    assert "[red]500" in shown


def test_a_missing_file_or_a_folder_is_a_usage_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.csv"):
        assert RUN.invoke(chain_app, ["check", str(path)]).exit_code == 2
