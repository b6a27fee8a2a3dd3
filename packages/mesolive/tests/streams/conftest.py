from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from streams_testkit import Running, running, strangle


@pytest.fixture
async def live() -> AsyncGenerator[Running]:
    async with running(strangle()) as found:
        yield found
