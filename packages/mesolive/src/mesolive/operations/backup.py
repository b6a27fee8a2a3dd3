"""Backup and restore: one archive of the database, the secret and the venue's files, made while the server runs.

A backup is a gzipped tar archive of the database, the secret that signs API keys, the simulated venue's memory where
there is one, and the journals of connectors, after a manifest that says what must be in it. Memory and journals are
copied after the database: a venue may then have orders that the database lacks, which reconciliation resolves, but
never the reverse.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from mesolive.access.secret import SECRET_FILE
from mesolive.operations.backup_archive import (
    DATABASE_FILE,
    JOURNAL,
    VENUE_FILE,
    BackupError,
    Manifest,
    Progress,
    checked_members,
    journals,
    nothing,
    open_archive,
    pack,
    write_file,
)
from mesolive.operations.server_places import Places, missing_places, read_places, venue_to_copy
from mesolive.store.database import Database
from mesolive.store.file_guard import mark_file
from mesolive.store.server_lock import file_of, locked_file
from mesolive.store.tables import metadata
from mesolive.trading.execution import halts

__all__ = ["DISTANCE", "BackupError", "Restored", "make_backup", "restore_backup"]

PAGES = 2_000
"""Pages of the database that are copied between two reports of progress: 8 MB."""

DISTANCE = 1_000_000
"""After a restore new ids begin at the next multiple of this: clients and venues may hold ids that were assigned after
the backup, and a new object must not reuse one of them."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore.

    Attributes
    ----------
    replaced
        The files that were there before, where they are now.
    venue
        Where the venue's memory is.
    venue_was_present
        Whether a venue's memory was there, which is never set back.
    """

    manifest: Manifest
    replaced: list[Path]
    venue: Path
    venue_was_present: bool


def make_backup(url: str, target: Path, venue: Path, *, named: bool = False, progress: Progress = nothing) -> Manifest:
    """Write a backup of a SQLite database, consistent beside a running server, and verify it.

    Parameters
    ----------
    url
        The database.
    target
        The file to write; readable by its owner only, for it holds the secret of the API keys.
    venue
        Where the simulated venue's memory is by default. The server has noted where it is; left out where it noted none
        and there is none.
    named
        Whether `venue` was asked for, whatever the server has noted.
    progress
        Called with the progress.

    Raises
    ------
    BackupError
        When there is nothing to back up, something that belongs to the server is missing, the target exists, or what
        was written is not what was read.
    UnusableDatabaseError
        When the URL cannot serve.
    """
    source = _file_of(url)
    if not source.is_file():
        raise BackupError(f"there is no database {source}")
    if target.exists():
        raise BackupError(f"{target} exists already; choose another name")
    try:
        with _draft(target.parent) as copy, _draft(target.parent) as archive:
            made_at = datetime.now(UTC)
            rows = _copy_database(source, copy, progress)
            places = _places(copy)
            venue_file, secret = venue_to_copy(places, venue if named else None, venue), source.parent / SECRET_FILE
            if missing := missing_places(places, venue if named else None, venue_file, secret):
                raise BackupError(f"the backup would not be whole: {', and '.join(missing)} is not there")
            files = {DATABASE_FILE: copy, SECRET_FILE: secret, VENUE_FILE: venue_file}
            files |= journals(venue_file.parent)
            files = {name: file for name, file in files.items() if file.is_file()}
            elsewhere = None if venue_file == source.parent / VENUE_FILE else str(venue_file.absolute())
            manifest = pack(files, archive, made_at, rows, elsewhere, progress)
            with open_archive(archive) as unpacked:
                for _ in checked_members(unpacked, progress, "reading again"):
                    pass
            os.close(os.open(target, os.O_CREAT | os.O_EXCL, 0o600))  # unlike a renaming this never replaces a file
            archive.replace(target)
            _sync_directory(target.parent)
    except FileExistsError:
        raise BackupError(f"{target} exists already; choose another name") from None
    except OSError as error:
        raise BackupError(f"{error.filename or target}: {error.strerror or error}") from error
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be read: {error}") from error
    return manifest


async def restore_backup(
    source: Path,
    url: str,
    venue: Path,
    *,
    named: bool = False,
    force: bool = False,
    progress: Progress = nothing,
) -> Restored:
    """Put a backup back in the place of a SQLite database, check it, and halt all trading.

    Numbers that are given out afterwards begin at a distance, and a halt stands until the operator has compared the
    positions with the venues: an order sent after the backup is missing in the database, and must not be sent again.

    Parameters
    ----------
    source
        The backup.
    url
        The database to make.
    venue
        Where the simulated venue's memory is by default; one that was kept elsewhere goes back there. Restored only
        where there is none: a venue is not set back.
    named
        Whether `venue` was asked for, wherever it was before.
    force
        Whether a database that is there is moved aside.
    progress
        Called with the progress.

    Raises
    ------
    BackupError
        When the file is not a whole backup, or a database is there and `force` is not given.
    DatabaseInUseError
        When a server uses the database.
    UnusableDatabaseError
        When the URL cannot serve, or the tables are those of another version of the server.
    """
    target = _file_of(url)
    try:
        with locked_file(target):
            if target.exists() and not force:
                raise BackupError(f"{target} exists; with --force it is moved aside and the backup takes its place")
            with contextlib.ExitStack() as stack:
                drafts: dict[str, Path] = {}
                unpacked = stack.enter_context(open_archive(source))
                for member, stream in checked_members(unpacked, progress, "unpacking"):
                    draft = stack.enter_context(_draft(target.parent))
                    write_file(draft, stream)
                    drafts[member.name] = draft
                await _prepare(drafts[DATABASE_FILE], unpacked.manifest)
                before = unpacked.manifest.venue
                place = venue if named or before is None else Path(before)
                return _put_in_place(drafts, target, place, unpacked.manifest)
    except OSError as error:
        raise BackupError(f"{error.filename or source}: {error.strerror or error}") from error
    except sqlite3.Error as error:
        raise BackupError(f"the database in {source} cannot be used: {error}") from error


def _file_of(url: str) -> Path:
    file = file_of(url)
    if file is None:
        raise BackupError(
            "the database is PostgreSQL: back it up with pg_dump, restore it with pg_restore, and keep "
            "MESOLIVE_SECRET_KEY with it; docs/operations.md says what else matters"
        )
    return file


@contextmanager
def _draft(directory: Path) -> Generator[Path]:
    """Create a file that only its owner can read; remove it at the end if it still has this name."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".mesolive-", suffix=".draft", dir=directory)
    os.close(descriptor)
    draft = Path(name)
    try:
        yield draft
    finally:
        for leftover in (draft, *_beside(draft)):
            leftover.unlink(missing_ok=True)


