"""What the README shows works as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mesolive_testkit.paths import ROOT
from mesolive_testkit.server import Kit, with_a_marker


def programs(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("structure", [{}, {"Structure": with_a_marker()}], ids=["legs", "legs and a marker leg"])
async def test_the_program_of_the_readme_trades_and_prints_live_pnl(kit: Kit, structure: dict[str, Any]) -> None:
    await kit.strategy(**structure)
    (program,) = programs(ROOT / "README.md")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-u",
        "-c",
        program,
        env=os.environ | {"MESOLIVE_URL": kit.url, "MESOLIVE_API_KEY": kit.token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(100):
            line = (await process.stdout.readline()).decode()
        assert re.fullmatch(r"-?[\d.]+ -?[\d.]+\n", line), (line, (await process.stderr.read()).decode())
    finally:
        process.kill()
        await process.communicate()
    assert len((await kit.control.list_positions()).Positions) == 1


async def test_the_program_of_the_sdks_page_shows_accounts_and_a_position(kit: Kit) -> None:
    await kit.enter((await kit.strategy()).Id, name="my position")
    program, *_ = programs(ROOT / "packages/mesolive-sdk/README.md")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        env=os.environ | {"MESOLIVE_URL": kit.url, "MESOLIVE_API_KEY": kit.token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(100):
        out, errors = await process.communicate()
    account, position = out.decode().splitlines()
    assert re.fullmatch(r"ML1000 [\d.]+ USD", account), errors
    assert re.fullmatch(r"my position -?[\d.]+ -?[\d.]+", position), errors


def test_the_programs_that_people_copy_have_strict_types(tmp_path: Path) -> None:
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    for name, page in (("readme", ROOT / "README.md"), ("sdk", ROOT / "packages/mesolive-sdk/README.md")):
        (tmp_path / f"{name}.py").write_text(programs(page)[0])
    checked = subprocess.run(
        [Path(sys.executable).with_name("basedpyright"), "--pythonpath", sys.executable, "--project", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text())
    missing = [link for link in links if not (ROOT / link).exists()]
    assert missing == []
