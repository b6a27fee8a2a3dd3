"""Sorts the tests of all packages into lanes: `system` tests are left out of `make unit`.

A system test runs a whole server, starts or kills processes, or needs a database server or Node. Its directory, a
marker, a fixture that it requests, `subprocess` or a context manager of the testkits in its module says so.
Hypothesis has one profile for all tests.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest
import structlog
from hypothesis import HealthCheck, settings

SYSTEM_DIRECTORIES = frozenset({"system", "backtest", "conformance", "interop", "mesolive-sdk-examples"})
FAST_LANE = "not system and not slow"
"""What `make unit` and `make lowest` ask for."""

SYSTEM_FIXTURES = frozenset(
    {"kit", "play", "live", "postgres_server", "postgres_url", "ready_postgres_url", "shared_postgres_url"}
)
SERVER_KITS = (
    "mesolive.server",
    "mesolive_testkit.adjusting",
    "mesolive_testkit.autopilot",
    "mesolive_testkit.connectors",
    "mesolive_testkit.operator",
    "mesolive_testkit.server",
    "mesolive_testkit.signals",
    "mesolive_testkit.store.event_server",
    "mesolive_testkit.streams.running",
    "mesolive_testkit.venues",
)
"""Modules whose context managers run a whole server."""

# An example takes as long as the machine lets it: only a test's own timeout ends it.
settings.register_profile("any_machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_machine")


def runs_a_server(module: ModuleType) -> bool:
    """Return whether a test module starts processes, or has a context manager that runs a whole server."""
    return "subprocess" in vars(module) or any(
        hasattr(value, "__wrapped__") and str(getattr(value, "__module__", "")).startswith(SERVER_KITS)
        for value in vars(module).values()
    )


def shared_by_its_module(item: pytest.Item) -> str | None:
    """Return the name of a test's module where it uses a fixture that all tests of the module share."""
    fixtures = getattr(item, "_fixtureinfo", None)
    definitions = fixtures.name2fixturedefs.values() if fixtures is not None else ()
    return item.nodeid.split("::")[0] if any(known[-1].scope == "module" for known in definitions) else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import system tests where none is wanted: a third of the modules."""
    lane: object = config.getoption("markexpr")
    return True if lane == FAST_LANE and collection_path.name in SYSTEM_DIRECTORIES else None


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark the system tests."""
    known: dict[ModuleType, bool] = {}
    for item in items:
        callspec = getattr(item, "callspec", None)
        parameters = {str(value) for value in callspec.params.values()} if callspec is not None else set[str]()
        module: ModuleType = getattr(item, "module")  # noqa: B009 - items of Python modules have one
        if module not in known:
            known[module] = runs_a_server(module)
        if (
            known[module]
            or SYSTEM_DIRECTORIES & set(item.path.parts)
            or item.get_closest_marker("node") is not None
            or SYSTEM_FIXTURES & set(getattr(item, "fixturenames", ()))
            or "postgresql" in parameters
        ):
            item.add_marker(pytest.mark.system)
        shared = shared_by_its_module(item)
        if shared is not None and item.get_closest_marker("xdist_group") is None:
            # Otherwise each worker would start the module's server and run its browser or its backtest.
            item.add_marker(pytest.mark.xdist_group(shared))


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a command that ran in this process set: levels of loggers, and the configuration of structlog."""
    names = ("", "uvicorn", "uvicorn.access", "uvicorn.error", "mesolive")
    levels = {name: (logging.getLogger(name).level, logging.getLogger(name).propagate) for name in names}
    yield
    structlog.reset_defaults()
    for name, (level, propagate) in levels.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).propagate = propagate
