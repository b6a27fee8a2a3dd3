"""Backup and restore: one archive of the database, the secret and the venue's files, made while the server runs.

A backup is a gzipped tar archive of the database, the secret that signs API keys, the simulated venue's memory where
there is one, and the journals of connectors, after a manifest that says what must be in it. Memory and journals are
copied after the database: a venue may then have orders that the database lacks, which reconciliation resolves, but
never the reverse.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import re
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec
from sqlalchemy import text

from mesolive.access.secret import SECRET_FILE
from mesolive.operations.server_places import Places, missing_places, read_places, venue_to_copy
from mesolive.store.database import Database
from mesolive.store.file_guard import mark_file
from mesolive.store.migrate import HEAD
from mesolive.store.server_lock import file_of, locked_file
from mesolive.store.tables import metadata
from mesolive.trading.execution import halts

DATABASE_FILE = "mesolive.sqlite3"
VENUE_FILE = "simulated-venue.jsonl"
CONNECTORS = "connectors"
JOURNAL = re.compile(r"connectors/[0-9]{1,18}/[A-Za-z0-9_-]{1,64}\.jsonl", re.ASCII)
"""Journals of connectors are files of lines that only grow; what else connectors keep is a cache."""

MANIFEST = "manifest.json"
FORMAT = 1

PAGES = 2_000
"""Pages of the database that are copied between two reports of progress: 8 MB."""

CHUNK = 1024 * 1024
MAX_MANIFEST = 1024 * 1024

DISTANCE = 1_000_000
"""After a restore new ids begin at the next multiple of this: clients and venues may hold ids that were assigned after
the backup, and a new object must not reuse one of them."""

Progress = Callable[[str, int, int], None]
"""Called with the current step, the bytes done and the bytes in total."""


class BackupError(Exception):
    """A backup cannot be made or restored; the text gives the reason, and no data was changed."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a backup."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of a backup: its files, versions and row counts.

    Attributes
    ----------
    made_at
        When the database was read, by the computer's clock.
    server
        The version of the server that made it.
    tables
        The revision of its tables.
    rows
        How many rows each table had.
    venue
        Where the simulated venue's memory was, when a setting placed it elsewhere than by default.
    """

    format: int
    made_at: datetime
    server: str
    tables: str
    files: list[Member]
    rows: dict[str, int]
    venue: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore.

    Attributes
    ----------
    replaced
        The files that were there before, where they are now.
    venue
        Where the venue's memory is.
    venue_kept
        Whether a venue's memory was there, which is never set back.
    """

    manifest: Manifest
    replaced: list[Path]
    venue: Path
    venue_kept: bool


