"""Write transactions that wait for each other share a commit; each keeps what a transaction of its own promises."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, insert, literal, select, text
from sqlalchemy.exc import IntegrityError

from mesolive.store import commit_groups
from mesolive.store.connection import TransactionLostError
from mesolive.store.database import Database, Outcome, WriteTransaction
from mesolive.store.tables.base import metadata
from mesolive.store.tables.journal import event_counters
from mesolive_testkit.store.attempts import add_user, names, names_in

Step = Callable[[WriteTransaction], Awaitable[object]]


@pytest.fixture(autouse=True)
def patient_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no group end for its age: a slow machine must not change who is in it."""
    monkeypatch.setattr(commit_groups, "MAX_GROUP_SECONDS", 3600.0)


class Gathering:
    """Writers that wait behind a first one, so that they share a commit.

    Attributes
    ----------
    heard
        Names in the order of the callbacks and of the answers.
    commits
        How many commits the database was asked for since the writers began to wait.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.heard: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.transactions: dict[str, WriteTransaction] = {}
        self.commits = 0
        self._first_may_end = asyncio.Event()

    async def hold(self) -> None:
        """Let a first writer, "first", take the turn and keep it."""
        begun = asyncio.Event()

        async def wait(_tx: WriteTransaction) -> None:
            begun.set()
            await self._first_may_end.wait()

        self.add("first", wait)
        await begun.wait()

    def add(self, name: str, *steps: Step) -> None:
        """Start a writer that adds a user and takes the steps."""
        self.tasks[name] = asyncio.create_task(self._write(name, steps))

    async def let_go(self) -> None:
        """Let the first writer end, and wait for all."""

        def count(_connection: object) -> None:
            self.commits += 1

        await asyncio.sleep(0)  # all others wait for their turn now
        event.listen(self.database._engines.writer, "commit", count)
        self._first_may_end.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        event.remove(self.database._engines.writer, "commit", count)

    def error(self, name: str) -> BaseException | None:
        return self.tasks[name].exception()

    async def _write(self, name: str, steps: tuple[Step, ...]) -> None:
        async with self.database.write() as tx:
            self.transactions[name] = tx
            tx.after_commit(lambda: self.heard.append(f"committed {name}"))
            await add_user(tx, name)
            for step in steps:
                await step(tx)
        self.heard.append(f"answered {name}")


@pytest.fixture
async def gathering(database: Database) -> AsyncGenerator[Gathering]:
    group = Gathering(database)
    await group.hold()
    yield group
    for task in group.tasks.values():
        task.cancel()
    await asyncio.wait(group.tasks.values())


async def refuse(_tx: WriteTransaction) -> None:
    raise LookupError("refused")


async def break_a_rule(tx: WriteTransaction) -> None:
    await tx.execute(insert(event_counters).values(user_id=999, latest_seq_id=1))  # there is no such user


async def break_a_rule_and_go_on(tx: WriteTransaction) -> None:
    with contextlib.suppress(IntegrityError):
        await break_a_rule(tx)


class TestWritersThatWait:
    async def test_share_one_commit(self, gathering: Gathering) -> None:
        for number in range(20):
            gathering.add(f"user {number}")
        await gathering.let_go()
        assert gathering.commits == 1
        assert await names(gathering.database) == ["first", *(f"user {number}" for number in range(20))]
        assert {tx.outcome for tx in gathering.transactions.values()} == {Outcome.COMMITTED}

    async def test_have_their_callbacks_run_in_the_order_of_their_turns(self, gathering: Gathering) -> None:
        for number in range(5):
            gathering.add(f"user {number}")
        await gathering.let_go()
        callbacks = [line for line in gathering.heard if line.startswith("committed")]
        assert callbacks == ["committed first", *(f"committed user {number}" for number in range(5))]
        for name in gathering.tasks:
            assert gathering.heard.index(f"committed {name}") < gathering.heard.index(f"answered {name}")

    async def test_see_what_the_ones_before_them_wrote(self, gathering: Gathering) -> None:
        seen: list[list[str]] = []

        async def look(tx: WriteTransaction) -> None:
            seen.append(await names_in(tx))

        gathering.add("ann", look)
        gathering.add("bob", look)
        await gathering.let_go()
        assert seen == [["first", "ann"], ["first", "ann", "bob"]]

    async def test_make_groups_of_a_bounded_size(self, gathering: Gathering, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(commit_groups, "MAX_MEMBERS", 4)
        for number in range(11):
            gathering.add(f"user {number}")
        await gathering.let_go()
        assert gathering.commits == 3
        assert len(await names(gathering.database)) == 12

    async def test_do_not_wait_for_others_when_the_group_is_old(
        self, gathering: Gathering, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(commit_groups, "MAX_GROUP_SECONDS", 0.0)
        for number in range(3):
            gathering.add(f"user {number}")
        await gathering.let_go()
        assert gathering.commits == 4


class TestATransactionThatFails:
    @pytest.mark.parametrize("step", [refuse, break_a_rule, break_a_rule_and_go_on])
    async def test_fails_alone(self, gathering: Gathering, step: Step) -> None:
        gathering.add("ann")
        gathering.add("bad", step)
        gathering.add("bob")
        gathering.add("worse", step)
        await gathering.let_go()
        assert await names(gathering.database) == ["first", "ann", "bob"]
        assert gathering.commits == 1
        for name in ("bad", "worse"):
            assert gathering.error(name) is not None
            assert gathering.transactions[name].outcome is Outcome.ROLLED_BACK
            assert f"committed {name}" not in gathering.heard
        assert [gathering.error(name) for name in ("first", "ann", "bob")] == [None] * 3

    async def test_as_the_first_one_takes_nobody_with_it(self, database: Database) -> None:
        may_fail = asyncio.Event()

        async def fail() -> None:
            async with database.write() as tx:
                await add_user(tx, "bad")
                await may_fail.wait()
                raise LookupError

        async def write() -> None:
            async with database.write() as tx:
                await add_user(tx, "ann")

        failing, writing = asyncio.create_task(fail()), asyncio.create_task(write())
        await asyncio.sleep(0)
        may_fail.set()
        await asyncio.wait([failing, writing])
        assert isinstance(failing.exception(), LookupError)
        assert await names(database) == ["ann"]

    async def test_as_the_last_one_has_those_before_it_committed(self, gathering: Gathering) -> None:
        gathering.add("ann")
        gathering.add("bad", refuse)
        await gathering.let_go()
        assert await names(gathering.database) == ["first", "ann"]

    async def test_within_a_statement_by_being_cancelled_takes_nobody_with_it(self, gathering: Gathering) -> None:
        inside = asyncio.Event()

        async def wait_in_the_database(tx: WriteTransaction) -> None:
            inside.set()
            numbers = select(literal(1).label("number")).cte(recursive=True)
            numbers = numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < 1_000_000))
            await tx.scalar(select(func.count()).select_from(numbers))

        gathering.add("ann")
        gathering.add("slow", wait_in_the_database)
        gathering.add("bob")
        ending = asyncio.create_task(gathering.let_go())
        await inside.wait()
        gathering.tasks["slow"].cancel()
        await ending
        assert gathering.tasks["slow"].cancelled()
        assert await names(gathering.database) == ["first", "ann", "bob"]


class TestNothingIsAnswered:
    async def test_before_the_commit_is_durable(self, ready_sqlite_url: str) -> None:
        database = await Database.open(ready_sqlite_url)
        gathering = Gathering(database)
        await gathering.hold()
        committing, answer = threading.Event(), threading.Event()

        def stall(_connection: object) -> None:
            committing.set()
            answer.wait(60)

        gathering.add("ann")
        gathering.add("refused", refuse)  # it may have been refused for what "ann" wrote
        gathering.add("bob")
        event.listen(database._engines.writer, "commit", stall)
        ending = asyncio.create_task(gathering.let_go())
        await asyncio.to_thread(committing.wait, 60)
        assert gathering.heard == []
        assert not any(task.done() for task in gathering.tasks.values())
        assert await names(database) == []
        answer.set()
        await ending
        assert isinstance(gathering.error("refused"), LookupError)
        assert await names(database) == ["first", "ann", "bob"]
        await database.close()

    async def test_with_success_when_the_commit_fails(self, gathering: Gathering) -> None:
        def fail(_connection: object) -> None:
            raise OSError("the disk is full")

        engine = gathering.database._engines.writer
        gathering.add("ann")
        gathering.add("refused", refuse)
        event.listen(engine, "commit", fail)
        await gathering.let_go()
        event.remove(engine, "commit", fail)
        assert {type(gathering.error(name)) for name in gathering.tasks} == {OSError}
        assert gathering.heard == []
        assert Outcome.COMMITTED not in {tx.outcome for tx in gathering.transactions.values()}


async def test_a_transaction_that_sqlite_dropped_is_committed_in_no_part(ready_sqlite_url: str) -> None:
    database = await Database.open(ready_sqlite_url)
    gathering = Gathering(database)
    await gathering.hold()

    async def lose_all(tx: WriteTransaction) -> None:
        await tx.execute(text("ROLLBACK"))  # as SQLite does after some errors of the disk
        raise OSError("the disk is full")

    gathering.add("ann")
    gathering.add("bad", lose_all)
    gathering.add("bob")
    await gathering.let_go()
    assert {name: type(gathering.error(name)) for name in ("first", "ann", "bad")} == {
        "first": TransactionLostError,
        "ann": TransactionLostError,
        "bad": TransactionLostError,
    }
    assert gathering.error("bob") is None
    assert await names(database) == ["bob"]
    assert gathering.heard == ["committed bob", "answered bob"]
    await database.close()


def test_no_rule_of_the_tables_waits_for_the_commit() -> None:
    """Such a rule could make the commit of a group fail for what one of its members did."""
    rules = [rule for table in metadata.tables.values() for rule in table.constraints]
    assert [rule for rule in rules if getattr(rule, "deferrable", None) or getattr(rule, "initially", None)] == []


FATES = st.lists(st.sampled_from(["commits", "refuses", "breaks", "is cancelled"]), max_size=12)


@settings(max_examples=25, deadline=None)
@given(fates=FATES)
def test_whatever_becomes_of_the_others_a_transaction_is_whole_or_not_there(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, fates: list[str]
) -> None:
    file = tmp_path_factory.mktemp("groups") / "mesolive.sqlite3"
    shutil.copyfile(sqlite_template, file)

    async def run() -> None:
        database = await Database.open(f"sqlite:///{file}")
        gathering = Gathering(database)
        await gathering.hold()
        waiting = asyncio.Event()

        async def be_cancelled(_tx: WriteTransaction) -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await waiting.wait()

        steps: dict[str, tuple[Step, ...]] = {
            "commits": (),
            "refuses": (refuse,),
            "breaks": (break_a_rule,),
            "is cancelled": (be_cancelled,),
        }
        for number, fate in enumerate(fates):
            gathering.add(f"{number}", *steps[fate])
        await gathering.let_go()
        good = ["first", *(f"{number}" for number, fate in enumerate(fates) if fate == "commits")]
        assert await names(database) == good
        assert [line for line in gathering.heard if line.startswith("committed")] == [f"committed {n}" for n in good]
        async with database.write() as tx:
            assert await names_in(tx) == good
        await database.close()

    asyncio.run(run())
