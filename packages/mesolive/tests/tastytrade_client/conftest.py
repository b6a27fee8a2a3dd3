"""Every test of the client is a test of its logs: no secret and no token is written, at DEBUG neither."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from mesolive_testkit.tastytrade.secrets_in_logs import recorded_secrets


@pytest.fixture(autouse=True)
def _no_secret_is_written() -> Generator[None]:
    with recorded_secrets() as recorder:
        yield
    assert recorder.findings == []
