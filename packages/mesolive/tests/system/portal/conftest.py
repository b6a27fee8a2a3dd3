"""Fixtures of the browser tests: one Chromium per process, one server and one signed-in page per module."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from mesolive_testkit.portal import Portal, browser_of, portal_of

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Keep the tests of a module in one process: scattered, each process would start the module's server for itself."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Run a Chromium: a start of it costs more than most tests."""
    async with browser_of() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncGenerator[Portal]:
    """Run a server for the tests of a module."""
    async with portal_of(tmp_path_factory.mktemp("portal"), browser) as portal:
        yield portal


@pytest_asyncio.fixture(loop_scope="session")
async def portal(served: Portal) -> AsyncGenerator[Portal]:
    """Return the module's server and browser; close the pages after the test and see that they said nothing."""
    served.problems.clear()
    yield served
    await served.close_pages()
    assert served.problems == []
