"""Sessions end by age, idleness, revocation and number; codes work once and for ten minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from mesolive.access.context import Role
from mesolive.access.keys import Access
from mesolive.access.refusals import TOLD_EVERY_SECONDS, RefusedSignIns
from mesolive.access.secret import ServerSecret
from mesolive.access.sessions import CODE_LIFE, IDLE, LIFE, MAX_SESSIONS, RECENT, SIGN_IN_AGAIN, Sessions
from mesolive.clock import ManualClock
from mesolive.errors import ServiceError
from mesolive.store.database import Database, DatabaseBusyError, WriteTransaction
from mesolive.store.tables.access import portal_codes, portal_sessions
from mesolive_sdk import models
from mesolive_testkit.store.trouble import full_disk

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
SECRET = ServerSecret("a secret for tests, long enough as it is")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def access(database: Database, clock: ManualClock) -> Access:
    return Access(database, SECRET, clock)


@pytest.fixture
async def sessions(database: Database, access: Access, clock: ManualClock) -> Sessions:
    await access.create_user("trader")
    return Sessions(database, access, clock)


class EventList:
    """An event log in memory, of the users' access events."""

    def __init__(self) -> None:
        self.of_users: dict[int, list[models.AccessEvent]] = {}

    async def append(self, tx: WriteTransaction, user_id: int, events: Sequence[models.MesoLiveEvent]) -> None:
        """Keep the events."""
        del tx
        known = [event for event in events if isinstance(event, models.AccessEvent)]
        self.of_users.setdefault(user_id, []).extend(known)


class Refusing:
    """Stands for an event log whose database takes no writes."""

    async def __call__(self, *_: object) -> None:
        raise DatabaseBusyError


@pytest.fixture
def log(access: Access) -> EventList:
    events = EventList()
    access.announcer.append_to(events)
    return events


async def begin(sessions: Sessions) -> str:
    made = await sessions.sign_in_with_code(await sessions.make_code("trader"), "a browser", "127.0.0.1")
    assert made is not None
    return made.cookie


async def test_a_code_works_once_also_for_two_browsers_at_the_same_time(sessions: Sessions) -> None:
    code = await sessions.make_code("trader")
    made = await asyncio.gather(*(sessions.sign_in_with_code(code, "", "") for _ in range(4)))
    assert sum(session is not None for session in made) == 1


async def test_a_code_works_for_ten_minutes(sessions: Sessions, clock: ManualClock) -> None:
    code = await sessions.make_code("trader")
    await clock.advance(CODE_LIFE.total_seconds())
    assert await sessions.sign_in_with_code(code, "", "") is None


async def test_an_unused_session_ends_after_twelve_hours_and_a_used_one_after_a_week(
    sessions: Sessions, clock: ManualClock
) -> None:
    unused, used = await begin(sessions), await begin(sessions)
    step = IDLE - timedelta(minutes=1)
    await clock.advance(step.total_seconds())
    assert await sessions.find(used) is not None
    await sessions.note_use()
    await clock.advance(60)
    assert await sessions.find(unused) is None
    assert await sessions.find(used) is not None
    await sessions.note_use()
    passed = IDLE
    while passed + step < LIFE:
        await clock.advance(step.total_seconds())
        passed += step
        assert await sessions.find(used) is not None
        await sessions.note_use()
    await clock.advance((LIFE - passed).total_seconds())
    assert await sessions.find(used) is None


async def test_an_open_connection_keeps_its_session_in_use(sessions: Sessions, clock: ManualClock) -> None:
    cookie = await begin(sessions)
    session = await sessions.find(cookie)
    assert session is not None
    for _ in range(4):
        await clock.advance(IDLE.total_seconds() / 2)
        assert await sessions.ended({session.session_id}) == set()
        await sessions.note_use()
    assert await sessions.find(cookie) is not None
    await sessions.end(session.session_id)
    assert await sessions.ended({session.session_id}) == {session.session_id}


async def test_a_browser_is_known_while_nothing_can_be_written_and_its_use_is_stored_later(
    tmp_path: Path, ready_sqlite_url: str, clock: ManualClock
) -> None:
    database = await Database.open(ready_sqlite_url)
    access = Access(database, SECRET, clock)
    await access.create_user("trader")
    sessions = Sessions(database, access, clock)
    cookie = await begin(sessions)
    await clock.advance(IDLE.total_seconds() / 2)
    with full_disk(database, tmp_path):
        found = await sessions.find(cookie)
        assert found is not None
        assert await sessions.ended([found.session_id]) == set()
        with pytest.raises(OperationalError):
            await sessions.note_use()
    await sessions.note_use()
    await clock.advance(IDLE.total_seconds() / 2)
    assert await sessions.find(cookie) is not None
    await database.close()


async def test_a_session_lasts_no_longer_than_its_key(access: Access, sessions: Sessions, clock: ManualClock) -> None:
    key = await access.create_key("trader", days=1)
    made = await sessions.sign_in_with_key(key.token, "", "")
    assert made is not None
    assert made.info.expires_at == key.key.expires_at
    await access.revoke(key.key.key_id)
    assert await sessions.find(made.cookie) is None


async def test_the_role_of_a_key_is_the_role_of_its_session(access: Access, sessions: Sessions) -> None:
    key = await access.create_key("trader", role=Role.WATCH)
    made = await sessions.sign_in_with_key(key.token, "", "")
    assert made is not None
    assert made.info.user.role is Role.WATCH


