"""Compares the schema of a database with the tables that the code knows."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from mesolive.store.tables import metadata


def differences(connection: Connection) -> list[object]:
    """Return what Alembic would change to make the database what the code knows: types, defaults, indexes, keys."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))
