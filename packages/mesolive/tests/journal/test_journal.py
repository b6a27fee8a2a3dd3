from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from mesolive.clock import ManualClock
from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import MAX_ACTIVE, Journal
from mesolive.store.database import Database
from mesolive.store.tables.journal import events
from mesolive_sdk.models import ErrorEvent, MesoLiveEvent, MesoLiveEventEnvelope
from mesolive_sdk.wire import encode_json
from mesolive_testkit.store.samples import (
    add_user,
    adjustment_signal,
    agent_status,
    entry_signal,
    error,
    exit_signal,
    position_update,
)

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def bus() -> LocalBus:
    return LocalBus()


@pytest.fixture
def journal(database: Database, bus: LocalBus, clock: ManualClock) -> Journal:
    return Journal(database, bus, clock)


async def append(database: Database, journal: Journal, user_id: int, *new: MesoLiveEvent) -> None:
    async with database.write(user_id) as tx:
        await journal.append(tx, user_id, new)


async def read_all(journal: Journal, user_id: int) -> list[MesoLiveEventEnvelope]:
    batch, more = await journal.since(user_id, 0, 1000)
    assert not more
    return batch


async def numbers(journal: Journal, user_id: int) -> list[int]:
    return [event.EventSeqId for event in await read_all(journal, user_id)]


class TestAppending:
    async def test_numbers_each_users_events_from_one_without_gaps(self, database: Database, journal: Journal) -> None:
        ann, bob = await add_user(database, "ann"), await add_user(database, "bob")
        await append(database, journal, ann, position_update(), position_update())
        await append(database, journal, bob, agent_status())
        await append(database, journal, ann, agent_status())
        assert await numbers(journal, ann) == [1, 2, 3]
        assert await numbers(journal, bob) == [1]

    async def test_gives_each_event_an_id_and_the_time_of_the_market(
        self, database: Database, journal: Journal, clock: ManualClock
    ) -> None:
        ann = await add_user(database, "ann")
        await clock.advance(90)
        first, second = position_update(), position_update()
        await append(database, journal, ann, first, second)
        assert first.EventId != second.EventId
        assert first.EventTime == second.EventTime == clock.now()

    async def test_keeps_the_event_as_it_was(self, database: Database, journal: Journal) -> None:
        ann = await add_user(database, "ann")
        new = [position_update(), agent_status(), adjustment_signal(on=True), error(on=True), entry_signal(on=False)]
        await append(database, journal, ann, *new)
        read = await read_all(journal, ann)
        assert [envelope.Event for envelope in read] == new
        assert [envelope.EventType for envelope in read] == [event.callback for event in new]
        assert [envelope.EventId for envelope in read] == [event.EventId for event in new]
        assert [envelope.StrategyId for envelope in read] == [1, None, 1, None, 1]

    async def test_that_is_rolled_back_leaves_no_gap_and_announces_nothing(
        self, database: Database, journal: Journal, bus: LocalBus
    ) -> None:
        ann = await add_user(database, "ann")
        listener = bus.subscribe()

        async def fail() -> None:
            async with database.write(ann) as tx:
                await journal.append(tx, ann, [position_update()])
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        await append(database, journal, ann, position_update())
        assert await numbers(journal, ann) == [1]
        assert await listener.changed() == {ann: 1}

    async def test_is_announced_once_it_is_committed(self, database: Database, journal: Journal, bus: LocalBus) -> None:
        ann = await add_user(database, "ann")
        listener = bus.subscribe()
        received = asyncio.create_task(listener.changed())
        async with database.write(ann) as tx:
            await journal.append(tx, ann, [position_update(), position_update()])
            await asyncio.sleep(0)
            assert not received.done()
        assert await received == {ann: 2}

    async def test_nothing_changes_nothing(self, database: Database, journal: Journal) -> None:
        ann = await add_user(database, "ann")
        await append(database, journal, ann)
        assert await journal.latest(ann) == (0, NOW)

    async def test_by_many_at_once_keeps_together_what_is_committed_together(
        self, database: Database, journal: Journal
    ) -> None:
        users = [await add_user(database, name) for name in ("ann", "bob")]
        committed: dict[int, list[list[UUID]]] = {user_id: [] for user_id in users}

        async def one(number: int) -> None:
            user_id = users[number % 2]
            new = [position_update() for _ in range(number % 3 + 1)]

            def note() -> None:
                committed[user_id].append([event.EventId for event in new])

            async with database.write(user_id) as tx:
                tx.after_commit(note)
                await journal.append(tx, user_id, new)
                if number % 5 == 0:
                    raise LookupError

        await asyncio.gather(*(one(number) for number in range(40)), return_exceptions=True)
        for user_id in users:
            read = await read_all(journal, user_id)
            assert [event.EventSeqId for event in read] == list(range(1, len(read) + 1))
            place = {event.EventId: event.EventSeqId for event in read}
            # PostgreSQL may answer a commit after the next one: what counts is the order in the log.
            in_order = sorted(committed[user_id], key=lambda ids: place[ids[0]])
            assert [event.EventId for event in read] == [event_id for ids in in_order for event_id in ids]


