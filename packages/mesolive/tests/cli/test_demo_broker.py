"""`mesolive demo --broker`: a double of a broker in the process, and the demo's trade by orders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mesolive.cli.demo_broker import DOUBLES


def demo(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from mesolive.cli import main; main()",
        "demo",
        "--exit",
        "--port",
        "0",
        "--hold",
        "2",
        *arguments,
    ]
    environ = {name: text for name, text in os.environ.items() if not name.startswith("MESOLIVE_")}
    return subprocess.run(
        [*command, "--database", f"sqlite:///{tmp_path / 'demo.sqlite3'}"],
        capture_output=True, text=True, cwd=tmp_path, env=environ, timeout=110, check=False,
    )  # fmt: skip


@pytest.mark.system
@pytest.mark.parametrize("broker", DOUBLES)
@pytest.mark.long
def test_the_demo_trades_by_orders_at_a_double_and_a_second_uses_the_same_database(tmp_path: Path, broker: str) -> None:
    for _ in range(2):
        done = demo(tmp_path, "--broker", broker)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Order it at the broker" in done.stdout
        assert "The trade is complete." in done.stdout
        assert "venue_problem" not in done.stderr
        assert "alarm_raised" not in done.stderr


@pytest.mark.system
def test_an_unknown_double_is_refused(tmp_path: Path) -> None:
    done = demo(tmp_path, "--broker", "nobody")
    assert done.returncode != 0
    assert "ibkr-double or tastytrade-double" in done.stderr
