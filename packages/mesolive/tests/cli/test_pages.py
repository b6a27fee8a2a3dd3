"""The commands that README and the pages of connectors show exist as they are written there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from mesolive.cli.lazy import COMMANDS as COMMAND_PLACES
from mesolive.cli.lazy import load_command
from mesolive_testkit.paths import DOCS, ROOT

PAGES = (ROOT / "README.md", *(DOCS / f"{name}.md" for name in ("connectors", "agents", "ibkr", "tastytrade")))


def shown(page: Path) -> list[str]:
    """Return the commands in a page's blocks, without what follows them in words."""
    blocks = re.findall(r"^```(?:sh)?\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("mesolive ")]


COMMANDS = sorted({line for page in PAGES for line in shown(page)})


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_pages_is_one_with_these_options(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    assert name in COMMAND_PLACES
    command: Any = load_command(None, name)  # the parser's classes are typer's own, and private
    context = command.make_context(name, [], resilient_parsing=True)
    while hasattr(command, "get_command") and not arguments[0].startswith("-"):
        name, *arguments = arguments
        command = command.get_command(context, name)
        assert command is not None, f"there is no {name}"
        context = command.make_context(name, [], parent=context, resilient_parsing=True)
    context.resilient_parsing = False
    command.parse_args(context, list(arguments))


def test_readme_connects_a_broker_in_five_lines() -> None:
    text = (ROOT / "README.md").read_text()
    block = text.split("## A broker, in five lines\n\n```\n")[1].split("```")[0]
    assert len(block.splitlines()) == 5
