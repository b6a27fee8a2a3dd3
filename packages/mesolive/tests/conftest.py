"""Fixtures of the server's tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mesolive_testkit import Kit


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncGenerator[Kit]:
    """Run a server with a user, a paper account, and a market that stands still."""
    from mesolive_testkit import live_server  # the whole server: not for tests of a part

    async with live_server(tmp_path) as running:
        yield running