async def test_another_users_session_cannot_be_ended(access: Access, sessions: Sessions) -> None:
    await access.create_user("somebody else")
    other = await access.user("somebody else")
    session = await sessions.find(await begin(sessions))
    assert session is not None
    with pytest.raises(ServiceError, match="NotFound"):
        await sessions.end(session.session_id, other.user_id)


async def test_changing_limits_needs_a_recent_sign_in(access: Access, sessions: Sessions, clock: ManualClock) -> None:
    cookie = await begin(sessions)
    session = await sessions.find(cookie)
    assert session is not None
    await sessions.require_recent_sign_in(session.user)
    await clock.advance(RECENT.total_seconds() + 1)
    with pytest.raises(ServiceError) as refused:
        await sessions.require_recent_sign_in(session.user)
    assert refused.value.error is not None
    assert refused.value.error.Code == SIGN_IN_AGAIN
    watcher = await access.create_key("trader", role=Role.WATCH)
    stranger = await access.create_key("somebody else")
    assert not await sessions.prove(session, watcher.token)
    assert not await sessions.prove(session, stranger.token)
    assert await sessions.prove(session, (await access.create_key("trader")).token)
    await sessions.require_recent_sign_in(session.user)


async def test_the_oldest_session_makes_room(sessions: Sessions, clock: ManualClock) -> None:
    first = last = await begin(sessions)
    for _ in range(MAX_SESSIONS):
        await clock.advance(1)
        last = await begin(sessions)
    assert await sessions.find(first) is None
    assert await sessions.find(last) is not None


async def test_the_database_holds_neither_cookies_nor_codes(database: Database, sessions: Sessions) -> None:
    code = await sessions.make_code("trader")
    cookie = await begin(sessions)
    async with database.read() as tx:
        rows = [*await tx.all(select(portal_sessions)), *await tx.all(select(portal_codes))]
    text = repr(rows)
    assert cookie not in text
    assert code not in text


async def changes_of(log: EventList, access: Access, user: str = "trader") -> list[models.AccessChange]:
    return [event.Change for event in log.of_users.get((await access.user(user)).user_id, [])]


async def test_sessions_that_end_by_age_are_told_once_and_with_the_time_of_their_end(
    access: Access, sessions: Sessions, clock: ManualClock, log: EventList
) -> None:
    await begin(sessions)
    connected = await sessions.find(await begin(sessions))
    assert connected is not None
    assert await sessions.end_aged() == []
    await clock.advance(IDLE.total_seconds() + 1)
    (ended,) = await sessions.end_aged([connected.session_id])
    assert ended != connected.session_id
    assert await sessions.end_aged([connected.session_id]) == []
    await clock.advance(LIFE.total_seconds() - IDLE.total_seconds())
    assert await sessions.end_aged([connected.session_id]) == [connected.session_id]
    change = models.AccessChange
    assert await changes_of(log, access) == [
        change.SignedIn,
        change.SignedIn,
        change.SessionExpired,
        change.SessionExpired,
    ]
    (reported,) = (
        event
        for events in log.of_users.values()
        for event in events
        if event.Change is change.SessionExpired and event.SessionId == ended
    )
    assert (reported.Address, reported.UserAgent, reported.By) == ("127.0.0.1", "a browser", None)


async def test_of_sessions_that_ended_long_ago_and_those_of_revoked_keys_nothing_is_told(
    access: Access, sessions: Sessions, clock: ManualClock, log: EventList
) -> None:
    await begin(sessions)
    key = await access.create_key("trader")
    assert await sessions.sign_in_with_key(key.token, "a browser", "127.0.0.1") is not None
    await access.revoke(key.key.key_id)
    await clock.advance(LIFE.total_seconds() + IDLE.total_seconds() + 1)
    assert len(await sessions.end_aged()) == 1
    assert models.AccessChange.SessionExpired not in await changes_of(log, access)


async def test_refused_sign_ins_are_told_to_every_user_at_most_once_a_minute(
    database: Database, access: Access, clock: ManualClock, log: EventList
) -> None:
    seconds = [0.0]
    await access.create_user("trader")
    await access.create_user("another")
    refused = RefusedSignIns(database, access.announcer, clock, lambda: seconds[0])
    await refused.announce()
    assert log.of_users == {}
    refused.note("the key does not work", "10.0.0.7")
    await refused.announce()
    for number in range(1000):
        refused.note("the code does not work", f"10.0.1.{number % 250}")
        await refused.announce()
    seconds[0] = TOLD_EVERY_SECONDS
    refused.note("another origin", "10.0.0.9")
    await refused.announce()
    assert refused.total == 1002
    for user in ("trader", "another"):
        events = log.of_users[(await access.user(user)).user_id]
        assert [(each.Change, each.Attempts, each.Address) for each in events] == [
            (models.AccessChange.SignInRefused, 1, "10.0.0.7"),
            (models.AccessChange.SignInRefused, 1001, "10.0.0.9"),
        ]


async def test_refused_sign_ins_that_could_not_be_stored_are_told_of_later(
    database: Database, access: Access, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    await access.create_user("trader")
    user = await access.user("trader")
    events = EventList()
    access.announcer.append_to(events)
    refused = RefusedSignIns(database, access.announcer, clock, lambda: seconds[0])
    refused.note("the key does not work", "10.0.0.7")
    with monkeypatch.context() as patch:
        patch.setattr(events, "append", Refusing())
        with pytest.raises(DatabaseBusyError):
            await refused.announce()
    seconds[0] = TOLD_EVERY_SECONDS
    refused.note("the key does not work", "10.0.0.8")
    await refused.announce()
    (reported,) = events.of_users[user.user_id]
    assert (reported.Attempts, reported.Address) == (2, "10.0.0.8")
