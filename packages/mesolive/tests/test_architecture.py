"""Imports go one way: between the four packages, and between the parts of the server."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = {
    "signalr_asyncio": ROOT / "packages/signalr-asyncio/src/signalr_asyncio",
    "mesolive_sdk": ROOT / "packages/mesolive-sdk/src/mesolive_sdk",
    "mesolive_sdk_examples": ROOT / "packages/mesolive-sdk-examples/src/mesolive_sdk_examples",
    "mesolive": ROOT / "packages/mesolive/src/mesolive",
}
MAY_IMPORT = {
    "signalr_asyncio": set[str](),
    "mesolive_sdk": {"signalr_asyncio"},
    "mesolive_sdk_examples": {"mesolive_sdk"},
    "mesolive": {"signalr_asyncio", "mesolive_sdk"},
}
# What a part of the server must not reach for. A part that is not listed may use anything below `app`.
FORBIDDEN = {
    "language": (
        "store",
        "journal",
        "trading",
        "streams",
        "hubs",
        "access",
        "brokers",
        "app",
        "cli",
        "settings",
        "clock",
    ),
    "pricing": (
        "store",
        "journal",
        "trading",
        "streams",
        "hubs",
        "access",
        "brokers",
        "language",
        "app",
        "cli",
        "clock",
    ),
    "market": ("store", "journal", "trading", "streams", "hubs", "access", "brokers", "language", "app", "cli"),
    "store": (
        "journal",
        "trading",
        "streams",
        "hubs",
        "access",
        "brokers",
        "language",
        "market",
        "pricing",
        "app",
        "cli",
    ),
    "journal": ("trading", "streams", "hubs", "access", "brokers", "language", "market", "pricing", "app", "cli"),
    "access": ("journal", "trading", "streams", "hubs", "brokers", "language", "market", "pricing", "app", "cli"),
    "trading": ("streams", "signals", "hubs", "app", "cli"),
    "streams": ("hubs", "app", "cli", "language"),
    "hubs": ("store", "language", "pricing", "app", "cli"),
    "brokers": ("store", "journal", "trading", "hubs", "app", "cli", "language"),
}
# Within trading, from the ground up: each may use those before it, and what lies beside them in `trading` itself.
TRADING = ("holdings", "valuing", "orders", "preparing", "paper", "settling", "execution")
# The pure middle: no sockets, files, processes, threads, wall clock or global randomness.
PURE = (
    "language",
    "pricing",
    "trading/portfolio/accounting.py",
    "trading/orders/state_machine.py",
    "trading/settlement/allotment.py",
)
IMPURE_MODULES = {
    "asyncio",
    "socket",
    "subprocess",
    "threading",
    "sqlite3",
    "sqlalchemy",
    "httpx",
    "time",
    "os",
    "pathlib",
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def sources(root: Path) -> Iterator[Path]:
    yield from [root] if root.is_file() else sorted(root.rglob("*.py"))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_the_packages_below_it(package: str) -> None:
    foreign = PACKAGES.keys() - MAY_IMPORT[package] - {package}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(PACKAGES[package])
        for name in imports(path)
        if name.partition(".")[0] in foreign
    ]
    assert wrong == []


@pytest.mark.parametrize("part", FORBIDDEN)
def test_a_part_of_the_server_does_not_reach_up(part: str) -> None:
    forbidden = tuple(f"mesolive.{name}" for name in FORBIDDEN[part])
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(PACKAGES["mesolive"] / part)
        for name in imports(path)
        if name in forbidden or name.startswith(tuple(f"{prefix}." for prefix in forbidden))
    ]
    assert wrong == []


@pytest.mark.parametrize("part", PURE)
def test_the_pure_middle_does_no_io_and_has_no_clock(part: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(PACKAGES["mesolive"] / part)
        for name in imports(path)
        if name.partition(".")[0] in IMPURE_MODULES
    ]
    assert wrong == []


@pytest.mark.parametrize("part", TRADING)
def test_a_part_of_trading_does_not_reach_up(part: str) -> None:
    above = TRADING[TRADING.index(part) + 1 :]
    forbidden = tuple(f"mesolive.trading.{name}." for name in above)
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(PACKAGES["mesolive"] / "trading" / part)
        for name in imports(path)
        if f"{name}.".startswith(forbidden)
    ]
    assert wrong == []
