"""The import contracts of pyproject.toml hold, and the architecture page shows the same layers."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import mesolive
from mesolive_sdk import models
from mesolive_testkit.paths import DOCS, ROOT

CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}


def test_the_import_contracts_hold() -> None:
    checked = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_architecture_page_shows_the_layers_of_the_contracts() -> None:
    page = (DOCS / "architecture.md").read_text()
    for contract in ("server", "trading"):
        shown = re.search(rf"<!-- layers: {contract} -->\n```\n(.*?)```", page, re.DOTALL)
        assert shown is not None, contract
        assert shown[1].splitlines() == CONTRACTS[contract]["layers"]


BOOKS = {
    "positions": {"portfolio/repository", "portfolio/positions", "portfolio/position_queries", "orders/open_orders"},
    "legs": {"portfolio/repository", "portfolio/positions", "portfolio/position_queries"},
    "executions": {
        "portfolio/broker_accounts",  # whether anything was booked on an account
        "portfolio/repository",
        "orders/open_orders",
        "orders/queries",
        "orders/history",
    },
    "exec_plans": {"portfolio/plans", "portfolio/position_queries", "orders/open_orders"},
    "exec_plan_legs": {"portfolio/plans"},
    "orders": {"orders/repository", "orders/open_orders", "orders/queries", "orders/history"},
    "order_facts": {"orders/report_log", "orders/history"},
}
"""Which modules of `trading` read the columns of which table of the books."""


def test_only_repositories_read_columns_of_positions_legs_orders_and_plans() -> None:
    source = Path(mesolive.__file__).parent
    readers: dict[str, set[str]] = {table: set() for table in BOOKS}
    for file in source.rglob("*.py"):
        if "store" in file.relative_to(source).parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "mesolive.store.tables.trading":
                for name in node.names:
                    where = file.relative_to(source).with_suffix("").as_posix().removeprefix("trading/")
                    readers.get(name.name, set[str]()).add(where)
    assert readers == BOOKS


WALKS = (DOCS / "architecture.md").read_text().split("## The walk of an order", 1)[1]
SOURCES = [package / "src" for package in (ROOT / "packages").iterdir() if (package / "src").is_dir()]


def test_the_walks_on_the_architecture_page_name_files_that_exist() -> None:
    assert "## The walk of a quote" in WALKS
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)`", WALKS))
    assert len(named) >= 30
    existing = [file.as_posix() for source in SOURCES for file in source.rglob("*.py")]
    assert {name for name in named if not any(file.endswith(f"/{name}") for file in existing)} == set()


def test_the_walks_on_the_architecture_page_name_classes_and_functions_that_exist() -> None:
    defined = set[str]()
    for source in SOURCES:
        for file in source.rglob("*.py"):
            defined.update(
                re.findall(r"^\s*(?:class|def|async def) (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
            )
    code = {name.partition("(")[0] for name in re.findall(r"`([A-Za-z_.]+(?:\([^)`]*\))?)`", WALKS)}
    names = {part for name in code if not name.endswith(".py") for part in name.split(".")}
    others = {"executions", "fill_handler", "messages", "protocol", "signalr_asyncio"}  # a table, modules, packages
    others |= {member.name for member in (*models.OrderState, *models.IdempotencyOperation)}
    assert len(names) >= 15
    assert names - defined - others == set()


def test_the_order_walk_enters_each_room_once_in_each_part() -> None:
    walk = WALKS.split("## The walk of a quote")[0]
    parts = re.findall(r"^\*\*\w+: .*?\*\*\n\n((?:\d\. .*\n(?:   .*\n)*)+)", walk, re.MULTILINE)
    assert len(parts) == 3
    for part in parts:
        rooms = [room for room in re.findall(r"`((?:\w+/)+)\w+\.py", part) if room != "trading/execution/"]
        entered = [room for before, room in pairwise(["", *rooms]) if room != before]
        assert len(entered) == len(set(entered)), entered