def _beside(database: Path) -> list[Path]:
    """Return the files that belong to a database and lie beside it."""
    return [
        *(database.with_name(f"{database.name}{ending}") for ending in ("-wal", "-shm", "-journal")),
        mark_file(database),  # counts the commits of another history
    ]


# --- making -----------------------------------------------------------------------------------------------------------


def _copy_database(source: Path, copy: Path, progress: Progress) -> dict[str, int]:
    """Copy one moment of the database, check the copy, and return how many rows each table has."""
    with (
        contextlib.closing(sqlite3.connect(source, isolation_level=None)) as reader,
        contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as writer,
    ):
        reader.execute("PRAGMA busy_timeout = 10000")
        reader.execute("PRAGMA query_only = ON")
        size = int(reader.execute("PRAGMA page_size").fetchone()[0])
        # The transaction holds the moment: without it every write of the server would begin the copy anew.
        reader.execute("BEGIN")
        rows = _count_rows(reader)
        reader.backup(
            writer,
            pages=PAGES,
            progress=lambda _status, left, total: progress("copying", (total - left) * size, total * size),
        )
        reader.execute("ROLLBACK")
        writer.execute("PRAGMA journal_mode = DELETE")  # leaves one file, without a write-ahead log beside it
        _check_database(writer, rows)
    return rows


