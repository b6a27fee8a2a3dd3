"""The official client: its installation, once, and one run of the driver."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

CONFORMANCE = Path(__file__).parents[2] / "conformance"
MINIMUM_NODE = 18
INSTALL_TIME = 300
RUN_TIME = 240


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case of the driver went."""

    case: str
    ok: bool
    error: str | None = None
    ms: float = 0.0


def require_node() -> str:
    """Return the path of Node, with the official client installed; without Node the test is skipped, or fails in CI."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        reason = "Node is not installed: the official SignalR client cannot be run"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and CI requires it")
        pytest.skip(reason)
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < MINIMUM_NODE:
        pytest.fail(
            f"Node {MINIMUM_NODE} or newer is needed for the official SignalR client; this is {version.strip()}"
        )
    _install()
    return node


def _install() -> None:
    # Test processes run side by side; one installs, the others wait.
    lock = Path(tempfile.gettempdir()) / f"signalr-conformance-{os.getuid()}.lock"
    with lock.open("w") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        if _is_installed():
            return
        command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(
            command, cwd=CONFORMANCE, capture_output=True, text=True, timeout=INSTALL_TIME, check=False
        )
        if done.returncode != 0:
            pytest.fail(f"'npm install' in {CONFORMANCE} failed; is there a way to the npm registry?\n{done.stderr}")


def _is_installed() -> bool:
    wanted: dict[str, str] = json.loads((CONFORMANCE / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        manifest = CONFORMANCE / "node_modules" / name / "package.json"
        if not manifest.exists() or json.loads(manifest.read_text())["version"] != version:
            return False
    return True


async def drive(node: str, settings: dict[str, Any]) -> list[CaseResult]:
    """Run the driver once.

    Parameters
    ----------
    node
        The path of Node.
    settings
        `url`, `transport`, `protocol`, and perhaps `only`: the driver's argument.

    Returns
    -------
    list
        One result per case, in the order in which they ended.
    """
    process = await asyncio.create_subprocess_exec(
        node,
        str(CONFORMANCE / "driver.cjs"),
        json.dumps(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(RUN_TIME):
            out, err = await process.communicate()
    except BaseException:
        process.kill()
        await process.communicate()
        raise
    assert process.returncode == 0, f"the driver ended with {process.returncode}:\n{err.decode()}"
    return [msgspec.json.decode(line, type=CaseResult) for line in out.splitlines()]
