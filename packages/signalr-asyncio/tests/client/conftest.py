"""What most tests of the client start from."""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator

import pytest

from signalr_client_kit.hub import ScriptedHub, scripted_hub


@pytest.fixture
async def hub() -> AsyncGenerator[ScriptedHub]:
    """Serve a hub that the test plays."""
    async with scripted_hub() as hub:
        yield hub


@pytest.fixture(autouse=True)
async def _nothing_left_open() -> AsyncGenerator[None]:
    """Have what a test leaves open (sockets, tasks that failed) be found at its own end.

    What was there before the test is left out of the search, which would take half a second otherwise.
    """
    gc.freeze()
    yield
    gc.collect()
