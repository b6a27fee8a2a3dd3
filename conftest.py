"""Sorts the tests of all packages into lanes: `system` tests are left out of `make unit`.

A system test starts processes, kills them, or needs a database server or Node. Its directory (`tests/system/`),
a marker or a fixture that it requests says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

SYSTEM_FIXTURES = frozenset({"postgres_server", "postgres_url", "ready_postgres_url", "shared_postgres_url"})


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark the system tests."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        parameters = {str(value) for value in callspec.params.values()} if callspec is not None else set[str]()
        if (
            "system" in item.path.parts
            or item.get_closest_marker("node") is not None
            or SYSTEM_FIXTURES & set(getattr(item, "fixturenames", ()))
            or "postgresql" in parameters
        ):
            item.add_marker(pytest.mark.system)
