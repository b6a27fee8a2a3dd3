"""What stands in the way of `make run` is said in one clear line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mesolive_testkit.paths import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


# What a make that runs these tests tells its children, which are no parts of it: with the flags of `-j` they warn.
OF_AN_OUTER_MAKE = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}


def made(tmp_path: Path, python: Path) -> list[str]:
    """Return what `make run` complains of with this Python, in a fresh environment."""
    ended = subprocess.run(
        ["make", "--no-print-directory", "run", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in OF_AN_OUTER_MAKE},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert not (tmp_path / "venv").exists()
    # The last line is make's own: which target failed.
    return [line for line in ended.stderr.splitlines() if "***" not in line]


def test_a_python_that_is_not_there_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    (line,) = made(tmp_path, tmp_path / "nowhere")
    assert "was not found; install Python 3.11 or newer" in line


def test_a_python_that_is_too_old_is_one_line_that_names_its_version(tmp_path: Path) -> None:
    old = tmp_path / "old-python"
    old.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 10, 1); exec(sys.argv[1])" "$2"\n'
    )
    old.chmod(0o755)
    (line,) = made(tmp_path, old)
    assert "Python 3.11 or newer is needed" in line
    assert "is 3.10" in line
