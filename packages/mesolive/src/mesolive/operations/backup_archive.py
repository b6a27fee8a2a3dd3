"""Archive of a backup: a gzipped tar with a manifest that says what must be in it, written and read with hashes.

The manifest is the first member; the files follow in its order. Files of lines that a running server appends to are
packed as long as they were when they were looked at, without an unfinished last line.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec

from mesolive.access.secret import SECRET_FILE
from mesolive.store.migrate import HEAD

DATABASE_FILE = "mesolive.sqlite3"
VENUE_FILE = "simulated-venue.jsonl"
CONNECTORS = "connectors"
JOURNAL = re.compile(r"connectors/[0-9]{1,18}/[A-Za-z0-9_-]{1,64}\.jsonl", re.ASCII)
"""Journals of connectors are files of lines that only grow; what else connectors keep is a cache."""

MANIFEST = "manifest.json"
FORMAT = 1

CHUNK = 1024 * 1024
MAX_MANIFEST = 1024 * 1024

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


def nothing(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


def pack(
    files: dict[str, Path],
    archive: Path,
    made_at: datetime,
    rows: dict[str, int],
    venue: str | None,
    progress: Progress,
) -> Manifest:
    """Write the archive: the manifest first, each file with the length that the manifest states."""
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


def journals(directory: Path) -> dict[str, Path]:
    """Return the journals of connectors by their names in an archive."""
    files = {file.relative_to(directory).as_posix(): file for file in (directory / CONNECTORS).glob("*/*.jsonl")}
    return {name: file for name, file in sorted(files.items()) if JOURNAL.fullmatch(name)}


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


@dataclass
class OpenArchive:
    """A backup that is being read."""

    file: Path
    packed: gzip.GzipFile
    tar: tarfile.TarFile
    manifest: Manifest


@contextmanager
def open_archive(file: Path) -> Generator[OpenArchive]:
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
            yield OpenArchive(file, packed, tar, manifest)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, msgspec.DecodeError):
        raise BackupError(f"{file} is not a backup of this server, or is damaged") from None


def checked_members(archive: OpenArchive, progress: Progress, what: str) -> Generator[tuple[Member, IO[bytes]]]:
    """Yield each file of the manifest with its content; check its hash after it was read."""
    total, done = sum(member.size for member in archive.manifest.files), 0
    for member in archive.manifest.files:
        progress(what, done, total)
        entry = archive.tar.next()
        stream = None if entry is None or entry.name != member.name else archive.tar.extractfile(entry)
        known = member.name in {DATABASE_FILE, SECRET_FILE, VENUE_FILE} or JOURNAL.fullmatch(member.name)
        if stream is None or not known:
            raise BackupError(f"{archive.file} is damaged: {member.name} is not where it must be")
        hashed = _Hashed(stream)
        yield member, hashed
        while hashed.read(CHUNK):
            pass
        if hashed.digest.hexdigest() != member.sha256:
            raise BackupError(f"{archive.file} is damaged: {member.name} is not what was backed up")
        done += member.size
    while archive.packed.read(CHUNK):
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


def write_file(file: Path, stream: IO[bytes]) -> None:
    """Write a file of a backup, and sync it."""
    with file.open("wb") as out:
        while chunk := stream.read(CHUNK):
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
