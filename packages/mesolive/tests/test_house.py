"""Rules of the house that no linter has, checked over the source of all packages."""

from __future__ import annotations

import ast
import functools
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


SOURCES = {name.partition("/src/")[2]: file for name, file in MODULES.items() if "/src/" in name}


@functools.cache
def calls() -> dict[str, list[ast.Call]]:
    """Return the calls of each module of the packages."""
    return {
        module: [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        for module, file in SOURCES.items()
    }


def called(call: ast.Call) -> str | None:
    """Return the name of the function or method."""
    return getattr(call.func, "attr", getattr(call.func, "id", None))


def test_tasks_of_the_server_and_of_its_sdk_are_started_by_their_owners_alone() -> None:
    """A task that is started elsewhere is in no health report, and its error in no log."""
    starting = {
        module
        for module, made in calls().items()
        if any(called(call) in {"create_task", "ensure_future", "TaskGroup"} for call in made)
    }
    assert {module for module in starting if not module.startswith("signalr_asyncio/")} == {
        "mesolive/tasks.py",
        "mesolive/tastytrade_client/tasks.py",
    }
    assert {module for module in starting if module.startswith("signalr_asyncio/protocol/")} == set()


def test_one_module_writes_positions_legs_and_executions() -> None:
    """Cash, cost and realised PnL balance because there is no second way to book."""
    writers: dict[str, set[str]] = {"positions": set(), "legs": set(), "executions": set()}
    for module, made in calls().items():
        for call in made:
            if "/migrations/" in module or called(call) not in {"insert", "update", "delete"}:
                continue
            of = [call.func.value, *call.args] if isinstance(call.func, ast.Attribute) else call.args
            for table in of:
                if isinstance(table, ast.Name) and table.id in writers:
                    writers[table.id].add(module)
    assert writers == {table: {"mesolive/trading/portfolio/repository.py"} for table in writers}