def _places(copy: Path) -> Places | None:
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        return read_places(connection)


def _check_database(connection: sqlite3.Connection, rows: dict[str, int]) -> None:
    """Check the integrity of a database and its number of rows."""
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise BackupError(f"the database is damaged: {verdict}")
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise BackupError("the database is damaged: rows refer to others that are not there")
    if (result := _count_rows(connection)) != rows:
        wrong = sorted(name for name in rows.keys() | result.keys() if rows.get(name) != result.get(name))
        raise BackupError(f"the copy of the database is not complete: {', '.join(wrong)}")


def _count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {
        name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608 - its own tables
        for (name,) in sorted(tables)
    }


# --- restoring --------------------------------------------------------------------------------------------------------


async def _prepare(database: Path, manifest: Manifest) -> None:
    """Check a restored database, bring its tables up to date, lift its numbers and halt it."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        _check_database(connection, manifest.rows)
    opened = await Database.open(f"sqlite:///{database}")
    try:
        await _lift_numbers(opened)
        reason = (
            f"restored from a backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC: "
            "compare the accounts with their venues, then run mesolive resume"
        )
        await halts.halt(opened, reason, datetime.now(UTC))
    finally:
        await opened.close()
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


async def _lift_numbers(database: Database) -> None:
    """Raise the next id of every table, so that no id assigned after the backup is reused."""
    counted = [name for name, table in metadata.tables.items() if table.dialect_options["sqlite"]["autoincrement"]]
    above = f"/ {DISTANCE} + 1) * {DISTANCE}"
    async with database.write() as tx:
        for name in counted:
            await tx.execute(
                text(
                    "INSERT INTO sqlite_sequence (name, seq) SELECT :n, 0 WHERE NOT EXISTS"
                    " (SELECT 1 FROM sqlite_sequence WHERE name = :n)"
                ).bindparams(n=name)
            )
        await tx.execute(text(f"UPDATE sqlite_sequence SET seq = (seq {above}"))  # noqa: S608 - a number of ours
        await tx.execute(
            text(
                "INSERT INTO event_counters (user_id, latest_seq_id) SELECT id, 0 FROM users"
                " WHERE id NOT IN (SELECT user_id FROM event_counters)"
            )
        )
        await tx.execute(text(f"UPDATE event_counters SET latest_seq_id = (latest_seq_id {above}"))  # noqa: S608 - likewise


def _put_in_place(drafts: dict[str, Path], target: Path, venue: Path, manifest: Manifest) -> Restored:
    """Move the files into place; files that had these names are kept in a folder beside."""
    aside = target.parent / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    replaced: list[Path] = []

    def place(draft: Path, name: Path, *beside: Path) -> None:
        for old in (name, *beside):
            if old.exists():
                aside.mkdir(mode=0o700, exist_ok=True)
                replaced.append(old.rename(aside / old.name))
        draft.replace(name)

    secret = target.parent / SECRET_FILE
    if SECRET_FILE in drafts and not (secret.exists() and secret.read_bytes() == drafts[SECRET_FILE].read_bytes()):
        place(drafts[SECRET_FILE], secret)
    venue_was_present = venue.exists()
    if VENUE_FILE in drafts and not venue_was_present:
        venue.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place(drafts[VENUE_FILE], venue)
    for name, draft in drafts.items():
        journal = venue.parent / name
        if JOURNAL.fullmatch(name) and not journal.exists():  # as the venue's memory: never set back
            journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place(draft, journal)
    place(drafts[DATABASE_FILE], target, *_beside(target))
    _sync_directory(target.parent)
    return Restored(manifest, replaced, venue, venue_was_present)


def _sync_directory(directory: Path) -> None:
    """Sync a directory, so that renames in it survive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
