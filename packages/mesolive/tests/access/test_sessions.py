"""Sessions end by age, idleness, revocation and number; codes work once and for ten minutes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from mesolive.access.context import Role
from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.access.sessions import CODE_LIFE, IDLE, LIFE, MAX_SESSIONS, RECENT, SIGN_IN_AGAIN, Sessions
from mesolive.clock import ManualClock
from mesolive.errors import ServiceError
from mesolive.store.database import Database
from mesolive.store.tables.access import portal_codes, portal_sessions

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
    await clock.advance(60)
    assert await sessions.find(unused) is None
    assert await sessions.find(used) is not None
    passed = IDLE
    while passed + step < LIFE:
        await clock.advance(step.total_seconds())
        passed += step
        assert await sessions.find(used) is not None
    await clock.advance((LIFE - passed).total_seconds())
    assert await sessions.find(used) is None


async def test_an_open_connection_keeps_its_session_in_use(sessions: Sessions, clock: ManualClock) -> None:
    cookie = await begin(sessions)
    session = await sessions.find(cookie)
    assert session is not None
    for _ in range(4):
        await clock.advance(IDLE.total_seconds() / 2)
        assert await sessions.ended({session.session_id}) == set()
    assert await sessions.find(cookie) is not None
    await sessions.end(session.session_id)
    assert await sessions.ended({session.session_id}) == {session.session_id}


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


async def test_what_moves_limits_needs_a_sign_in_of_the_last_minutes(
    access: Access, sessions: Sessions, clock: ManualClock
) -> None:
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
