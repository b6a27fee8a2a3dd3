"""Starts `mesolive` in processes of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

MESOLIVE = Path(sys.executable).parent / "mesolive"
SECONDS = 180
"""The longest that a command, a start or an end may take."""


@dataclass
class Served:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    def end(self, number: int) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    @property
    def written(self) -> str:
        """What it has logged so far."""
        return self.log.read_text()


LIVE = ("--market", "live")
"""Arguments of `serve` and `start` in place of no `--market`, which is a live server for the command itself."""


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without settings of the one who runs the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MESOLIVE_")}
    return {**clean, "COLUMNS": "120", **(changes or {})}


def command(cwd: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [MESOLIVE, *arguments],
        cwd=cwd,
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def start(cwd: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Served:
    """Start a server and return it once it listens; with `--market live` the one that runs its connectors."""
    log = cwd / "server.log"
    market = [] if "--market" in arguments else ["--market", "simulated"]
    if arguments[:2] == LIVE:
        market, arguments = [], arguments[2:]
    with log.open("a") as errors:
        process = subprocess.Popen(
            [MESOLIVE, "serve", *market, "--port", "0", *arguments],
            cwd=cwd,
            env=environment(env),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.search(r"listening on\s+(https?://\S+)", line):
            return Served(process, match[1], log)
    process.wait(SECONDS)
    process.stdout.close()
    pytest.fail(f"the server did not start: {log.read_text()}")


@contextmanager
def serve(cwd: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Generator[Served]:
    """Run a server while the context lasts."""
    served = start(cwd, *arguments, env=env)
    try:
        yield served
    finally:
        served.process.kill()
        served.process.communicate()
