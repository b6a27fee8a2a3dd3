"""What the pages show exists: commands with their options, links with their headings, JSON of every list."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mesolive.cli.lazy import COMMANDS as COMMAND_PLACES
from mesolive.cli.lazy import load_command
from mesolive_testkit.paths import DOCS, ROOT

PAGES = (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("packages/*/*.md"))
CODE = re.compile(r"^```.*?^```", flags=re.DOTALL | re.MULTILINE)
LISTS = {"list", "kinds", "sessions", "log", "status"}
"""Commands that show rows."""


def shown(page: Path) -> list[str]:
    """Return the commands in a page's blocks, without what follows them in words."""
    blocks: list[str] = re.findall(r"^```(?:sh)?\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    lines: list[str] = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("mesolive ")]


def named(page: Path) -> Iterator[str]:
    """Yield the commands that a page's sentences name: their words, up to the first option or placeholder."""
    for line in re.findall(r"`mesolive ([^`]+)`", CODE.sub("", page.read_text())):
        words = [word for word in line.split() if re.fullmatch(r"[a-z-]+", word)]
        yield " ".join(words[: next((at for at, word in enumerate(words) if word.startswith("-")), None)])


COMMANDS: list[str] = sorted({line for page in PAGES for line in shown(page)})


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_pages_is_one_with_these_options(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # options that name files of the reader check that they exist
    for name in re.findall(r"[\w-]+\.(?:json|zip|txt|csv|pem)", line):
        (tmp_path / name).touch()
    (tmp_path / "FOLDER").mkdir()
    words: list[str] = shlex.split(line)
    _, name, *arguments = words
    assert name in COMMAND_PLACES
    command: Any = load_command(None, name)  # the parser's classes are typer's own, and private
    context = command.make_context(name, [], resilient_parsing=True)
    while hasattr(command, "get_command") and arguments and not arguments[0].startswith("-"):
        name, arguments = arguments[0], arguments[1:]
        command = command.get_command(context, name)
        assert command is not None, f"there is no {name}"
        context = command.make_context(name, [], parent=context, resilient_parsing=True)
    context.resilient_parsing = False
    command.parse_args(context, list(arguments))


def test_a_command_that_a_sentence_of_the_pages_names_exists() -> None:
    missing = list[str]()
    for page in PAGES:
        for line in filter(None, named(page)):
            name, *others = line.split()
            if name not in COMMAND_PLACES:
                missing.append(f"{page.name}: {line}")
                continue
            command: Any = load_command(None, name)
            if hasattr(command, "get_command") and others and command.get_command(None, others[0]) is None:
                missing.append(f"{page.name}: {line}")
    assert missing == []


def test_every_command_that_lists_writes_json_too() -> None:
    without = list[str]()
    for name in COMMAND_PLACES:
        command: Any = load_command(None, name)
        parts: dict[str, Any] = dict(getattr(command, "commands", {})) or {"": command}
        for part, leaf in parts.items():
            options = {option for parameter in leaf.params for option in parameter.opts}
            if (part or name) in LISTS and "--json" not in options:
                without.append(f"{name} {part}")
    assert without == []


def headings(page: Path) -> set[str]:
    """Return the anchors of a page: its headings as the repository's host writes them, and those set by hand."""
    text = page.read_text()
    anchors = set(re.findall(r'<a id="([^"]+)"', text))
    for line in CODE.sub("", text).splitlines():
        heading = re.fullmatch(r"#+ +(.*)", line)
        if heading is not None:
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower().strip()
            anchors.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return anchors


def test_every_link_of_the_pages_leads_to_a_file_and_to_a_heading_of_it() -> None:
    broken, seen = list[str](), 0
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", CODE.sub("", page.read_text())):
            if re.match(r"[a-z]+:", link):
                continue
            seen += 1
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            if not target.exists() or (anchor and target.suffix == ".md" and anchor not in headings(target)):
                broken.append(f"{page.name}: {link}")
    assert seen > 100
    assert broken == []


def test_readme_connects_a_broker_in_five_lines() -> None:
    text = (ROOT / "README.md").read_text()
    block = text.split("## A broker, in five lines\n\n```\n")[1].split("```")[0]
    assert len(block.splitlines()) == 5
