"""What all tests of the examples share."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Generator

import pytest
import pytest_asyncio
import structlog

from mesolive_examples_testkit import Shell, moving_server
from mesolive_testkit.server import definition
from mesolive_testkit.store.fixtures import new_files_have_tables, sqlite_tables

__all__ = ["new_files_have_tables", "quick_tables", "quiet_server", "sqlite_tables"]


@pytest.fixture(autouse=True, scope="session")
def quiet_server() -> Generator[None]:
    """Keep the server's log apart: it runs in this process, and what an example prints is what is tested."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def quick_tables(new_files_have_tables: None) -> None:
    """Let new database files have their tables."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shell(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shell]:
    async with moving_server(tmp_path_factory.mktemp("server")) as shell:
        yield shell


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def strategy_id(shell: Shell) -> int:
    """Import a strategy that may be entered at any time, again and again."""
    entry = {name: value for name, value in definition()["Entry"].items() if name not in {"Schedule", "ReentryDays"}}
    return (await shell.kit.strategy(Entry=entry | {"Concurrency": {"MaxPositionsInFlight": 100}})).Id


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def position_id(shell: Shell, strategy_id: int) -> int:
    return (await shell.kit.enter(strategy_id, "held")).PositionId
