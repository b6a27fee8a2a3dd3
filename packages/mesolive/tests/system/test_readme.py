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

from mesolive_testkit.operator import MESOLIVE, environment
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


async def test_the_programs_that_the_demonstration_names_run_while_it_keeps_running(tmp_path: Path) -> None:
    programs_first = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "120"}
    demo = await asyncio.create_subprocess_exec(
        MESOLIVE,
        "demo",
        "--port",
        "0",
        "--hold",
        "1",
        cwd=tmp_path,
        env=environment(programs_first),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert demo.stdout is not None
    try:
        lines = list[str]()
        async with asyncio.timeout(300):
            while not lines or not lines[-1].startswith("Ctrl-C stops the server"):
                lines.append((await demo.stdout.readline()).decode())
        (begin,) = (at for at, line in enumerate(lines) if line.startswith("The server keeps running"))
        variables = dict(line.split("export ")[1].strip().split("=", 1) for line in lines[begin + 1 : begin + 3])
        typed = [line.strip() for line in lines[begin + 3 : -1]]
        assert len(typed) >= 5
        (program,) = programs(ROOT / "README.md")
        first_value = program.replace("print(", "return print(")
        (tmp_path / "program.py").write_text(first_value)
        for line in (*typed, "python program.py"):
            called = await asyncio.create_subprocess_shell(
                line,
                cwd=tmp_path,
                env=environment(programs_first | variables),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            out, _ = await called.communicate()
            assert called.returncode == 0, (line, out.decode(), "".join(lines))
    finally:
        demo.kill()
        await demo.communicate()
