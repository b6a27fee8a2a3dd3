"""Rules of the house that no linter has, checked over the source of all packages."""

from __future__ import annotations

from pathlib import Path

from mesolive_testkit.paths import ROOT

MAX_LINES = 520
"""A module holds one idea. A longer one had two, each time that it was looked at."""
LONGER = {
    "packages/mesolive-sdk/src/mesolive_sdk/models/__init__.py": "an export list: one name a line, twice",
}
"""Modules that may be longer, with the reason."""

MODULES = {
    file.relative_to(ROOT).as_posix(): file
    for folder in ("packages", "bench")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if not {"node_modules", "build"} & set(file.relative_to(ROOT).parts)
}


def lines_of(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def test_no_module_is_longer_than_one_idea_needs() -> None:
    assert len(MODULES) > 1000
    longer = {name for name, file in MODULES.items() if lines_of(file) > MAX_LINES}
    assert longer == set(LONGER)
