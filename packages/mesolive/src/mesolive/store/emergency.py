"""Emergency file: halts and revocations that take effect while the database cannot be written.

A full disk, or a writer that is stuck, must not stop the kill switch. So `mesolive halt` and `mesolive apikey revoke`
write into this file first. It lies beside a SQLite file, and has its full size from the beginning: writing into it
needs no room on the disk and no lock of the database. A running server reads it, obeys what it says at once, and
stores it in the database when that can be written again.

A line is one entry as JSON. An entry is appended in place; a line that was cut off is not an entry.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Generator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

try:
    import fcntl
except ImportError:  # not a POSIX system: there writers of the file do not wait for each other
    fcntl = None

FILE_BYTES = 65_536
"""Size of the file: room for some three hundred entries."""

MAX_TEXT = 500
"""Characters of a halt's reason that are kept."""

_BLANK = b" "

_log = structlog.get_logger(__name__)


class HaltNote(msgspec.Struct, frozen=True, tag="Halt", tag_field="Action", rename="pascal"):
    """A halt of one account (every account of that id), or of all."""

    reason: str
    at: datetime
    broker_account_id: str | None = None


class RevocationNote(msgspec.Struct, frozen=True, tag="RevokeKey", tag_field="Action", rename="pascal"):
    """The revocation of an API key."""

    key_id: str
    at: datetime


Note = HaltNote | RevocationNote

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Note] = msgspec.json.Decoder(Note)


class EmergencyFile:
    """Halts and revocations that are in force, whether or not the database has them.

    Parameters
    ----------
    path
        The file; `None` where the database is a server, which has no such file.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._read_at: int | None = None
        self._notes: tuple[Note, ...] = ()

    @classmethod
    def beside(cls, database: Path | None) -> EmergencyFile:
        """Return the emergency file of a database's file."""
        return cls(None if database is None else database.with_name(f"{database.name}.emergency"))

    def prepare(self) -> None:
        """Create the file with its full size while there is room; a disk that is full already is logged."""
        if self.path is None:
            return
        try:
            if self.path.exists() and self.path.stat().st_size >= FILE_BYTES:
                return
            with self._opened(os.O_RDWR | os.O_CREAT) as file:
                content = os.pread(file, FILE_BYTES, 0)
                _write(file, content.ljust(FILE_BYTES, _BLANK), 0)
        except OSError as error:
            _log.warning("emergency_file_not_created", path=str(self.path), error=error.strerror)

    def notes(self) -> tuple[Note, ...]:
        """Return the entries of the file; none without a file. Cached until the file changes."""
        if self.path is None:
            return ()
        try:
            changed_at = os.stat(self.path).st_mtime_ns  # noqa: PTH116 - half the cost, and each order asks
            if changed_at != self._read_at:
                self._notes = _parsed(self.path.read_bytes())
                self._read_at = changed_at
        except OSError:
            return ()
        return self._notes

    def halts(self) -> Sequence[HaltNote]:
        """Return the halts."""
        return [note for note in self.notes() if isinstance(note, HaltNote)]

    def revoked_keys(self) -> Collection[str]:
        """Return the ids of the keys that are revoked."""
        return {note.key_id for note in self.notes() if isinstance(note, RevocationNote)}

    def add(self, note: Note) -> bool:
        """Append an entry and sync it to the disk.

        Returns
        -------
        Whether it is there: not where there is no such file, or no room in it.
        """
        if self.path is None:
            return False
        line = _encoder.encode(note) + b"\n"
        try:
            with self._opened(os.O_RDWR) as file:
                end = len(os.pread(file, FILE_BYTES, 0).rstrip(_BLANK))
                if end + len(line) > FILE_BYTES:
                    return False
                _write(file, line, end)
        except OSError:
            return False
        return True

    def remove(self, done: Collection[Note]) -> None:
        """Remove entries that the database has stored, or that were lifted."""
        if self.path is None or not done:
            return
        with contextlib.suppress(FileNotFoundError), self._opened(os.O_RDWR) as file:
            left = [note for note in _parsed(os.pread(file, FILE_BYTES, 0)) if note not in done]
            _write(file, b"".join(_encoder.encode(note) + b"\n" for note in left).ljust(FILE_BYTES, _BLANK), 0)

    @contextlib.contextmanager
    def _opened(self, flags: int) -> Generator[int]:
        assert self.path is not None  # noqa: S101 - every caller has looked
        file = os.open(self.path, flags, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


def _write(file: int, content: bytes, at: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, at)
        view, at = view[written:], at + written
    os.fsync(file)


def _parsed(content: bytes) -> tuple[Note, ...]:
    result: list[Note] = []
    for line in content.split(b"\n"):
        text = line.strip()
        if text:
            try:
                result.append(_decoder.decode(text))
            except msgspec.DecodeError:
                continue  # cut off while it was written, or of a newer version
    return tuple(result)
