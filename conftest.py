"""Sorts the tests of all packages into lanes: `system` tests are left out of `make unit`.

A system test runs a whole server, starts or kills processes, or needs a database server or Node. Its directory, a
marker, a fixture that it requests, `subprocess` or a context manager of the testkits in its module says so.
Hypothesis has one profile for each lane. `make test` gives the tests of all directories to its workers side by side.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest
import structlog
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

from mesolive_testkit.loop_time import pass_time
from mesolive_testkit.scheduling import SYSTEM_DIRECTORIES, MixedScheduling

__all__ = ["pass_time"]

FAST_LANE = "not system and not slow and not long"
"""What `make unit` and `make lowest` ask for."""

SYSTEM_FIXTURES = frozenset(
    {"desk", "kit", "play", "live", "postgres_server", "postgres_url", "ready_postgres_url", "shared_postgres_url"}
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
settings.register_profile("fast_lane", settings.get_profile("any_machine"), max_examples=25)


def pytest_configure(config: pytest.Config) -> None:
    """Set up logging, and choose how many cases are generated where a test does not say.

    In `make unit` they are a quarter of those in `make test`.
    """
    lane: object = config.getoption("markexpr")
    configure_structlog()
    settings.load_profile("fast_lane" if lane == FAST_LANE else "any_machine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling | None:
    """Mix the tests where they are given out in groups, as `make test` asks for."""
    return MixedScheduling(config, log) if config.getoption("dist") == "loadgroup" else None


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


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Search for no garbage while tests are collected: nothing of it is, and it takes a tenth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Leave what collecting made out of each later collection of garbage, as a server does with what it loaded.

    11,000 tests and 1,500 modules are millions of objects: a full search through them takes half a second, and some
    tests ask for one. Young objects are searched after as many as in a server (`mesolive.server`).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def configure_structlog() -> None:
    """Have structlog write as it does by itself, with Python's tracebacks.

    By itself it has Rich draw each traceback with all local variables: up to four seconds for one, half of the time of
    tests in which tasks fail on purpose.
    """
    structlog.reset_defaults()
    processors = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*processors[:-1], plain])


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a command that ran in this process set: levels of loggers, and the configuration of structlog."""
    names = ("", "uvicorn", "uvicorn.access", "uvicorn.error", "mesolive")
    levels = {name: (logging.getLogger(name).level, logging.getLogger(name).propagate) for name in names}
    yield
    configure_structlog()
    for name, (level, propagate) in levels.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).propagate = propagate
