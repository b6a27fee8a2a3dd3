from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from mesolive.store.database import (
    Database,
    DatabaseBusyError,
    Limits,
    Outcome,
    OutcomeUnknownError,
    TransactionTimeoutError,
    WriteTransaction,
)
from mesolive.store.engines import UnusableDatabaseError
from mesolive.store.tables.access import users
from mesolive.store.tables.journal import event_counters
from mesolive_sdk.models import StatusCode
from mesolive_testkit.loop_time import PassTime
from mesolive_testkit.store.attempts import NOW, Attempt, add_user, names, names_in
from mesolive_testkit.store.postgres import Postgres


async def fail(_tx: WriteTransaction) -> None:
    raise LookupError


async def break_a_rule(tx: WriteTransaction) -> None:
    await tx.execute(insert(event_counters).values(user_id=999, latest_seq_id=1))  # there is no such user


class TestAWriteTransaction:
    async def test_is_visible_once_it_has_ended(self, database: Database) -> None:
        async with database.write() as tx:
            await add_user(tx, "ann")
            assert await names(database) == []
        assert await names(database) == ["ann"]
        assert tx.outcome is Outcome.COMMITTED

    async def test_leaves_nothing_when_its_block_raises(self, database: Database) -> None:
        attempt = Attempt(database)
        with pytest.raises(LookupError):
            await attempt.run(fail)
        assert await names(database) == []
        assert attempt.outcome is Outcome.ROLLED_BACK

    async def test_runs_its_callbacks_in_order_after_the_commit(self, database: Database) -> None:
        received: list[tuple[str, Outcome]] = []
        async with database.write() as tx:
            tx.after_commit(lambda: received.append(("first", tx.outcome)))
            tx.after_commit(lambda: received.append(("second", tx.outcome)))
            await add_user(tx, "ann")
            assert received == []
        assert received == [("first", Outcome.COMMITTED), ("second", Outcome.COMMITTED)]

    async def test_never_runs_its_callbacks_when_it_was_rolled_back(self, database: Database) -> None:
        attempt = Attempt(database)
        with pytest.raises(LookupError):
            await attempt.run(fail)
        assert attempt.heard == []

    async def test_stays_committed_when_a_callback_fails_and_runs_the_others(self, database: Database) -> None:
        received: list[str] = []

        def fall_over() -> None:
            raise LookupError

        async with database.write() as tx:
            tx.after_commit(fall_over)
            tx.after_commit(lambda: received.append("second"))
            await add_user(tx, "ann")
        assert received == ["second"]
        assert await names(database) == ["ann"]

    async def test_that_breaks_a_rule_of_the_tables_leaves_nothing_and_the_next_one_works(
        self, database: Database
    ) -> None:
        with pytest.raises(IntegrityError):
            await Attempt(database).run(break_a_rule)
        async with database.write() as tx:
            await add_user(tx, "bob")
        assert await names(database) == ["bob"]

    async def test_in_which_a_statement_failed_does_not_commit_even_when_the_error_was_caught(
        self, database: Database
    ) -> None:
        async def break_it_and_go_on(tx: WriteTransaction) -> None:
            with contextlib.suppress(IntegrityError):
                await add_user(tx, "ann")  # who is there already

        attempt = Attempt(database)
        with pytest.raises(RuntimeError, match="nothing was committed"):
            await attempt.run(break_it_and_go_on)
        assert (attempt.outcome, attempt.heard) == (Outcome.ROLLED_BACK, [])
        assert await names(database) == []

    async def test_keeps_its_parameters_out_of_the_text_of_an_error(self, database: Database) -> None:
        async def write_twice() -> None:
            async with database.write() as tx:
                await tx.execute(insert(users), [{"name": "geheim", "created_at": NOW}])
                await tx.execute(text("INSERT INTO users (name) VALUES (:name)"), {"name": "geheim"})

        with pytest.raises(IntegrityError) as caught:
            await write_twice()
        assert "parameters hidden" in str(caught.value)

    async def test_sees_what_the_one_before_it_did(self, database: Database) -> None:
        async with database.write() as tx:
            user_id = await add_user(tx, "ann")
            await tx.execute(insert(event_counters).values(user_id=user_id, latest_seq_id=0))

        async def count() -> None:
            async with database.write(user_id) as tx:
                # Read, think, write: lost updates would show here.
                seen = await tx.scalar(select(event_counters.c.latest_seq_id))
                await asyncio.sleep(0)
                await tx.execute(update(event_counters).values(latest_seq_id=seen + 1))

        await asyncio.gather(*(count() for _ in range(40)))
        async with database.read() as tx:
            assert await tx.scalar(select(event_counters.c.latest_seq_id)) == 40

    async def test_within_another_of_the_same_task_is_a_mistake_and_not_a_deadlock(self, database: Database) -> None:
        async with database.write():
            with pytest.raises(RuntimeError, match="within a write transaction already"):
                async with database.write():
                    pass

    async def test_takes_many_rows_in_one_statement(self, database: Database) -> None:
        async with database.write() as tx:
            await tx.execute(insert(users), [{"name": f"user {number}", "created_at": NOW} for number in range(100)])
        async with database.read() as tx:
            assert await tx.scalar(select(func.count()).select_from(users)) == 100


