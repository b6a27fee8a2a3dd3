from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def quiet_logs(captured_logs: Sequence[MutableMapping[str, Any]]) -> None:
    """Capture logs in every test of this directory: rendering the traces of provoked faults takes long."""


@pytest.fixture(autouse=True)
def quick_tables() -> None:
    """Let every new file run its migrations: these tests are about them."""