def nothing(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


def make_backup(url: str, target: Path, venue: Path, *, named: bool = False, progress: Progress = nothing) -> Manifest:
    """Write a backup of a SQLite database, consistent whatever a running server does meanwhile, and read it again.

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
            kept, secret = venue_to_copy(places, venue if named else None, venue), source.parent / SECRET_FILE
            if missing := missing_places(places, venue if named else None, kept, secret):
                raise BackupError(f"the backup would not be whole: {', and '.join(missing)} is not there")
            files = {DATABASE_FILE: copy, SECRET_FILE: secret, VENUE_FILE: kept}
            files |= _journals(kept.parent)
            files = {name: file for name, file in files.items() if file.is_file()}
            elsewhere = None if kept == source.parent / VENUE_FILE else str(kept.absolute())
            manifest = _pack(files, archive, made_at, rows, elsewhere, progress)
            with _reading(archive) as unpacked:
                for _ in _checked(unpacked, progress, "reading again"):
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
                unpacked = stack.enter_context(_reading(source))
                for member, stream in _checked(unpacked, progress, "unpacking"):
                    draft = stack.enter_context(_draft(target.parent))
                    _write(draft, stream)
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


def _pack(
    files: dict[str, Path],
    archive: Path,
    made_at: datetime,
    rows: dict[str, int],
    venue: str | None,
    progress: Progress,
) -> Manifest:
    """Write the archive: the manifest first, each file as long as it was when it was looked at."""
    members: list[Member] = []
    for name, file in files.items():
        grows = name == VENUE_FILE or JOURNAL.fullmatch(name) is not None
        size = _whole_lines(file) if grows else file.stat().st_size
        members.append(Member(name=name, size=size, sha256=_hash(file, size)))
    manifest = Manifest(
        format=FORMAT,
        made_at=made_at,
        server=version("mesolive"),
        tables=HEAD,
        files=members,
        rows=rows,
        venue=venue,
    )
    total, done = sum(member.size for member in members), 0
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=3, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        body = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        _add(tar, MANIFEST, len(body), made_at, BytesIO(body))
        for member in members:
            progress("packing", done, total)
            with files[member.name].open("rb") as stream:
                _add(tar, member.name, member.size, made_at, stream)
            done += member.size
        progress("packing", total, total)
    with archive.open("rb") as written:
        os.fsync(written.fileno())
    return manifest


def _journals(directory: Path) -> dict[str, Path]:
    """Return the journals of connectors by their names in an archive."""
    found = {file.relative_to(directory).as_posix(): file for file in (directory / CONNECTORS).glob("*/*.jsonl")}
    return {name: file for name, file in sorted(found.items()) if JOURNAL.fullmatch(name)}


def _add(tar: tarfile.TarFile, name: str, size: int, at: datetime, stream: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(at.timestamp())
    tar.addfile(entry, stream)


def _whole_lines(file: Path) -> int:
    """Return the length of a file of lines that is being written, without its unfinished last line."""
    with file.open("rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - CHUNK)
            stream.seek(start)
            result = stream.read(end - start).rfind(b"\n")
            if result >= 0:
                return start + result + 1
            end = start
    return 0


def _hash(file: Path, size: int) -> str:
    digest, left = hashlib.sha256(), size
    with file.open("rb") as stream:
        while left and (chunk := stream.read(min(CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass
class _Unpacked:
    """A backup that is being read."""

    file: Path
    packed: gzip.GzipFile
    tar: tarfile.TarFile
    manifest: Manifest


@contextmanager
def _reading(file: Path) -> Generator[_Unpacked]:
    """Open a backup and read its manifest.

    Raises
    ------
    BackupError
        When it is none, when it was made by a newer server, or when it is damaged.
    """
    try:
        with gzip.open(file) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            first = tar.next()
            stream = None if first is None or first.name != MANIFEST else tar.extractfile(first)
            if stream is None:
                raise BackupError(f"{file} is not a backup of this server")
            manifest = msgspec.json.decode(stream.read(MAX_MANIFEST), type=Manifest)
            if manifest.format != FORMAT or manifest.tables > HEAD:
                raise BackupError(
                    f"{file} was made by a newer server ({manifest.server}); use that version to restore it"
                )
            yield _Unpacked(file, packed, tar, manifest)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, msgspec.DecodeError):
        raise BackupError(f"{file} is not a backup of this server, or is damaged") from None


def _checked(unpacked: _Unpacked, progress: Progress, what: str) -> Generator[tuple[Member, IO[bytes]]]:
    """Yield each file of the manifest with its content; check its hash after it was read."""
    total, done = sum(member.size for member in unpacked.manifest.files), 0
    for member in unpacked.manifest.files:
        progress(what, done, total)
        entry = unpacked.tar.next()
        stream = None if entry is None or entry.name != member.name else unpacked.tar.extractfile(entry)
        known = member.name in {DATABASE_FILE, SECRET_FILE, VENUE_FILE} or JOURNAL.fullmatch(member.name)
        if stream is None or not known:
            raise BackupError(f"{unpacked.file} is damaged: {member.name} is not where it must be")
        hashed = _Hashed(stream)
        yield member, hashed
        while hashed.read(CHUNK):
            pass
        if hashed.digest.hexdigest() != member.sha256:
            raise BackupError(f"{unpacked.file} is damaged: {member.name} is not what was backed up")
        done += member.size
    while unpacked.packed.read(CHUNK):
        pass  # Read to the end, where gzip checks its own checksum.
    progress(what, total, total)


class _Hashed(BytesIO):
    """A stream that hashes the bytes read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int | None = CHUNK, /) -> bytes:
        """Read and hash the next bytes."""
        chunk = self._stream.read(CHUNK if size is None or size < 0 else size)
        self.digest.update(chunk)
        return chunk


def _write(file: Path, stream: IO[bytes]) -> None:
    with file.open("wb") as out:
        while chunk := stream.read(CHUNK):
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())


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
    venue_kept = venue.exists()
    if VENUE_FILE in drafts and not venue_kept:
        venue.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place(drafts[VENUE_FILE], venue)
    for name, draft in drafts.items():
        journal = venue.parent / name
        if JOURNAL.fullmatch(name) and not journal.exists():  # as the venue's memory: never set back
            journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place(draft, journal)
    place(drafts[DATABASE_FILE], target, *_beside(target))
    _sync_directory(target.parent)
    return Restored(manifest, replaced, venue, venue_kept)


def _sync_directory(directory: Path) -> None:
    """Sync a directory, so that renames in it survive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
