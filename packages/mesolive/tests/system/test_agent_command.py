"""`mesolive agent` as a trader meets it: a process beside the server, which offers its connectors and can be ended."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
from pathlib import Path

from mesolive_testkit.operator import MESOLIVE, command, environment, serve
from mesolive_testkit.operator.processes import LIVE

PASSWORD = "tr0ub4dor-and-3-correct-horses"
OPEN = ("--set", "start=2026-01-05T16:00:00Z", "--set", "hours=always")


def agent(cwd: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MESOLIVE, "agent", *arguments],
        cwd=cwd,
        env=environment({"MESOLIVE_AGENT_DIR": str(cwd / "agent")}),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_agent_is_made_by_commands_joins_the_server_and_ends_on_request(tmp_path: Path) -> None:
    texts: list[str] = []
    with serve(tmp_path, *LIVE) as served:
        token = command(tmp_path, "apikey", "create", "--user", "ann").stdout.strip()
        key = command(tmp_path, "apikey", "create", "--user", "ann", "--agent").stdout.strip()
        assert "for an agent" in command(tmp_path, "apikey", "list").stdout
        env = {"MESOLIVE_API_KEY": token, "MESOLIVE_URL": served.url}

        nothing = agent(tmp_path, "--server", served.url, "--key", key)
        assert nothing.returncode == 2
        assert "this agent has no connector" in nothing.stderr
        added = agent(
            tmp_path, "add", "simulated", "--name", "sim", *OPEN, "--secrets-file", "-", stdin=f"password={PASSWORD}\n"
        )
        assert added.returncode == 0, added.stderr
        file = tmp_path / "agent" / "connectors.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        tested = agent(tmp_path, "test", "sim")
        assert tested.returncode == 0, tested.stderr
        assert "accepted by the simulated broker" in tested.stdout
        wrong = agent(tmp_path, "add", "simulated", "--set", "speed=0", "--secrets-file", "-")
        assert wrong.returncode == 2
        assert "speed: expected a number greater than 0" in wrong.stderr
        assert agent(tmp_path, "remove", "nobody").returncode == 1

        with (tmp_path / "agent.log").open("w") as log:
            process = subprocess.Popen(
                [MESOLIVE, "agent", "--name", "desk"],
                cwd=tmp_path,
                env=environment(
                    {
                        "MESOLIVE_AGENT_DIR": str(tmp_path / "agent"),
                        "MESOLIVE_AGENT_KEY": key,
                        "MESOLIVE_URL": served.url,
                    }
                ),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert process.stdout is not None
        try:
            assert any("connected to the server" in line for line in process.stdout)
            second = agent(tmp_path, "--server", served.url, "--key", key)
            assert second.returncode == 1
            assert "another agent runs with" in second.stderr
            listed = command(tmp_path, "connector", "list", "--json", env=env).stdout
            (shown,) = json.loads(listed)["Connectors"]
            assert (shown["Name"], shown["Agent"], shown["State"]) == ("sim", "desk", "Disabled")
        finally:
            process.send_signal(signal.SIGTERM)
            ended = process.wait(60)
            process.stdout.close()
        assert ended == 0
        texts += [listed, added.stdout, tested.stdout, (tmp_path / "agent.log").read_text(), served.log.read_text()]
    texts.append(file.read_text())
    assert not [text for text in texts if PASSWORD in text]
