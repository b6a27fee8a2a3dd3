"""`mesolive serve` and `mesolive demo` as processes: what they print, how they end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from mesolive.cli.root import app
from mesolive.samples import iron_condor
from mesolive.settings import Settings
from mesolive_testkit.market.chain_files import ChainText
from mesolive_testkit.paths import SHARED_DATA

MESOLIVE = Path(sys.executable).parent / "mesolive"

TINY_EXPORT = """
Standard & Poors 500 Index,Last: 5000.00,Change:  1.00
"Date: January 5 2026, 11:00 AM EST",Bid: 4999.5,Ask: 5000.5,Size: 1*1,Volume: 0
Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,Last Sale,Net,Bid,Ask,\
Volume,IV,Delta,Gamma,Open Interest
Wed Jan 07 2026,SPXW260107C04900000,0,0,101.5,102.5,0,0,0,0,0,4900.00,SPXW260107P04900000,0,0,1.1,1.3,0,0,0,0,0
Wed Jan 07 2026,SPXW260107C05000000,0,0,22.0,22.6,0,0,0,0,0,5000.00,SPXW260107P05000000,0,0,21.2,21.8,0,0,0,0,0
Wed Jan 07 2026,SPXW260107C05100000,0,0,1.0,1.2,0,0,0,0,0,5100.00,SPXW260107P05100000,0,0,100.1,101.1,0,0,0,0,0
"""


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MESOLIVE_")} | {"COLUMNS": "100"}


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MESOLIVE, *arguments], cwd=cwd, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def running_server(cwd: Path, *arguments: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [MESOLIVE, "serve", "--market", "simulated", "--port", "0", *arguments],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            match = re.search(r"listening on\s+(http://\S+)", line)
            if match:
                yield process, match.group(1)
                break
        else:
            pytest.fail(f"the server did not start: {process.stderr.read() if process.stderr else ''}")
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_where_it_listens_counts_connections_and_stops_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running_server(tmp_path) as (process, url):
        health = httpx.get(f"{url}/health", timeout=60).json()
        assert health["failures"] == []
        busy = "the event loop was held up"  # by the machine, and no fault of the server
        assert [warning for warning in health["warnings"] if busy not in warning] == []
        assert 'mesolive_hub_connections{hub="/hubs/control/v1"} 0.0' in httpx.get(f"{url}/metrics", timeout=60).text
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run("serve", "--port", port, cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        f"mesolive: port: {port} on 127.0.0.1 is in use; stop the other program or choose another port"
    ]


def test_an_address_that_others_reach_is_refused(tmp_path: Path) -> None:
    ended = run("serve", "--host", "0.0.0.0", "--port", "0", cwd=tmp_path)  # noqa: S104 - this is refused
    assert ended.returncode == 2
    assert "--insecure" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_chain_file_that_is_none_is_named_with_its_fault(tmp_path: Path) -> None:
    (tmp_path / "holiday.csv").write_text("this,is\nno,chain\n")
    ended = run("serve", "--market", "simulated", "--port", "0", "--chain", "holiday.csv", cwd=tmp_path)
    assert ended.returncode == 2
    assert "holiday.csv" in ended.stderr
    assert "line" in ended.stderr


def test_a_recorded_session_is_served_on_its_own_time(tmp_path: Path) -> None:
    recording = SHARED_DATA / "lean"
    if not recording.is_dir():
        pytest.skip("the recorded session is not beside this checkout")
    process = subprocess.Popen(
        [MESOLIVE, "serve", "--port", "0", "--market", "recorded", "--chain", str(recording)],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        shown = "".join(process.stdout.readline() for _ in range(4))
    finally:
        process.kill()
        process.communicate()
    assert re.search(r"recorded from lean: GOOG, 2,192 contracts", shown)
    assert "2015-12-24 14:3" in shown


def test_the_demonstration_makes_a_whole_trade_and_a_second_uses_the_same_books(tmp_path: Path) -> None:
    ended = run("demo", "--exit", "--port", "0", "--hold", "1", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for text in ("1/8", "8/8", "PositionUpdate", "The trade is complete."):
        assert text in ended.stdout
    assert ended.stderr == ""
    ended = run("demo", "--exit", "--port", "0", "--hold", "1", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "position 2 is Open" in ended.stdout


@pytest.mark.long
def test_the_demonstration_trades_options_on_the_future_that_is_named(tmp_path: Path) -> None:
    ended = run("demo", "--exit", "--port", "0", "--hold", "1", "--symbol", "ES", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "simulated: ES" in ended.stdout
    assert "The trade is complete." in ended.stdout
    ended = run("demo", "--exit", "--port", "0", "--symbol", "CL", cwd=tmp_path)
    assert ended.returncode != 0
    assert "expected one of the symbols SPX, ES, MES, got 'CL'" in " ".join((ended.stdout + ended.stderr).split())


@pytest.mark.shared_data
@pytest.mark.long
def test_the_demonstration_makes_the_same_trade_on_an_exchanges_chain(tmp_path: Path) -> None:
    exports = sorted((SHARED_DATA / "cboe").glob("*.csv"))
    if not exports:
        pytest.skip("no chain export is beside this checkout")
    ended = run("demo", "--exit", "--port", "0", "--hold", "1", "--chain", str(exports[0]), cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "The trade is complete." in ended.stdout


def test_a_demonstration_that_cannot_trade_names_the_step_and_ends_with_status_1(tmp_path: Path) -> None:
    (tmp_path / "tiny.csv").write_text(TINY_EXPORT)
    ended = run("demo", "--exit", "--port", "0", "--chain", "tiny.csv", cwd=tmp_path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "failed at step" in ended.stdout
    assert "Prepare the entry" in ended.stdout


@pytest.mark.long
def test_the_demonstration_fits_the_chain_of_a_fund_and_says_what_was_odd_in_it(tmp_path: Path) -> None:
    fund = ChainText(
        root="SPY", name="SPDR S&P 500 ETF Trust", spot=650.0, printed=660.0, strikes=tuple(range(550, 751, 2))
    )
    (tmp_path / "spy.csv").write_text(fund.csv())
    ended = run("demo", "--exit", "--port", "0", "--hold", "1", "--chain", "spy.csv", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "chain  corrected: the underlying's price contradicts its options: 660.00 in the file, 650" in ended.stdout
    assert "Iron condor on SPY, 45 days" in ended.stdout


def test_a_replay_says_what_was_odd_in_its_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spx.csv").write_text(ChainText(printed=6800.0).csv())
    (tmp_path / "condor.json").write_text(json.dumps(iron_condor()))
    for option in ("--chain", "--recording"):
        market = ("--market", "simulated", "--to", "2026-03-17") if option == "--chain" else ()
        ended = CliRunner().invoke(app, ["replay", "--strategy", "condor.json", *market, option, "spx.csv"])
        assert "corrected: the underlying's price contradicts its options: 6,800.00" in ended.stderr, ended.stderr


def test_the_help_of_serve_names_every_setting() -> None:
    shown = CliRunner(env={"COLUMNS": "100"}).invoke(app, ["serve", "--help"]).output
    for setting in fields(Settings):
        option, variable = f"--{setting.name.replace('_', '-')}", f"MESOLIVE_{setting.name.upper()}"
        assert option in shown or variable in shown, f"{setting.name} is not named"


def test_every_command_has_a_help_page() -> None:
    for command in (
        (),
        ("serve",),
        ("demo",),
        ("apikey", "create"),
        ("account", "create-paper"),
        ("account", "list"),
        ("account", "limits"),
        ("order", "list"),
        ("order", "show"),
        ("order", "cancel"),
        ("position", "list"),
        ("position", "show"),
        ("position", "set-closed"),
        ("position", "adjust-pnl"),
        ("position", "liquidate"),
        ("position", "flatten"),
        ("status",),
        ("halt",),
        ("strategy", "check"),
        ("strategy", "import"),
        ("strategy", "list"),
        ("strategy", "activate"),
        ("strategy", "deactivate"),
        ("strategy", "delete"),
    ):
        ended = CliRunner().invoke(app, [*command, "--help"])
        assert ended.exit_code == 0
        assert "Usage" in ended.output


def test_the_kill_switch_does_not_wait_for_what_only_the_server_needs() -> None:
    program = "import sys; from mesolive.cli.root import app; import mesolive.cli.halt; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert {"pandas", "scipy", "uvicorn", "mesolive.app"}.isdisjoint(ended.stdout.split())


def test_a_mistyped_command_gets_a_suggestion(tmp_path: Path) -> None:
    ended = run("haltt", cwd=tmp_path)
    assert ended.returncode == 2
    assert "Did you mean 'halt'" in ended.stderr


def test_the_version_of_the_command_is_that_of_the_package(tmp_path: Path) -> None:
    shown = run("--version", cwd=tmp_path)
    assert (shown.returncode, shown.stdout) == (0, f"mesolive {version('mesolive')}\n")
