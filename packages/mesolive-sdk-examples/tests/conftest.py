"""What all tests of the examples share."""

from __future__ import annotations

import logging
from collections.abc import Generator

import pytest
import structlog


@pytest.fixture(autouse=True, scope="session")
def quiet_server() -> Generator[None]:
    """Keep the server's log apart: it runs in this process, and what an example prints is what is tested."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.reset_defaults()
