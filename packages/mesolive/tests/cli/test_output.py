"""No command lets a text from outside reach the terminal as an escape sequence, or fail for want of a character."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

import mesolive.cli
from mesolive_testkit.server import Kit, definition

HOSTILE = "\x1b]0;owned\x07\x1b[2J[red]x[/]\u202e变"
"""Sets a terminal's title, clears it, is markup of Rich, turns what follows, and is not in every encoding."""
ALLOWED = "[red]x[/]变"
"""What of it the server takes in a name."""
COMMANDS = [("strategy", "list"), ("position", "list"), ("position", "show", "1"), ("order", "list"), ("status",)]


async def run(kit: Kit, *arguments: str, **variables: str) -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("mesolive"),
        *arguments,
        env=os.environ | {"MESOLIVE_URL": kit.url, "MESOLIVE_API_KEY": kit.token} | variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    return process.returncode or 0, out, errors


@pytest.mark.system
async def test_names_are_shown_as_they_are_by_every_listing_in_every_encoding(kit: Kit) -> None:
    strategy = await kit.strategy(StrategyName=f"s{ALLOWED}")
    await kit.enter(strategy.Id, name=f"p{ALLOWED}")
    for command in COMMANDS:
        for encoding in ("utf-8", "ascii"):
            status, out, errors = await run(kit, *command, PYTHONIOENCODING=encoding, COLUMNS="120")
            assert (status, errors) == (0, b""), command
            if encoding == "utf-8" and command in {("strategy", "list"), ("position", "list")}:
                assert ALLOWED in out.decode().replace("\n", ""), command  # shown as it is, and not taken for markup
        status, out, errors = await run(kit, *command, "--json", PYTHONIOENCODING="ascii")
        assert (status, errors) == (0, b""), command
        json.loads(out)


@pytest.mark.system
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
async def test_checking_a_hostile_definition_writes_its_control_characters_out(
    kit: Kit, tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "hostile.json"
    file.write_text(json.dumps(definition(StrategyName=HOSTILE, Symbol=HOSTILE, **{HOSTILE: 1})))
    for options in ([], ["--json"]):
        _, out, errors = await run(kit, "strategy", "check", str(file), *options, PYTHONIOENCODING=encoding)
        assert "Traceback" not in errors.decode()
        assert not set("\x1b\x07\u202e") & set((out + errors).decode())
        assert "x1b" in (out + errors).decode() or "u001b" in (out + errors).decode()


def test_every_command_writes_through_the_guarded_console() -> None:
    package = Path(mesolive.cli.__file__).parent
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in sorted(package.glob("*.py"))
        if path.name != "output.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and node.module in {"rich.console", "rich.table"})
        and {alias.name for alias in node.names} & {"Console", "Table"}
    ]
    assert wrong == []