class TestReading:
    async def test_gives_what_is_strictly_after_a_number_up_to_a_limit(
        self, database: Database, journal: Journal
    ) -> None:
        ann, bob = await add_user(database, "ann"), await add_user(database, "bob")
        await append(database, journal, ann, *(position_update() for _ in range(5)))
        await append(database, journal, bob, position_update())
        batch, more = await journal.since(ann, 2, 2)
        assert ([event.EventSeqId for event in batch], more) == ([3, 4], True)
        batch, more = await journal.since(ann, 3, 2)
        assert ([event.EventSeqId for event in batch], more) == ([4, 5], False)
        assert await journal.since(ann, 5, 10) == ([], False)
        assert await journal.since(ann, 99, 10) == ([], False)

    @pytest.mark.parametrize("limit", [1, 99, 100, 101, 200, 250])
    async def test_of_a_long_log_page_by_page_gives_all_of_it(
        self, database: Database, journal: Journal, limit: int
    ) -> None:
        ann = await add_user(database, "ann")
        await append(database, journal, ann, *(agent_status() for _ in range(200)))
        seen: list[int] = []
        more = True
        while more and len(seen) < 300:
            batch, more = await journal.since(ann, seen[-1] if seen else 0, limit)
            assert len(batch) == min(limit, 200 - len(seen))
            seen += [event.EventSeqId for event in batch]
        assert seen == list(range(1, 201))

    async def test_gives_fewer_when_they_are_long_but_always_one(self, database: Database, journal: Journal) -> None:
        ann = await add_user(database, "ann")
        await append(database, journal, ann, *(agent_status("x" * 1000) for _ in range(5)))
        for max_bytes, count in ((3500, 3), (1, 1), (100_000, 5)):
            batch, more = await journal.since(ann, 0, 10, max_bytes)
            assert ([event.EventSeqId for event in batch], more) == (list(range(1, count + 1)), count < 5)

    async def test_states_the_end_of_each_users_log(
        self, database: Database, journal: Journal, clock: ManualClock
    ) -> None:
        ann, bob = await add_user(database, "ann"), await add_user(database, "bob")
        await append(database, journal, ann, position_update(), position_update())
        await clock.advance(10)
        assert await journal.latest(ann) == (2, clock.now())
        assert await journal.latest(bob) == (0, clock.now())
        assert await journal.latest_of_all() == {ann: 2}

    @pytest.mark.parametrize(
        ("changed", "expected"),
        [
            ({"event_type": "OnSomethingNew", "body": '{"Price": 1.10}'}, '{"Price":1.10}'),
            ({"body": '{"Price": 1.10}'}, '{"Price":1.10}'),
        ],
        ids=["an unknown event", "an event with other fields"],
    )
    async def test_hands_on_what_another_version_wrote_as_it_was_written(
        self, database: Database, journal: Journal, changed: dict[str, str], expected: str
    ) -> None:
        ann = await add_user(database, "ann")
        await append(database, journal, ann, position_update())
        async with database.write(ann) as tx:
            await tx.execute(update(events).values(changed))
        (read,) = await read_all(journal, ann)
        assert encode_json(read.Event).decode() == expected


class TestTheActiveState:
    async def test_holds_what_has_begun_and_not_ended_with_its_original_ids(
        self, database: Database, journal: Journal
    ) -> None:
        ann = await add_user(database, "ann")
        lasting = [entry_signal(on=True, account="ML1"), error(on=True, number=2), exit_signal(on=True)]
        await append(database, journal, ann, entry_signal(on=True, account="ML2"), *lasting, error(on=True, number=1))
        await append(database, journal, ann, entry_signal(on=False, account="ML2"), error(on=False, number=1))
        active, latest = await journal.active_state(ann)
        assert latest == 7
        assert [envelope.Event for envelope in active] == lasting
        assert [envelope.EventSeqId for envelope in active] == [2, 3, 4]

    async def test_is_each_users_own(self, database: Database, journal: Journal) -> None:
        ann, bob = await add_user(database, "ann"), await add_user(database, "bob")
        await append(database, journal, ann, exit_signal(on=True))
        await append(database, journal, bob, exit_signal(on=True))
        await append(database, journal, bob, exit_signal(on=False))
        assert len((await journal.active_state(ann))[0]) == 1
        assert await journal.active_state(bob) == ([], 2)

    async def test_gives_the_newest_when_there_is_too_much(self, database: Database, journal: Journal) -> None:
        ann = await add_user(database, "ann")
        await append(database, journal, ann, *(error(on=True, number=number) for number in range(MAX_ACTIVE + 3)))
        active, _ = await journal.active_state(ann)
        assert len(active) == MAX_ACTIVE
        assert active[-1].EventSeqId == MAX_ACTIVE + 3

    async def test_of_a_transaction_that_was_rolled_back_is_as_before(
        self, database: Database, journal: Journal
    ) -> None:
        ann = await add_user(database, "ann")
        await append(database, journal, ann, exit_signal(on=True))

        async def fail() -> None:
            async with database.write(ann) as tx:
                await journal.append(tx, ann, [exit_signal(on=False)])
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        assert len((await journal.active_state(ann))[0]) == 1


