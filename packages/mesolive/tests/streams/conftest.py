from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from mesolive_testkit.streams import Running, running, strangle


@pytest.fixture
async def live() -> AsyncGenerator[Running]:
    async with running(strangle()) as play:
        yield play
