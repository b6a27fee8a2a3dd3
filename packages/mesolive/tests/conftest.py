"""Fixtures of the server's tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from mesolive_testkit import Kit, live_server


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncGenerator[Kit]:
    """Run a server with a user, a paper account, and a market that stands still."""
    async with live_server(tmp_path) as running:
        yield running