Change = tuple[str, Callable[..., MesoLiveEvent], bool]

changes: st.SearchStrategy[Sequence[tuple[str, bool]]] = st.lists(
    st.tuples(
        st.sampled_from(["entry 1 ML1", "entry 1 ML2", "entry 2 ML1", "exit 1", "exit 2", "adjust 1 a", "adjust 1 b"])
        | st.sampled_from(["adjust 2 a", "error 1", "error 2"]),
        st.booleans(),
    ),
    max_size=30,
)


def event_of(subject: str, *, on: bool) -> MesoLiveEvent:
    kind, first, *rest = subject.split()
    match kind:
        case "entry":
            return entry_signal(on=on, strategy_id=int(first), account=rest[0])
        case "exit":
            return exit_signal(on=on, position_id=int(first))
        case "adjust":
            return adjustment_signal(on=on, position_id=int(first), statement=rest[0])
        case _:
            return error(on=on, number=int(first))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=changes, together=st.integers(1, 5))
async def test_the_active_state_is_what_the_log_says_when_read_from_its_begin(
    tmp_path: Path, steps: Sequence[tuple[str, bool]], together: int
) -> None:
    database = await Database.open(f"sqlite:///{tmp_path / 'one.sqlite3'}")
    try:
        journal = Journal(database, LocalBus(), ManualClock(NOW))
        user_id = await add_user(database, uuid4().hex)
        expected: dict[str, MesoLiveEvent] = {}
        new: list[MesoLiveEvent] = []
        for subject, on in steps:
            event = event_of(subject, on=on)
            new.append(event)
            expected.pop(subject, None)
            if on:
                expected[subject] = event
        for start in range(0, len(new), together):
            await append(database, journal, user_id, *new[start : start + together])
        active, _ = await journal.active_state(user_id)
        assert [envelope.Event for envelope in active] == sorted(expected.values(), key=lambda e: e.EventSeqId)
        assert all(isinstance(e.Event, ErrorEvent) or e.StrategyId is not None for e in active)
    finally:
        await database.close()


class Fate(enum.Enum):
    """What becomes of a transaction that appends."""

    COMMIT = "commit"
    FAIL = "fail"
    BE_CANCELLED = "be cancelled"


plans = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 4), st.sampled_from(Fate), st.integers(0, 12)), min_size=1, max_size=20
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans)
async def test_whatever_becomes_of_the_writers_each_users_log_is_the_committed_events_in_order(
    tmp_path: Path, plan: list[tuple[int, int, Fate, int]]
) -> None:
    database = await Database.open(f"sqlite:///{tmp_path / 'many.sqlite3'}")
    try:
        bus = LocalBus()
        listener = bus.subscribe()
        journal = Journal(database, bus, ManualClock(NOW))
        users = [await add_user(database, uuid4().hex) for _ in range(3)]
        committed: dict[int, list[UUID]] = {user_id: [] for user_id in users}

        async def write(user_id: int, count: int, fate: Fate) -> None:
            new: list[MesoLiveEvent] = [position_update() for _ in range(count)]
            async with database.write(user_id) as tx:
                tx.after_commit(lambda: committed[user_id].extend(event.EventId for event in new))
                await journal.append(tx, user_id, new)
                if fate is Fate.FAIL:
                    raise LookupError

        tasks: list[asyncio.Task[None]] = []
        for user, count, fate, turns in plan:
            task = asyncio.create_task(write(users[user], count, fate))
            tasks.append(task)
            for _ in range(turns):
                await asyncio.sleep(0)
            if fate is Fate.BE_CANCELLED:
                task.cancel()
        await asyncio.wait(tasks)
        for user_id in users:
            read = await read_all(journal, user_id)
            assert [event.EventSeqId for event in read] == list(range(1, len(read) + 1))
            assert [event.EventId for event in read] == committed[user_id]
        reported: Mapping[int, int] = await listener.changed() if any(committed.values()) else {}
        assert reported == {user_id: len(ids) for user_id, ids in committed.items() if ids}
    finally:
        await database.close()
