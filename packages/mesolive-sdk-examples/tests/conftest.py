"""What all tests of the examples share."""

from __future__ import annotations

import logging
from collections.abc import Generator

import pytest
import structlog

from mesolive_testkit.store.fixtures import new_files_have_tables, sqlite_tables

__all__ = ["new_files_have_tables", "quick_tables", "quiet_server", "sqlite_tables"]


@pytest.fixture(autouse=True, scope="session")
def quiet_server() -> Generator[None]:
    """Keep the server's log apart: it runs in this process, and what an example prints is what is tested."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def quick_tables(new_files_have_tables: None) -> None:
    """Let new database files have their tables."""
