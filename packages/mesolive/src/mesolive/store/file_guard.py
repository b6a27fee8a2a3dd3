"""Guards an SQLite file: detects that it was moved or replaced, and that acknowledged commits are missing in it.

SQLite notices neither. A file that is moved away while it is open is written to at its new place. A write-ahead log
that is cut or damaged is read up to its last whole commit; later acknowledged commits are lost without an error.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from msgspec import Struct

from mesolive.errors import ServiceError
from mesolive.store.connection import UnusableDatabaseError
from mesolive_sdk.models import MesoLiveApiError, StatusCode

MAX_SEQUENCE = 2**31 - 1
"""The last number of a commit, after which 1 follows: SQLite keeps 32 bits with a sign in the file's header."""

_WIDTH = 10


class DatabaseMovedError(ServiceError):
    """The database's file was moved, replaced or deleted while it was open: writing would be lost with it."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            StatusCode.ProviderUnavailable,
            f"the database file {file.name} was moved or replaced while the server runs; nothing is written",
            MesoLiveApiError(Code="DatabaseMoved"),
        )


class FileIdentity(Struct, frozen=True):
    """The identity of a file (device and inode), independent of its name."""

    device: int
    inode: int

    @classmethod
    def of(cls, file: Path) -> FileIdentity | None:
        """Return the identity of the file that has this name now, or `None` where there is none."""
        try:
            result = os.stat(file)  # noqa: PTH116 - at every commit: a tenth of the cost of Path.stat
        except OSError:
            return None
        return cls(result.st_dev, result.st_ino)


class HighWaterMark:
    """The number of the last acknowledged commit, in a file beside the database and so outside of its log.

    It is written after each commit and synced only now and then. It may therefore lag behind the database, after a loss
    of power for instance, but never run ahead of it: a mark ahead of the database means that commits are missing.

    Parameters
    ----------
    database
        The database's file.
    """

    def __init__(self, database: Path) -> None:
        self.file = mark_file(database)
        self._descriptor: int | None = None
        self._is_protected = False

    def read(self) -> int | None:
        """Return the number, or `None` where there is none."""
        try:
            return int(self.file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def write(self, sequence: int) -> None:
        """Note a number, unless the mark was ahead of the database when this process found it: that must not be lost.

        An error is not a reason to fail a commit that is durable: the mark lags then.
        """
        if self._descriptor is None:
            # A command beside a stopped server may be the first to write after history was lost.
            self._is_protected = missing_commits(self.read(), sequence) > 0
        self._put(sequence)

    def accept(self, sequence: int) -> None:
        """Note a number that may be below the mark: what is missing was reported."""
        self._is_protected = False
        self._put(sequence)
        self.sync()

    def _put(self, sequence: int) -> None:
        with contextlib.suppress(OSError):
            if self._descriptor is None:
                self._descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o600)
            if not self._is_protected:
                os.pwrite(self._descriptor, f"{sequence:0{_WIDTH}d}".encode(), 0)

    def sync(self) -> None:
        """Sync the number to the disk, so that it survives a loss of power."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._descriptor)

    def close(self) -> None:
        """Sync and close the file."""
        self.sync()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def mark_file(database: Path) -> Path:
    """Return the file of a database's high-water mark."""
    return database.with_name(f"{database.name}.highwater")


def following(sequence: int) -> int:
    """Return the number of the commit after this one."""
    return 1 if sequence >= MAX_SEQUENCE else sequence + 1


def missing_commits(mark: int | None, sequence: int) -> int:
    """Return how many acknowledged commits the database lacks.

    Parameters
    ----------
    mark
        The high-water mark; `None` where there is none.
    sequence
        The number of the last commit that is in the database.
    """
    if mark is None:
        return 0
    ahead = (mark - sequence) % MAX_SEQUENCE
    # The numbers wrap around: a difference of more than half of the range means behind.
    return ahead if ahead <= MAX_SEQUENCE // 2 else 0


class FileGuard:
    """Checks that a database file and its log are still the files that were opened.

    Attributes
    ----------
    mark
        The high-water mark of its commits.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._log = file.with_name(f"{file.name}-wal")
        self._identity: FileIdentity | None = None
        self._log_identity: FileIdentity | None = None
        self.mark = HighWaterMark(file)

    def opened(self) -> None:
        """Note which file it is, or see that it is the same as before.

        Raises
        ------
        DatabaseMovedError
            When it is another one.
        """
        if self._identity is None:
            self._identity = FileIdentity.of(self._file)
        self.check()

    def log_may_change(self) -> None:
        """Forget which log it is: SQLite deletes it when the last connection closes, and makes another one."""
        self._log_identity = None

    def check(self) -> None:
        """Check that the file and its log are the ones that were opened.

        Raises
        ------
        DatabaseMovedError
            When they were moved, replaced or deleted.
        """
        if FileIdentity.of(self._file) != self._identity:
            raise DatabaseMovedError(self._file)
        log = FileIdentity.of(self._log)
        if self._log_identity is None:
            self._log_identity = log
        elif log != self._log_identity:
            raise DatabaseMovedError(self._log)


def must_have_one_name(file: Path) -> None:
    """Refuse a database file with several hard links.

    SQLite puts its log beside the name under which a file was opened: under another name acknowledged commits that are
    only in the log would be missing.

    Raises
    ------
    UnusableDatabaseError
        When the file has more than one name.
    """
    with contextlib.suppress(FileNotFoundError):
        links = file.stat().st_nlink
        if links > 1:
            raise UnusableDatabaseError(
                f"the database file {file} has {links} names (hard links), and its log belongs to one of them; "
                f"remove the others (find them with: find DIR -samefile {file})"
            )
