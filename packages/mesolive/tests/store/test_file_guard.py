"""A database's file is guarded: one server whatever its name, no write after it was moved, no history lost unseen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.store.connection import UnusableDatabaseError
from mesolive.store.database import Database
from mesolive.store.file_guard import MAX_SEQUENCE, DatabaseMovedError, following, mark_file, missing_commits
from mesolive.store.server_lock import DatabaseInUseError, only_server
from mesolive_testkit.store.samples import add_user

numbers = st.integers(1, MAX_SEQUENCE)


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mesolive.sqlite3"


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic link", "hard link"])
async def test_a_second_server_is_refused_whatever_name_it_has_for_the_file(
    file: Path, tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "name.sqlite3"
    async with only_server(url_of(file)):
        database = await Database.open(url_of(file))
        link(file, other)
        with pytest.raises(DatabaseInUseError):
            async with only_server(url_of(other)):
                pass
        await database.close()


async def test_a_file_with_two_names_is_refused_because_its_log_belongs_to_one_of_them(
    file: Path, tmp_path: Path
) -> None:
    await (await Database.open(url_of(file))).close()
    os.link(file, tmp_path / "name.sqlite3")
    with pytest.raises(UnusableDatabaseError, match="has 2 names"):
        async with only_server(url_of(file)):
            pass


async def test_a_database_opened_by_a_symbolic_link_keeps_its_log_and_mark_beside_the_file(
    file: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    link = tmp_path / "other" / "name.sqlite3"
    await (await Database.open(url_of(file))).close()
    link.symlink_to(file)
    database = await Database.open(url_of(link))
    await add_user(database, "ann")
    assert [path.name for path in link.parent.iterdir()] == ["name.sqlite3"]
    await database.close()


def is_there(file: Path) -> bool:
    return file.exists()


def harm(file: Path, way: str) -> None:
    if way == "moved":
        file.rename(file.with_name("elsewhere"))
    elif way == "deleted":
        file.unlink()
    elif way == "replaced":
        copy = file.with_name("copy")
        shutil.copy(file, copy)
        copy.replace(file)
    else:
        file.with_name(f"{file.name}-wal").unlink()


@pytest.mark.parametrize("way", ["moved", "deleted", "replaced", "log deleted"])
async def test_nothing_is_written_once_the_file_is_not_the_one_that_was_opened(file: Path, way: str) -> None:
    database = await Database.open(url_of(file))
    await add_user(database, "ann")
    harm(file, way)
    with pytest.raises(DatabaseMovedError):
        await add_user(database, "bob")
    with pytest.raises(DatabaseMovedError):
        await add_user(database, "bob")
    assert is_there(file) is (way not in {"moved", "deleted"}), "no new, empty file in its place"
    await database.close()


async def test_a_log_that_was_cut_is_noticed_with_the_number_of_commits_that_are_missing(
    file: Path, tmp_path: Path
) -> None:
    database = await Database.open(url_of(file))
    await add_user(database, "ann")
    log = file.with_name(f"{file.name}-wal")
    stored = log.stat().st_size
    for name in ("bob", "cid", "dan"):
        await add_user(database, name)
    died = tmp_path / "died"  # as the files are when the process is killed
    died.mkdir()
    for path in (file, log, mark_file(file)):
        shutil.copy(path, died / path.name)
    await database.close()
    os.truncate(died / log.name, stored)

    result = await Database.open(url_of(died / file.name))
    assert await result.missing_commits() == 3
    await result.close()
    command = await Database.open(url_of(died / file.name))
    await add_user(command, "eve")  # a command may write before the server starts: the mark stays
    assert await command.missing_commits() > 0
    await command.accept_history()
    assert await command.missing_commits() == 0
    await add_user(command, "fay")
    await command.close()
    again = await Database.open(url_of(died / file.name))
    assert await again.missing_commits() == 0
    await again.close()


async def test_a_whole_history_is_complete_after_a_clean_end_a_kill_and_a_lost_mark(file: Path, tmp_path: Path) -> None:
    database = await Database.open(url_of(file))
    for name in ("ann", "bob"):
        await add_user(database, name)
    killed = tmp_path / "killed"
    killed.mkdir()
    for path in (file, file.with_name(f"{file.name}-wal"), mark_file(file)):
        shutil.copy(path, killed / path.name)
    await database.close()
    for place in (file, killed / file.name):
        result = await Database.open(url_of(place))
        assert await result.missing_commits() == 0
        await result.close()
    mark_file(file).unlink()
    result = await Database.open(url_of(file))
    assert await result.missing_commits() == 0
    await result.close()


async def test_a_transaction_that_changes_nothing_has_no_number(file: Path) -> None:
    database = await Database.open(url_of(file))
    await add_user(database, "ann")
    before = mark_file(file).read_text()
    async with database.write():
        pass
    assert mark_file(file).read_text() == before
    await add_user(database, "bob")
    assert int(mark_file(file).read_text()) == int(before) + 1
    await database.close()


@given(sequence=numbers, commits=st.integers(0, 1000))
def test_commits_behind_the_mark_are_missing_also_where_the_numbers_begin_anew(sequence: int, commits: int) -> None:
    mark = sequence
    for _ in range(commits):
        mark = following(mark)
    assert missing_commits(mark, sequence) == commits
    if commits:
        assert missing_commits(sequence, mark) == 0, "a mark may lag"
    assert missing_commits(None, sequence) == 0
