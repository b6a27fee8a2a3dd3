"""Starting: the help page, a command that asks a server, the server itself, and what it holds when it is idle.

Commands are compared by the processor time of their processes, in turns with `python -c pass`: a shared machine changes
its speed within seconds.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import psutil

from bench._stock_chain import stock_chain_csv
from bench.report import Absolute, Reported, Row

ROUNDS = 9
PASS = (sys.executable, "-c", "pass")
MESOLIVE = str(Path(sys.executable).with_name("mesolive"))
# Nothing listens there: what is measured ends with the refused connection.
AWAY = {"MESOLIVE_URL": "http://127.0.0.1:1", "MESOLIVE_API_KEY": "a.b.c"}
# As a user has it: the modules are compiled at the first start.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
START_ROUNDS = 3
IDLE_SECONDS = 5.0
START_TARGET = 85.0
"""Half of what a start cost at commit abab24c: 165 to 170 times `python -c pass`."""


def run() -> Sequence[Reported]:
    bare, page, status = in_turns([PASS, (MESOLIVE, "--help"), (MESOLIVE, "status")])
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "stock.csv"
        chain.write_text(stock_chain_csv(), encoding="ascii")
        start(Path(folder), "generated")  # makes the database
        generated = min((start(Path(folder), "generated") for _ in range(START_ROUNDS)), key=lambda it: it.cpu_seconds)
        start(Path(folder), "stock", "--chain", str(chain))
        stock = min(
            (start(Path(folder), "stock", "--chain", str(chain)) for _ in range(START_ROUNDS)),
            key=lambda it: it.wall_seconds,
        )
    sides = [Absolute("python -c pass, CPU", bare * 1e3, "ms")]
    return [
        Row("mesolive --help : python -c pass", page / bare, 10.0, 6.0, absolutes=sides),
        Row("mesolive status, no server there : python -c pass", status / bare, 20.0, absolutes=sides),
        Row(
            "server start until /health answers : python -c pass",
            generated.cpu_seconds / bare,
            START_TARGET,
            absolutes=[
                Absolute("start, CPU", generated.cpu_seconds, "s"),
                Absolute("start, wall clock", generated.wall_seconds, "s"),
            ],
        ),
        Row("idle server's memory", generated.megabytes, 140.0, unit="MB"),
        Row(
            "start with a stock's chain of 7,000 American contracts",
            stock.wall_seconds,
            3.0,
            unit="s",
            absolutes=[Absolute("CPU", stock.cpu_seconds, "s"), Absolute("memory", stock.megabytes, "MB")],
        ),
    ]


def in_turns(commands: Sequence[Sequence[str]]) -> list[float]:
    """Return the CPU seconds of each command's process, the least of some rounds."""
    best = [float("inf")] * len(commands)
    for _ in range(ROUNDS):
        for place, command in enumerate(commands):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, env=ENVIRONMENT | AWAY, capture_output=True, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            best[place] = min(best[place], spent)
    return best


class Started:
    """One start of a server.

    Attributes
    ----------
    wall_seconds, cpu_seconds
        Until `/health` answered.
    megabytes
        What the process held when it had been idle for some seconds.
    """

    def __init__(self, wall_seconds: float, cpu_seconds: float, megabytes: float) -> None:
        self.wall_seconds = wall_seconds
        self.cpu_seconds = cpu_seconds
        self.megabytes = megabytes


def start(folder: Path, name: str, *options: str) -> Started:
    """Start a server on the database `name` and stop it again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        MESOLIVE,
        "serve",
        "--market",
        "simulated",
        "--port",
        str(port),
        "--database",
        f"sqlite:///{folder / name}.sqlite3",
        *options,
    ]
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        seen = psutil.Process(process.pid)
        while not _healthy(port):
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
            time.sleep(0.02)
        wall, times = time.perf_counter() - began, seen.cpu_times()
        time.sleep(IDLE_SECONDS)
        megabytes = seen.memory_info().rss / 1e6
        process.send_signal(signal.SIGTERM)
    return Started(wall, times.user + times.system, megabytes)


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1.0):
            return True
    except OSError:
        return False
