"""The guide is typed as it stands there, and what it shows is what comes out."""

from __future__ import annotations

import os
import queue
import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mesolive_testkit.operator import environment
from mesolive_testkit.paths import DOCS

GUIDE = DOCS / "guide.md"
STAYS = ("mesolive serve", "python -m mesolive_sdk_examples.autopilot_example run")
"""What runs in a terminal of its own."""

ASKS = ("mesolive status", "mesolive order list", "mesolive position", "mesolive order show", "mesolive account list")
"""What only asks: it may be asked again until the server has got that far."""

SECONDS = 300.0
"""How long a program may stay silent: only one that never answers is waited for so long."""
WIDTH = "120"


@dataclass(frozen=True)
class Typed:
    """A command of the guide, or none where it shows what a program says next, and what the guide shows of it."""

    command: str | None
    shown: Sequence[str]

    @property
    def words(self) -> set[str]:
        """The words of the output: numbers, prices and times are others every time."""
        return {word for line in self.shown for word in words(line)}


def words(line: str) -> list[str]:
    return re.findall(r"(?<![\w.])[A-Za-z_]{3,}(?![\w.])", line)


def typed() -> Iterator[Typed]:
    for block in re.findall(r"```console\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL):
        lines = [line for line in block.splitlines() if line.strip() not in {"", "…"}]
        if lines and lines[0].startswith("$ "):
            yield Typed(lines[0].removeprefix("$ "), lines[1:])
        else:
            yield Typed(None, lines)


class Terminal:
    """A program that goes on running, and what it says."""

    def __init__(self, arguments: Sequence[str], cwd: Path, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            arguments, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def says(self, shown: Sequence[str]) -> None:
        """Wait until it has said something like each of the lines, in their order."""
        until, message = time.monotonic() + SECONDS, list[str]()
        for line in shown:
            wanted = words(line)[:2] or [line]
            while not message or not set(wanted) <= set(words(message[-1])):
                try:
                    new = self._lines.get(timeout=max(0.1, until - time.monotonic()))
                except queue.Empty:
                    new = None
                if new is None:
                    pytest.fail(f"never said {wanted}: {''.join(message)}")
                message.append(new)

    def end(self) -> None:
        """Stop it."""
        self._process.kill()
        self._reader.join()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(step: Typed, cwd: Path, env: dict[str, str]) -> tuple[set[str], str]:
    """Type a command; return the words that the guide shows and it did not say, and all that it said."""
    ended = subprocess.run(
        ["bash", "-c", f"{step.command}; status=$?; env -0 >.environment; exit $status"],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    out = ended.stdout + ended.stderr
    assert ended.returncode == 0, (step.command, out)
    return step.words - {word for line in out.splitlines() for word in words(line)}, out


@pytest.mark.timeout(1200)
def test_the_commands_of_the_guide_run_as_written(tmp_path: Path) -> None:
    (definition,) = re.findall(r"```json\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL)
    (tmp_path / "first.json").write_text(definition)
    port = free_port()
    programs = str(Path(sys.executable).parent)
    env = environment(
        {
            "MESOLIVE_PORT": str(port),
            "MESOLIVE_URL": f"http://127.0.0.1:{port}",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": WIDTH,
        }
    )
    running: list[Terminal] = []
    try:
        for step in typed():
            if step.command is None:
                running[-1].says(step.shown)
            elif step.command.startswith(STAYS):
                running.append(Terminal(shlex.split(step.command), tmp_path, env))
                running[-1].says(step.shown)
            else:
                missing, out = run(step, tmp_path, env)
                until = time.monotonic() + SECONDS
                while missing and step.command.startswith(ASKS) and time.monotonic() < until:
                    missing, out = run(step, tmp_path, env)
                assert missing == set(), (step.command, out)
                stored = (tmp_path / ".environment").read_text().split("\0")
                env = dict(entry.split("=", 1) for entry in stored if "=" in entry)
    finally:
        for terminal in reversed(running):
            terminal.end()


def test_the_guide_shows_what_comes_out_of_every_command() -> None:
    assert [step.command for step in typed() if not step.shown and not (step.command or "").startswith("export")] == []
