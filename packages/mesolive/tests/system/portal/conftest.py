"""Fixtures of the browser tests: one server and one Chromium per module."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from mesolive_testkit.portal import Portal, portal_of


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Portal]:
    """Run a server and a browser for the tests of a module."""
    async with portal_of(tmp_path_factory.mktemp("portal")) as portal:
        yield portal


@pytest_asyncio.fixture(loop_scope="module")
async def portal(served: Portal) -> AsyncGenerator[Portal]:
    """Return the module's server and browser; close the pages after the test and see that they said nothing."""
    served.problems.clear()
    yield served
    await served.close_pages()
    assert served.problems == []
