"""The import contracts of pyproject.toml hold, and the architecture page shows the same layers."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import mesolive
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


def test_the_walks_on_the_architecture_page_name_files_that_exist() -> None:
    page = (DOCS / "architecture.md").read_text()
    walks = page[page.index("## The walk of an order") :]
    assert "## The walk of a quote" in walks
    source = Path(mesolive.__file__).parent
    packages = [one / "src" for one in (ROOT / "packages").iterdir() if (one / "src").is_dir()]
    named = set(re.findall(r"`((?:\w+/)+\w+\.py)`", walks))
    assert len(named) >= 20
    missing = {name for name in named if not any((root / name).is_file() for root in (source, *packages))}
    assert missing == set()
