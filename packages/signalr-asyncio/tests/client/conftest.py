"""What most tests of the client start from."""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator, Generator

import pytest

from signalr_client_kit.hub import ScriptedHub, scripted_hub


@pytest.fixture
async def hub() -> AsyncGenerator[ScriptedHub]:
    """Serve a hub that the test plays."""
    async with scripted_hub() as hub:
        yield hub


@pytest.fixture(scope="module", autouse=True)
def _quick_collections() -> Generator[None]:
    """Keep the collector from walking through all loaded modules after each test."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
async def _nothing_left_open() -> AsyncGenerator[None]:
    """Have what a test leaves open (sockets, tasks that failed) be found at its own end."""
    yield
    gc.collect()