class TestACancelledWriter:
    async def test_leaves_nothing_half_done_and_lets_the_next_one_in(self, database: Database) -> None:
        begun = asyncio.Event()

        async def write() -> None:
            async with database.write() as tx:
                await add_user(tx, "ann")
                begun.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(write())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with database.write() as tx:
            await add_user(tx, "bob")
        assert await names(database) == ["bob"]

    async def test_a_caller_cancelled_at_any_step_learns_whether_its_transaction_committed(
        self, database: Database
    ) -> None:
        outcomes: set[Outcome | None] = set()
        committed: list[str] = []
        finished = False
        step = 0
        while not finished:
            step += 1
            name = f"user {step}"
            seen: list[WriteTransaction] = []

            async def write(name: str = name, seen: list[WriteTransaction] = seen) -> None:
                async with database.write() as tx:
                    seen.append(tx)
                    await add_user(tx, name)

            task = asyncio.create_task(write())
            for _ in range(step):
                if not task.done():
                    # One more step of the loop, with time for the driver's thread or socket to answer.
                    await asyncio.sleep(0.0005)
            finished = task.done()
            task.cancel()
            await asyncio.wait([task])
            outcome = seen[0].outcome if seen else None
            outcomes.add(outcome)
            if outcome is Outcome.COMMITTED:
                committed.append(name)
        assert await names(database) == committed
        assert Outcome.COMMITTED in outcomes
        assert Outcome.OPEN not in outcomes
        assert Outcome.UNKNOWN not in outcomes

    async def test_is_held_until_a_commit_under_way_has_answered(self, database: Database) -> None:
        received: list[str] = []
        tasks: list[asyncio.Task[None]] = []
        engine = database._engines.writer

        loop = asyncio.get_running_loop()

        def cancel_the_caller(_connection: object) -> None:
            loop.call_soon_threadsafe(tasks[0].cancel)  # SQLite commits in a thread

        async def write() -> None:
            async with database.write() as tx:
                tx.after_commit(lambda: received.append("committed"))
                await add_user(tx, "ann")

        event.listen(engine, "commit", cancel_the_caller)
        try:
            tasks.append(asyncio.create_task(write()))
            with pytest.raises(asyncio.CancelledError):
                await tasks[0]
        finally:
            event.remove(engine, "commit", cancel_the_caller)
        assert received == ["committed"]
        assert await names(database) == ["ann"]

    async def test_that_waits_for_its_turn_goes_without_a_trace(self, database: Database) -> None:
        async with database.write() as tx:
            waiting = asyncio.create_task(database.write().__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await add_user(tx, "ann")
        async with database.write() as tx:
            await add_user(tx, "bob")
        assert await names(database) == ["ann", "bob"]


class TestLimits:
    async def test_end_a_write_that_takes_too_long(self, database: Database, pass_time: PassTime) -> None:
        async def take_long(_tx: WriteTransaction) -> None:
            pass_time(Limits().write_seconds)
            await asyncio.Event().wait()

        attempt = Attempt(database)
        with pytest.raises(TransactionTimeoutError) as caught:
            await attempt.run(take_long)
        assert caught.value.status is StatusCode.Timeout
        assert attempt.outcome is Outcome.ROLLED_BACK
        async with database.write() as tx:
            await add_user(tx, "bob")
        assert await names(database) == ["bob"]

    async def test_end_a_read_that_takes_too_long(self, database: Database, pass_time: PassTime) -> None:
        async def read() -> None:
            async with database.read() as tx:
                await names_in(tx)
                pass_time(Limits().read_seconds)
                await asyncio.Event().wait()

        with pytest.raises(TransactionTimeoutError):
            await read()
        assert await names(database) == []

    async def test_leave_a_timeout_of_the_block_itself_as_it_is(self, database: Database) -> None:
        async def give_up(_tx: WriteTransaction) -> None:
            raise TimeoutError("of something else")

        with pytest.raises(TimeoutError, match="of something else"):
            await Attempt(database).run(give_up)

    async def test_bound_how_many_writers_wait(self, sqlite_url: str) -> None:
        database = await Database.open(sqlite_url, limits=Limits(waiting_writers=2))
        entered: list[int] = []

        async def write(number: int) -> None:
            async with database.write():
                entered.append(number)

        async with database.write():
            waiting = [asyncio.create_task(write(number)) for number in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(DatabaseBusyError):
                await asyncio.create_task(write(2))
        await asyncio.gather(*waiting)
        assert entered == [0, 1]
        await database.close()

    async def test_say_when_a_commit_does_not_answer_and_still_announce_it_later(
        self, sqlite_url: str, pass_time: PassTime
    ) -> None:
        database = await Database.open(sqlite_url)
        engine = database._engines.writer
        committing, answer = threading.Event(), threading.Event()
        received = asyncio.Event()

        def stall(_connection: object) -> None:
            committing.set()
            answer.wait(60)

        event.listen(engine, "commit", stall)
        attempt = Attempt(database)

        async def listen(tx: WriteTransaction) -> None:
            tx.after_commit(received.set)

        running = asyncio.create_task(attempt.run(listen))
        await asyncio.to_thread(committing.wait, 60)
        pass_time(Limits().commit_seconds)
        with pytest.raises(OutcomeUnknownError):
            await running
        assert attempt.outcome is Outcome.UNKNOWN
        assert await names(database) == []
        answer.set()
        await received.wait()
        event.remove(engine, "commit", stall)
        async with database.write() as second:  # the turn was kept until the first had ended
            assert await names_in(second) == ["ann"]
        await database.close()


class TestAReader:
    async def test_sees_one_moment_however_long_it_reads(self, database: Database) -> None:
        async with database.read() as tx:
            assert await names_in(tx) == []
            async with database.write() as writer:
                await add_user(writer, "ann")
            assert await names_in(tx) == []
        assert await names(database) == ["ann"]

    async def test_cannot_write(self, database: Database) -> None:
        with pytest.raises(DBAPIError):
            async with database.read() as tx:
                await tx.execute(insert(users).values(name="ann", created_at=NOW))
        assert await names(database) == []

    async def test_does_not_wait_for_a_writer(self, database: Database) -> None:
        async with database.write() as tx:
            await add_user(tx, "ann")
            assert await asyncio.gather(*(names(database) for _ in range(20))) == [[]] * 20

    async def test_that_is_cancelled_gives_its_connection_back(self, database: Database) -> None:
        async def read() -> None:
            async with database.read() as tx:
                await names_in(tx)
                await asyncio.Event().wait()

        for _ in range(3):
            tasks = [asyncio.create_task(read()) for _ in range(8)]
            await asyncio.sleep(0.01)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        assert await names(database) == []


class TestSqlite:
    async def test_keeps_its_promises_to_the_disk(self, sqlite_url: str) -> None:
        database = await Database.open(sqlite_url)
        async with database.write() as tx:
            assert await tx.scalar(text("PRAGMA journal_mode")) == "wal"
            assert await tx.scalar(text("PRAGMA synchronous")) == 2  # FULL
            assert await tx.scalar(text("PRAGMA foreign_keys")) == 1
        await database.close()

    async def test_files_can_be_read_by_their_owner_only(self, tmp_path: Path, sqlite_url: str) -> None:
        database = await Database.open(sqlite_url)
        async with database.write() as tx:
            await add_user(tx, "ann")
        result = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
        assert (
            len(result) == 5
        )  # the database, its log, the log's index, the mark of its commits, and the emergency file
        assert set(result.values()) == {0o600}
        await database.close()

    async def test_serves_two_processes_on_one_file(self, sqlite_url: str) -> None:
        first, second = await Database.open(sqlite_url), await Database.open(sqlite_url)

        async def write(database: Database, prefix: str) -> None:
            for number in range(10):
                async with database.write() as tx:
                    await add_user(tx, f"{prefix} {number}")

        await asyncio.gather(write(first, "a"), write(second, "b"))
        assert len(await names(first)) == 20
        await first.close()
        await second.close()

    async def test_can_be_copied_whole_while_it_is_written(self, tmp_path: Path, sqlite_url: str) -> None:
        database = await Database.open(sqlite_url)
        async with database.write() as tx:
            await add_user(tx, "ann")
        async with database.write() as tx:
            await add_user(tx, "bob")
            with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as other:
                other.execute("VACUUM INTO ?", (str(tmp_path / "backup.sqlite3"),))
        await database.close()
        copy = await Database.open(f"sqlite:///{tmp_path / 'backup.sqlite3'}")
        assert await names(copy) == ["ann"]
        await copy.close()

    async def test_survives_a_commit_that_fails(self, sqlite_url: str) -> None:
        database = await Database.open(sqlite_url)
        attempt = Attempt(database)

        async def look_at_rules_later(tx: WriteTransaction) -> None:
            await tx.execute(text("PRAGMA defer_foreign_keys = ON"))

        with pytest.raises(IntegrityError):
            await attempt.run(look_at_rules_later, break_a_rule)
        assert attempt.outcome is Outcome.ROLLED_BACK
        assert attempt.heard == []
        async with database.write() as tx:
            await add_user(tx, "bob")
        assert await names(database) == ["bob"]
        await database.close()

    @pytest.mark.parametrize("name", ["", "/:memory:"])
    async def test_in_memory_is_refused_because_it_would_be_lost(self, name: str) -> None:
        with pytest.raises(UnusableDatabaseError, match="needs a file"):
            await Database.open(f"sqlite://{name}")

    async def test_says_when_its_file_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(UnusableDatabaseError, match="cannot be opened"):
            await Database.open(f"sqlite:///{tmp_path / 'file' / 'db.sqlite3'}")

    async def test_says_when_its_file_is_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("this is not a database, but a text of some length\n" * 100)
        with pytest.raises(UnusableDatabaseError, match="not a database"):
            await Database.open(f"sqlite:///{tmp_path / 'notes.txt'}")


class TestPostgresql:
    async def test_lets_different_users_write_side_by_side(self, postgres_url: str) -> None:
        database = await Database.open(postgres_url)
        async with database.write(1) as first:
            await add_user(first, "ann")

            async def other() -> None:
                async with database.write(2) as second:
                    await add_user(second, "bob")

            await asyncio.create_task(other())  # has ended while the first is open
            assert await names(database) == ["bob"]
        assert sorted(await names(database)) == ["ann", "bob"]
        await database.close()

    @pytest.mark.parametrize(("first", "second"), [(1, 1), (1, None), (None, 1), (None, None)])
    async def test_lets_writers_wait_for_each_other_across_processes(
        self, postgres_url: str, first: int | None, second: int | None
    ) -> None:
        one, another = await Database.open(postgres_url), await Database.open(postgres_url)
        order: list[str] = []

        async def other() -> None:
            async with another.write(second):
                order.append("second")

        async with one.write(first) as tx:
            waiting = asyncio.create_task(other())
            blocked = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            while not await tx.scalar(blocked):  # until the database says that the other one waits
                assert not waiting.done()
            order.append("first")
        await waiting
        assert order == ["first", "second"]
        await one.close()
        await another.close()

    async def test_that_goes_away_during_a_transaction_leaves_its_outcome_unknown(
        self, postgres_server: Postgres, postgres_url: str
    ) -> None:
        database = await Database.open(postgres_url)
        attempt = Attempt(database)

        async def restart(_tx: WriteTransaction) -> None:
            await asyncio.to_thread(postgres_server.end_connections, postgres_url)

        with pytest.raises(OutcomeUnknownError):
            await attempt.run(restart)
        assert attempt.outcome is Outcome.UNKNOWN
        assert attempt.heard == []
        async with database.write() as tx:  # the pool has replaced the connection
            await add_user(tx, "bob")
        assert await names(database) == ["bob"]
        await database.close()


@pytest.mark.parametrize(
    "url", ["mysql://root:geheim@host/name", "nothing with geheim", "oracle+geheim://", "//geheim"]
)
async def test_a_url_that_cannot_serve_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(UnusableDatabaseError) as caught:
        await Database.open(url)
    assert "geheim" not in str(caught.value)
    assert "geheim" not in str(caught.value.__cause__)
