"""The protocol core is small enough that every branch of it is exercised, and this keeps it so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__)


@pytest.mark.long
def test_the_tests_of_the_protocol_take_every_branch_of_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE.parent), f"--ignore={HERE}"]
    command += ["--cov=signalr_asyncio.protocol", "--cov-branch", "--cov-report=term-missing", "--cov-fail-under=100"]
    # A run of its own: neither its data file nor its place among parallel workers may be those of the run around it.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment = {**inherited, "COVERAGE_FILE": str(tmp_path / "coverage")}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
