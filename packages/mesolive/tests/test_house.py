"""Rules of the house that no linter has, checked over the source of all packages."""

from __future__ import annotations

import importlib
from pathlib import Path

from msgspec import Struct

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


WITHOUT_RECORDS = {
    "mesolive_sdk.automation.memory",
    "mesolive.records",
    "signalr_asyncio.client._transports.base",
    "signalr_asyncio.server._auth",
    "signalr_asyncio.server._options",
}
"""Modules that cannot import `mesolive.records`, or are it."""


def test_only_modules_without_structs_copy_by_dataclasses_replace() -> None:
    copying = {
        name.partition("/src/")[2].removesuffix(".py").replace("/", ".")
        for name, file in MODULES.items()
        if "/src/" in name and "TID251" in file.read_text(encoding="utf-8")
    }
    assert copying == WITHOUT_RECORDS
    for name in copying - {"mesolive.records"}:
        structs = {
            key
            for key, value in vars(importlib.import_module(name)).items()
            if isinstance(value, type) and issubclass(value, Struct)
        }
        assert structs == set(), name
