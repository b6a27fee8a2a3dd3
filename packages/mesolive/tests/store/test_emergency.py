"""The emergency file: halts and revocations that need neither room on the disk nor the database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesolive.store.database import Database
from mesolive.store.emergency import FILE_BYTES, EmergencyFile, HaltNote, RevocationNote

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
HALT = HaltNote("the feed is wrong", NOW, "SIM1000")
REVOKED = RevocationNote("0123456789abcdef", NOW)


@pytest.fixture
def emergency(tmp_path: Path) -> EmergencyFile:
    result = EmergencyFile.beside(tmp_path / "mesolive.sqlite3")
    result.prepare()
    return result


def path_of(emergency: EmergencyFile) -> Path:
    assert emergency.path is not None
    return emergency.path


def test_an_entry_is_read_by_every_process_until_it_is_removed(emergency: EmergencyFile, tmp_path: Path) -> None:
    other = EmergencyFile.beside(tmp_path / "mesolive.sqlite3")
    assert other.notes() == ()
    assert emergency.add(HALT)
    assert emergency.add(REVOKED)
    assert other.notes() == (HALT, REVOKED)
    assert other.halts() == [HALT]
    assert other.revoked_keys() == {REVOKED.key_id}
    other.remove([HALT])
    assert emergency.notes() == (REVOKED,)


def test_the_file_never_changes_its_size_and_is_its_owners_alone(emergency: EmergencyFile) -> None:
    file = path_of(emergency)
    assert file.stat().st_size == FILE_BYTES
    assert file.stat().st_mode & 0o777 == 0o600
    emergency.add(HALT)
    assert file.stat().st_size == FILE_BYTES
    emergency.remove([HALT])
    assert file.stat().st_size == FILE_BYTES


def test_what_does_not_fit_is_not_added_and_harms_nothing(emergency: EmergencyFile) -> None:
    added = 0
    while emergency.add(HaltNote(f"{added} {'x' * 400}", NOW)):
        added += 1
    assert added > 100
    assert len(emergency.notes()) == added
    assert path_of(emergency).stat().st_size == FILE_BYTES


def test_a_line_that_was_cut_off_hides_no_other(emergency: EmergencyFile) -> None:
    emergency.add(HALT)
    file = path_of(emergency)
    content = file.read_bytes().rstrip(b" ")
    file.write_bytes((content + b'{"Action":"Halt","Reason":"cut').ljust(FILE_BYTES, b" "))
    assert emergency.notes() == (HALT,)


def test_without_a_file_no_entry_is_stored(tmp_path: Path) -> None:
    for emergency in (EmergencyFile(None), EmergencyFile.beside(tmp_path / "mesolive.sqlite3")):
        assert not emergency.add(HALT)
        assert emergency.notes() == ()
        emergency.remove([HALT])


def test_entries_outlive_a_new_preparation(emergency: EmergencyFile) -> None:
    emergency.add(HALT)
    emergency.prepare()
    assert emergency.notes() == (HALT,)


async def test_opening_a_database_prepares_its_file(sqlite_url: str) -> None:
    database = await Database.open(sqlite_url)
    assert database.emergency.add(HALT)
    await database.close()
    assert EmergencyFile.beside(Path(sqlite_url.removeprefix("sqlite:///"))).halts() == [HALT]
