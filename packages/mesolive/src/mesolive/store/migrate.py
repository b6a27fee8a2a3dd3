"""Brings the tables of a database up to date, within the caller's transaction: all of it or nothing."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from mesolive.store.connection import UnusableDatabaseError
from mesolive.store.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0001"
"""The revision that this server works with; a test compares it with the newest migration."""


def migrate(connection: Connection) -> None:
    """Run the migrations that the database lacks.

    Raises
    ------
    UnusableDatabaseError
        When the tables were made by a newer server, or by one from before 1.0 that had others.
    """
    if inspect(connection).has_table("alembic_version"):
        current = connection.scalar(text("SELECT version_num FROM alembic_version"))
        if current == HEAD:
            _check_complete(connection)
            return  # without loading Alembic: this is every start but the first
    # Loaded only when there is something to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise UnusableDatabaseError(f"the tables were not made by this version of the server: {error}") from error


def _check_complete(connection: Connection) -> None:
    """Refuse tables that lack something: until 1.0 the one migration is written anew when the tables change."""
    found = {
        (name, column["name"])
        for (_, name), columns in inspect(connection).get_multi_columns().items()
        for column in columns
    }
    wanted = {(table.name, column.name) for table in metadata.sorted_tables for column in table.columns}
    missing = sorted(f"{table}.{column}" for table, column in wanted - found)
    if missing:
        raise UnusableDatabaseError(
            f"the tables were made by an earlier version of the server, which had no {missing[0]} "
            f"({len(missing)} columns are missing); until 1.0 there is no way over: start with a new --database"
        )
