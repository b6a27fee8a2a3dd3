"""SQLite beside the event loop: nothing holds the loop up, and nothing is left behind at the end."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import Select, event, func, insert, literal, select, update

from mesolive.store.connection import LONG
from mesolive.store.database import Database
from mesolive.store.tables.access import users
from mesolive_testkit.store.attempts import NOW, Attempt, add_user, names, names_in


def count_up_to(number: int) -> Select[int]:
    """Return a query that has as much to do as wanted."""
    numbers = select(literal(1).label("number")).cte(recursive=True)
    numbers = numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < number))
    return select(func.count()).select_from(numbers)


class Ticks:
    """Counts the turns that the event loop takes while a statement runs."""

    def __init__(self) -> None:
        self.count = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        self.count = 0
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()

    async def _tick(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)


class TestTheEventLoop:
    """On SQLite the writer's statements run on it: it may not be held up by one that takes long."""

    @pytest.fixture
    async def sqlite(self, ready_sqlite_url: str) -> AsyncIterator[Database]:
        opened = await Database.open(ready_sqlite_url)
        yield opened
        await opened.close()

    async def test_runs_a_short_statement_itself(self, sqlite: Database) -> None:
        async with sqlite.write() as tx, Ticks() as ticks:
            await add_user(tx, "ann")
            assert await names_in(tx) == ["ann"]
            assert ticks.count == 0

    async def test_continues_while_a_writer_reads_for_long(self, sqlite: Database) -> None:
        async with sqlite.write() as tx, Ticks() as ticks:
            await add_user(tx, "ann")
            assert await tx.scalar(count_up_to(300_000)) == 300_000
            assert ticks.count > 0
        assert await names(sqlite) == ["ann"]  # stopping the query has cost the transaction nothing

    async def test_continues_while_many_rows_are_written(self, sqlite: Database) -> None:
        rows = [{"name": f"user {number}", "created_at": NOW} for number in range(2000)]
        async with sqlite.write() as tx, Ticks() as ticks:
            await tx.execute(insert(users), rows)
            assert ticks.count > 0
        assert len(await names(sqlite)) == 2000

    async def test_continues_while_a_change_that_is_marked_as_long_runs(self, sqlite: Database) -> None:
        async with sqlite.write() as tx, Ticks() as ticks:
            await tx.execute(insert(users), [{"name": f"user {number}", "created_at": NOW} for number in range(200)])
            await tx.execute(update(users).values(created_at=NOW).execution_options(**LONG))
            assert ticks.count > 0

    async def test_continues_while_another_process_writes(self, sqlite: Database, ready_sqlite_url: str) -> None:
        with closing(sqlite3.connect(ready_sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("INSERT INTO users (name, created_at) VALUES ('bob', 0)")
            writing = asyncio.create_task(Attempt(sqlite).run())
            for _ in range(10):
                await asyncio.sleep(0)
            assert not writing.done()
            other.execute("COMMIT")
            await writing
        assert await names(sqlite) == ["bob", "ann"]

    async def test_continues_while_a_commit_waits_for_the_disk(self, sqlite: Database) -> None:
        waiting, ticked = threading.Event(), threading.Event()
        answers: list[bool] = []

        def wait(_connection: object) -> None:
            waiting.set()
            answers.append(ticked.wait(60))

        event.listen(sqlite._engines.writer, "commit", wait)
        writing = asyncio.create_task(Attempt(sqlite).run())
        await asyncio.to_thread(waiting.wait, 60)
        ticked.set()  # only the loop does it
        await writing
        assert answers == [True]

    async def test_does_not_wait_for_readers_that_gave_up(self, sqlite: Database) -> None:
        async def read() -> None:
            async with sqlite.read() as tx:
                await tx.scalar(count_up_to(10**12))  # would take hours

        tasks = [asyncio.create_task(read()) for _ in range(8)]  # all that may read at once
        asked = asyncio.create_task(names(sqlite))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not asked.done()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert await asked == []


class TestClosing:
    async def test_ends_every_thread(self, ready_sqlite_url: str) -> None:
        before = set(threading.enumerate())
        database = await Database.open(ready_sqlite_url)
        await asyncio.gather(Attempt(database).run(), *(names(database) for _ in range(8)))
        mine = set(threading.enumerate()) - before
        assert mine != set()
        await database.close()
        for thread in mine:
            await asyncio.to_thread(thread.join, 10)
            assert not thread.is_alive()

    async def test_waits_for_a_read_that_was_left(self, ready_sqlite_url: str) -> None:
        database = await Database.open(ready_sqlite_url)

        async def read() -> None:
            async with database.read() as tx:
                await tx.scalar(count_up_to(10**12))

        begun = threading.Event()

        def note(*_: object) -> None:
            begun.set()

        event.listen(database._engines.reader, "before_cursor_execute", note)
        reading = asyncio.create_task(read())
        await asyncio.to_thread(begun.wait, 60)
        reading.cancel()
        await asyncio.wait([reading])
        await database.close()
        assert {path.name for path in Path(ready_sqlite_url.removeprefix("sqlite:///")).parent.iterdir()} == {
            "mesolive.sqlite3",  # the last connection has tidied up
            "mesolive.sqlite3.emergency",
        }
