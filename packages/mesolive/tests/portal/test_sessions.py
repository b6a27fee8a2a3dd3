"""Sessions of browsers: what a cookie opens, and what ends it."""

from __future__ import annotations

import pytest

from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.portal.sessions import FAILURE_SECONDS, IDLE_SECONDS, LIFE_SECONDS, Sessions, TooManyAttemptsError
from mesolive.store.database import Database


class Seconds:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def access(database: Database) -> Access:
    return Access(database, ServerSecret("a secret for tests, long enough as it is"))


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def sessions(access: Access, seconds: Seconds) -> Sessions:
    return Sessions(access, seconds)


async def test_a_key_opens_a_session_whose_cookie_is_not_the_key(access: Access, sessions: Sessions) -> None:
    made = await access.create_key("trader")
    cookie = await sessions.sign_in(made.token, "127.0.0.1")
    assert cookie is not None
    assert made.token not in cookie
    user = await sessions.find(cookie)
    assert user is not None
    assert user.user_name == "trader"
    assert user.key_id == made.key.key_id


async def test_a_wrong_cookie_a_wrong_key_and_no_cookie_open_nothing(sessions: Sessions) -> None:
    assert await sessions.sign_in("not a key", "127.0.0.1") is None
    assert await sessions.find("not a cookie") is None
    assert await sessions.find(None) is None


async def test_a_session_ends_with_its_key(access: Access, sessions: Sessions) -> None:
    made = await access.create_key("trader")
    cookie = await sessions.sign_in(made.token, "127.0.0.1")
    await access.revoke(made.key.key_id)
    assert await sessions.find(cookie) is None


async def test_a_session_ends_when_it_is_not_used(access: Access, sessions: Sessions, seconds: Seconds) -> None:
    cookie = await sessions.sign_in((await access.create_key("trader")).token, "127.0.0.1")
    seconds.now += IDLE_SECONDS - 1
    assert await sessions.find(cookie) is not None
    seconds.now += IDLE_SECONDS + 1
    assert await sessions.find(cookie) is None


async def test_a_session_ends_at_its_greatest_age(access: Access, sessions: Sessions, seconds: Seconds) -> None:
    cookie = await sessions.sign_in((await access.create_key("trader")).token, "127.0.0.1")
    while seconds.now + IDLE_SECONDS / 2 < LIFE_SECONDS:
        seconds.now += IDLE_SECONDS / 2
        assert await sessions.find(cookie) is not None
    seconds.now += IDLE_SECONDS / 2 + 1
    assert await sessions.find(cookie) is None


async def test_signing_out_ends_the_session(access: Access, sessions: Sessions) -> None:
    cookie = await sessions.sign_in((await access.create_key("trader")).token, "127.0.0.1")
    sessions.end(cookie)
    assert await sessions.find(cookie) is None


async def test_an_address_that_fails_ten_times_waits_a_minute(
    access: Access, sessions: Sessions, seconds: Seconds
) -> None:
    token = (await access.create_key("trader")).token
    for _ in range(10):
        assert await sessions.sign_in("wrong", "10.0.0.1") is None
    with pytest.raises(TooManyAttemptsError):
        await sessions.sign_in(token, "10.0.0.1")
    assert await sessions.sign_in(token, "10.0.0.2") is not None
    seconds.now += FAILURE_SECONDS + 1
    assert await sessions.sign_in(token, "10.0.0.1") is not None
