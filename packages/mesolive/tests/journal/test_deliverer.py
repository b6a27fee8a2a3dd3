from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text

from mesolive.clock import ManualClock
from mesolive.journal.bus import LocalBus
from mesolive.journal.deliverer import BATCH, RETRY, Deliverer
from mesolive.journal.journal import Journal
from mesolive.store.database import Database
from mesolive_sdk.models import MesoLiveEventEnvelope
from mesolive_testkit.store.samples import add_user, agent_status, position_update

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)


class Sink:
    """Keeps what is delivered; fails or waits where the test says so."""

    def __init__(self) -> None:
        self.seen: dict[int, list[int]] = {}
        self.attempts = 0
        self.faults: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._arrived = asyncio.Event()

    async def deliver(self, user_id: int, event: MesoLiveEventEnvelope) -> None:
        self.attempts += 1
        self._arrived.set()
        await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        self.seen.setdefault(user_id, []).append(event.EventSeqId)
        self._arrived.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what was delivered satisfies the condition."""
        async with asyncio.timeout(60):
            while not condition():
                await self._arrived.wait()
                self._arrived.clear()

    async def until_attempted(self, number: int) -> None:
        await self.until(lambda: self.attempts >= number)

    async def until_seen(self, user_id: int, number: int) -> None:
        await self.until(lambda: bool(self.seen.get(user_id)) and self.seen[user_id][-1] >= number)


class Room:
    """A journal with everything around it."""

    def __init__(self, database: Database, bus: LocalBus | None = None) -> None:
        self.database = database
        self.bus = LocalBus()
        self.journal = Journal(database, self.bus if bus is None else bus, ManualClock(NOW))
        self.sink = Sink()
        self.pauses: list[float] = []
        self.paused = asyncio.Event()
        self.deliverer = self.make(self.sink)

    def make(self, sink: Sink, *, deliver_seconds: float = 10, sweep_seconds: float = 3600) -> Deliverer:
        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            self.paused.set()
            await asyncio.sleep(0)

        return Deliverer(
            self.journal,
            self.bus,
            sink,
            deliver_seconds=deliver_seconds,
            sweep_seconds=sweep_seconds,
            sleep=pause,
        )

    async def append(self, user_id: int, count: int = 1) -> None:
        async with self.database.write(user_id) as tx:
            await self.journal.append(tx, user_id, [position_update() for _ in range(count)])


@pytest.fixture
async def room(database: Database) -> AsyncIterator[Room]:
    made = Room(database)
    yield made
    await made.deliverer.stop()


class TestDelivery:
    async def test_is_in_order_and_once(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        await room.deliverer.start()
        for count in (1, 3, 2):
            await room.append(ann, count)
        await room.sink.until_seen(ann, 6)
        assert room.sink.seen == {ann: [1, 2, 3, 4, 5, 6]}

    async def test_begins_with_what_is_committed_after_the_start(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        await room.append(ann, 4)
        await room.deliverer.start()
        await room.append(ann)
        await room.sink.until_seen(ann, 5)
        assert room.sink.seen == {ann: [5]}

    async def test_never_comes_before_the_commit(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        await room.deliverer.start()
        async with room.database.write(ann) as tx:
            await room.journal.append(tx, ann, [agent_status()])
            room.bus.publish(ann, 1)  # a bus that says so too early
            for _ in range(20):
                await asyncio.sleep(0)
            assert room.sink.seen == {}
        await room.sink.until_seen(ann, 1)
        assert room.sink.seen == {ann: [1]}

    async def test_passes_over_what_no_connection_follows(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        followed = {2, 3}
        deliverer = Deliverer(
            room.journal, room.bus, room.sink, heard=lambda _user_id, event: event.EventSeqId in followed
        )
        await deliverer.start()
        try:
            await room.append(ann, 3)
            await room.sink.until_seen(ann, 3)
            assert room.sink.seen == {ann: [2, 3]}
        finally:
            await deliverer.stop()

    async def test_of_an_event_waits_for_a_connection_that_is_about_to_follow_it(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        followed: set[int] = set()
        deliverer = Deliverer(
            room.journal, room.bus, room.sink, heard=lambda _user_id, event: event.EventSeqId in followed
        )
        await deliverer.start()
        try:
            async with deliverer.paused(ann):
                await room.append(ann, 1)
                for _ in range(20):
                    await asyncio.sleep(0)
                followed.add(1)
            await room.sink.until_seen(ann, 1)
            assert room.sink.seen == {ann: [1]}
        finally:
            await deliverer.stop()

    async def test_reads_a_long_log_in_parts(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        await room.deliverer.start()
        await room.append(ann, BATCH * 2 + 1)
        await room.sink.until_seen(ann, BATCH * 2 + 1)
        assert room.sink.seen == {ann: list(range(1, BATCH * 2 + 2))}

    async def test_to_many_users_at_once_keeps_each_ones_order(self, room: Room) -> None:
        users = [await add_user(room.database, f"user {number}") for number in range(5)]
        await room.deliverer.start()

        async def trade(user_id: int, counts: Sequence[int]) -> None:
            for count in counts:
                await room.append(user_id, count)

        await asyncio.gather(*(trade(user_id, (1, 2, 1, 3, 1)) for user_id in users))
        await room.sink.until(
            lambda: len(room.sink.seen) == 5 and all(len(seen) == 8 for seen in room.sink.seen.values())
        )
        assert all(seen == list(range(1, 9)) for seen in room.sink.seen.values())

    async def test_of_what_this_process_has_committed_asks_the_database_for_nothing(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        await room.deliverer.start()
        asked: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            asked.append(statement)

        event.listen(room.database._engines.reader, "before_cursor_execute", note)
        await room.append(ann, 3)
        await room.append(ann)
        await room.sink.until_seen(ann, 4)
        assert room.sink.seen == {ann: [1, 2, 3, 4]}
        assert [statement for statement in asked if statement.startswith("SELECT")] == []

    async def test_keeps_the_order_when_another_process_appends_in_between(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        other = Room(room.database)
        await room.deliverer.start()
        room.sink.gate.clear()
        await room.append(ann)
        await room.sink.until_attempted(1)
        await other.append(ann, 2)
        await room.append(ann, 2)
        await other.append(ann)
        await room.append(ann)
        room.sink.gate.set()
        await room.sink.until_seen(ann, 7)
        assert room.sink.seen == {ann: [1, 2, 3, 4, 5, 6, 7]}

    async def test_delivers_an_event_as_it_was_committed_despite_later_changes_of_the_object(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        reported: list[MesoLiveEventEnvelope] = []

        class Keeping(Sink):
            async def deliver(self, user_id: int, event: MesoLiveEventEnvelope) -> None:
                await super().deliver(user_id, event)
                reported.append(event)

        sink = Keeping()
        deliverer = room.make(sink)
        await deliverer.start()
        sink.gate.clear()
        once = agent_status("once")
        async with room.database.write(ann) as tx:
            await room.journal.append(tx, ann, [once])
        once.Message = "changed"
        async with room.database.write(ann) as tx:
            await room.journal.append(tx, ann, [once])
        sink.gate.set()
        await sink.until_seen(ann, 2)
        await deliverer.stop()
        stored, _ = await room.journal.since(ann, 0, 10)
        assert reported == stored

    async def test_does_not_depend_on_notifications(self, database: Database) -> None:
        room = Room(database, bus=LocalBus())  # the journal tells another bus
        ann = await add_user(database, "ann")
        deliverer = room.make(room.sink, sweep_seconds=0.01)
        await deliverer.start()
        await room.append(ann, 2)
        await room.sink.until_seen(ann, 2)
        assert room.sink.seen == {ann: [1, 2]}
        await deliverer.stop()


class TestAFailure:
    async def test_is_tried_again_and_nothing_is_skipped(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        room.sink.faults = [LookupError("first"), LookupError("second")]
        await room.deliverer.start()
        await room.append(ann, 3)
        await room.sink.until_seen(ann, 3)
        assert room.sink.seen == {ann: [1, 2, 3]}
        assert room.pauses == [RETRY.first, RETRY.first * 2]

    async def test_that_lasts_is_tried_ever_more_rarely(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        room.sink.faults = [LookupError(str(number)) for number in range(12)]
        await room.deliverer.start()
        await room.append(ann)
        await room.sink.until_seen(ann, 1)
        assert room.pauses == sorted(room.pauses)
        assert room.pauses[-1] == RETRY.longest

    async def test_of_one_user_holds_up_nobody_else(self, room: Room) -> None:
        ann, bob = await add_user(room.database, "ann"), await add_user(room.database, "bob")

        class Picky(Sink):
            async def deliver(self, user_id: int, event: MesoLiveEventEnvelope) -> None:
                if user_id == ann:
                    raise LookupError
                await super().deliver(user_id, event)

        sink = Picky()
        deliverer = room.make(sink)
        await deliverer.start()
        await room.append(ann)
        await room.append(bob, 2)
        await sink.until_seen(bob, 2)
        assert sink.seen == {bob: [1, 2]}
        await deliverer.stop()

    async def test_to_take_an_event_in_time_is_tried_again(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        sink = Sink()
        sink.gate.clear()
        deliverer = room.make(sink, deliver_seconds=0.02)
        await deliverer.start()
        await room.append(ann)
        await sink.until_attempted(2)
        sink.gate.set()
        await sink.until_seen(ann, 1)
        assert sink.seen == {ann: [1]}
        await deliverer.stop()

    async def test_of_the_database_is_survived(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        deliverer = room.make(room.sink, sweep_seconds=0.01)
        await deliverer.start()
        async with room.database.write() as tx:
            await tx.execute(text("ALTER TABLE events RENAME TO hidden_events"))
            await tx.execute(text("ALTER TABLE event_counters RENAME TO hidden_counters"))
        room.bus.publish(ann, 1)
        async with asyncio.timeout(60):
            await room.paused.wait()
        async with room.database.write() as tx:
            await tx.execute(text("ALTER TABLE hidden_events RENAME TO events"))
            await tx.execute(text("ALTER TABLE hidden_counters RENAME TO event_counters"))
        await room.append(ann)
        await room.sink.until_seen(ann, 1)
        assert room.sink.seen == {ann: [1]}
        await deliverer.stop()


class TestAPause:
    async def test_holds_back_one_users_events_and_keeps_them(self, room: Room) -> None:
        ann, bob = await add_user(room.database, "ann"), await add_user(room.database, "bob")
        await room.deliverer.start()
        async with room.deliverer.paused(ann):
            await room.append(ann, 2)
            await room.append(bob)
            await room.sink.until_seen(bob, 1)
            assert ann not in room.sink.seen
        await room.sink.until_seen(ann, 2)
        assert room.sink.seen[ann] == [1, 2]

    async def test_lets_those_who_listen_already_catch_up(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        await room.deliverer.start()
        async with room.deliverer.paused(ann) as pause:
            await room.append(ann, 7)
            await pause.catch_up(5)
            assert room.sink.seen == {ann: [1, 2, 3, 4, 5]}
        await room.sink.until_seen(ann, 7)
        assert room.sink.seen == {ann: [1, 2, 3, 4, 5, 6, 7]}

    async def test_waits_for_the_event_that_is_being_delivered(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        await room.deliverer.start()
        room.sink.gate.clear()
        await room.append(ann)
        await room.sink.until_attempted(1)
        entering = asyncio.create_task(room.deliverer.paused(ann).__aenter__())
        await asyncio.sleep(0)
        assert not entering.done()
        room.sink.gate.set()
        await entering
        assert room.sink.seen == {ann: [1]}


class TestStopping:
    async def test_ends_what_is_under_way(self, room: Room) -> None:
        ann = await add_user(room.database, "ann")
        await room.deliverer.start()
        room.sink.gate.clear()
        await room.append(ann)
        await room.sink.until_attempted(1)
        await room.deliverer.stop()
        assert [task for task in asyncio.all_tasks() if task.get_name().startswith("event delivery")] == []

    async def test_before_starting_or_twice_does_no_harm(self, room: Room) -> None:
        await room.deliverer.stop()
        await room.deliverer.start()
        await room.deliverer.stop()
        await room.deliverer.stop()
