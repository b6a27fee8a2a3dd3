"""Schema migrations: upgrades a database to the newest revision and checks its schema, all of it or nothing.

`docs/store.md` says how a migration is written and which errors an unexpected schema gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog
from sqlalchemy import Connection, Index, Inspector, Table, UniqueConstraint, inspect, text
from sqlalchemy.schema import CreateIndex

from mesolive.store.connection import UnusableDatabaseError
from mesolive.store.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0015"
"""The revision that this server works with; a test compares it with the newest migration."""

MAX_DEFECTS_SHOWN = 5

_log = structlog.get_logger(__name__)


def migrate(connection: Connection) -> None:
    """Run the migrations that the database lacks, then compare its schema with the tables of this version.

    An index that is missing is created. Everything else that is missing is refused: its content cannot be invented.

    Parameters
    ----------
    connection
        Within the caller's transaction. On SQLite foreign keys must not be enforced on it: a table that others refer
        to is dropped and made anew when one of its columns changes.

    Raises
    ------
    UnusableDatabaseError
        When the database has a revision that this server does not know, or a schema that no migration leads to.
    """
    current = _revision(connection)
    if current is None and not set(metadata.tables) & set(inspect(connection).get_table_names()):
        _create(connection)
        return
    if current != HEAD:
        _upgrade(connection, current)
        _check_foreign_keys(connection)
    _check_schema(connection)


def _revision(connection: Connection) -> str | None:
    """Return the revision of the database, or `None` for a database without tables of this server."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _create(connection: Connection) -> None:
    """Make all tables of an empty database at once: a test compares them with what the migrations lead to.

    Running every migration took 160 ms of a new server's start, and more with each migration.
    """
    metadata.create_all(connection)
    connection.execute(
        text(
            "CREATE TABLE alembic_version "
            "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:revision)"), {"revision": HEAD})


def _upgrade(connection: Connection, current: str | None) -> None:
    # Loaded only when there is something to do: every start but the first after an upgrade does without Alembic.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise UnusableDatabaseError(
            f"the database has the schema revision {current!r}, and this version of the server knows revisions up to "
            f"{HEAD}: it was written by a newer version; start that one, or restore a backup made before the upgrade"
        )
    command.upgrade(config, "head")
    if current is not None:
        _log.info("database_migrated", from_revision=current, to_revision=HEAD)


def _check_foreign_keys(connection: Connection) -> None:
    """Refuse an upgrade that broke a reference: SQLite does not enforce them while tables are made anew."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise UnusableDatabaseError(f"row {broken[1]} of {broken[0]} refers to a row of {broken[2]} that is not there")


def _check_schema(connection: Connection) -> None:
    """Create missing indexes, and refuse a schema that lacks anything else."""
    inspector = inspect(connection)
    defects: list[str] = []
    missing: list[Index] = []
    columns = {
        table: {column["name"] for column in result} for (_, table), result in inspector.get_multi_columns().items()
    }
    indexes = {
        table: {index["name"] for index in result} for (_, table), result in inspector.get_multi_indexes().items()
    }
    for table in metadata.sorted_tables:
        if table.name not in columns:
            defects.append(f"the table {table.name}")
            continue
        defects += [
            f"the column {table.name}.{column.name}"
            for column in table.columns
            if column.name not in columns[table.name]
        ]
        defects += _missing_constraints(inspector, table)
        missing += [index for index in table.indexes if index.name not in indexes[table.name]]
    if defects:
        shown = ", ".join(defects[:MAX_DEFECTS_SHOWN])
        more = len(defects) - MAX_DEFECTS_SHOWN
        raise UnusableDatabaseError(
            f"the database has the schema revision {HEAD} and lacks {shown}{f' and {more} more' if more > 0 else ''}: "
            "it was written by a development version from before the first migration, or changed by hand, and no "
            "migration leads from it; restore a backup, or start with a new --database"
        )
    for index in sorted(missing, key=lambda index: str(index.name)):
        connection.execute(CreateIndex(index))
        _log.warning("index_created", index=index.name)


def _missing_constraints(inspector: Inspector, table: Table) -> Iterator[str]:
    """Return the names of missing unique constraints, on which idempotency and exactly-once booking rely."""
    known = [constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)]
    if not known:
        return
    result = {tuple(constraint["column_names"]) for constraint in inspector.get_unique_constraints(table.name)}
    for constraint in known:
        names = tuple(column.name for column in constraint.columns)
        if names not in result:
            yield f"the unique constraint {constraint.name}"
