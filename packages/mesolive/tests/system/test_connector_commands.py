"""`mesolive connector` against a live server, both as processes: the commands of a trader, and no secret anywhere."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mesolive_testkit.operator import MESOLIVE, command, environment, serve
from mesolive_testkit.operator.processes import LIVE

PASSWORD = "tr0ub4dor-and-3-correct-horses"
OPEN = ("--set", "start=2026-01-05T16:00:00Z", "--set", "hours=always")


@pytest.fixture
def texts() -> list[str]:
    """Everything that commands wrote."""
    return []


def run(
    cwd: Path, texts: list[str], env: Mapping[str, str], *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [MESOLIVE, "connector", *arguments],
        cwd=cwd,
        env=environment(env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    texts += [done.stdout, done.stderr]
    return done


def test_a_trader_connects_a_broker_by_commands_and_no_secret_is_written(tmp_path: Path, texts: list[str]) -> None:
    with serve(tmp_path, *LIVE, "--log-level", "debug") as served:
        token = command(tmp_path, "apikey", "create", "--user", "ann").stdout.strip()
        env = {"MESOLIVE_API_KEY": token, "MESOLIVE_URL": served.url}
        assert "No connector" not in run(tmp_path, texts, env, "list").stderr
        assert "simulated" in run(tmp_path, texts, env, "kinds").stdout

        added = run(
            tmp_path, texts, env, "add", "simulated", "--name", "sim", *OPEN, "--secrets-file", "-",
            stdin=f"password={PASSWORD}\n",
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        tested = run(tmp_path, texts, env, "test", "sim")
        assert tested.returncode == 0, tested.stderr
        for topic in ("login", "account SIM1000", "market data SPX", "clock"):
            assert topic in tested.stdout

        assert run(tmp_path, texts, env, "enable", "sim").returncode == 0
        shown: dict[str, Any] = {}
        for _ in range(200):
            shown = json.loads(run(tmp_path, texts, env, "list", "--json").stdout)["Connectors"][0]
            if shown["State"] == "Connected" and shown["Accounts"]:
                break
        assert shown["State"] == "Connected", shown
        account = json.loads(run(tmp_path, texts, env, "enable-account", "sim", "SIM1000", "--json").stdout)
        assert account["BrokerFacts"]["Cash"] == 100000
        assert run(tmp_path, texts, env, "account-data", "SIM1000", "--accept-delayed").returncode == 0
        ended = run(tmp_path, texts, env, "disable-account", "sim", "SIM1000")
        assert "Account SIM1000 is disabled." in ended.stdout, ended.stderr
        again = run(tmp_path, texts, env, "disable-account", "sim", "SIM1000")
        assert again.returncode == 1
        assert "account SIM1000 is not enabled" in again.stderr
        assert run(tmp_path, texts, env, "enable-account", "sim", "SIM1000").returncode == 0
        assert "Connected" in run(tmp_path, texts, env, "log", "sim").stdout

        refused = run(tmp_path, texts, env, "set", "sim", "--set", "refuse=credentials")
        assert refused.returncode == 0, refused.stderr
        failed = run(tmp_path, texts, env, "test", "sim")
        assert failed.returncode == 1
        assert "the broker refuses user name and password" in failed.stdout
        assert run(tmp_path, texts, env, "disable", "sim").returncode == 0
        assert run(tmp_path, texts, env, "remove", "sim", "--yes").returncode == 0
        wrong = run(tmp_path, texts, env, "add", "nobody", "--secrets-file", "-", stdin=f"{PASSWORD}\n")
        assert "line 1: expected NAME=VALUE" in wrong.stderr
        log = served.log
    assert "connector_state_changed" in log.read_text()
    for text in (*texts, log.read_text()):
        assert PASSWORD not in text


def test_the_process_list_shows_no_secret_because_no_option_takes_one(tmp_path: Path) -> None:
    for name in ("add", "set"):
        shown = command(tmp_path, "connector", name, "--help").stdout
        assert "--password" not in shown
        assert "--secrets-file" in shown
