from __future__ import annotations

import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from mesolive.access.keys import ALGORITHM, CACHE_SECONDS, CACHED_KEYS, MAX_TOKEN, Access, secret_of
from mesolive.access.secret import SECRET_FILE, ServerSecret, UnusableSecretError
from mesolive.clock import ManualClock
from mesolive.errors import ServiceError
from mesolive.store.database import Database
from mesolive_sdk.models import StatusCode

# The types of one kind of key need a library that is not installed.
encode: Callable[..., str] = jwt.encode  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
decode_complete: Callable[..., dict[str, Any]] = jwt.decode_complete  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

SECRET = ServerSecret("a secret for tests, long enough as it is")
NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)


class Stopwatch:
    """Seconds that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def access(database: Database, clock: ManualClock, watch: Stopwatch) -> Access:
    return Access(database, SECRET, clock, watch)


@pytest.fixture
async def sqlite_access(ready_sqlite_url: str, clock: ManualClock) -> AsyncIterator[Access]:
    database = await Database.open(ready_sqlite_url)
    yield Access(database, SECRET, clock)
    await database.close()


class Queries:
    """Counts how often the database is asked."""

    def __init__(self, database: Database) -> None:
        self.count = 0
        event.listen(database._engines.reader, "before_cursor_execute", self._counted)

    def _counted(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.count += statement.startswith("SELECT")


def resigned(token: str, key: bytes | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return the token with other claims, signed anew, by default with the right key; `None` leaves a claim out."""
    decoded = decode_complete(token, options={"verify_signature": False})
    body = {name: value for name, value in {**decoded["payload"], **claims}.items() if value is not None}
    return encode(
        body,
        SECRET.derive("api-keys") if key is None else key,
        algorithm=ALGORITHM,
        headers={"kid": decoded["header"]["kid"], **(header or {})},
    )


class TestAKey:
    async def test_says_who_its_user_is(self, access: Access) -> None:
        made = await access.create_key("ann", "laptop")
        user = await access.authenticate(made.token)
        assert user is not None
        assert (user.user_name, user.key_id) == ("ann", made.key.key_id)
        assert user.user_id == (await access.user("ann")).user_id

    async def test_of_one_user_leads_to_one_account_and_of_another_to_another(self, access: Access) -> None:
        users = [await access.authenticate((await access.create_key(name)).token) for name in ("ann", "ann", "bob")]
        ids = [user.user_id for user in users if user is not None]
        assert ids[0] == ids[1] != ids[2]

    async def test_works_until_it_expires(self, access: Access, clock: ManualClock) -> None:
        token = (await access.create_key("ann", days=7)).token
        await clock.advance(timedelta(days=7).total_seconds() - 1)
        assert await access.authenticate(token) is not None
        await clock.advance(1)
        assert await access.authenticate(token) is None

    async def test_works_no_more_once_it_is_revoked(self, access: Access) -> None:
        made = await access.create_key("ann")
        other = await access.create_key("ann")
        assert await access.authenticate(made.token) is not None
        await access.revoke(made.key.key_id)
        assert await access.authenticate(made.token) is None
        assert await access.authenticate(other.token) is not None

    async def test_can_be_revoked_twice_and_keeps_the_first_time(self, access: Access, clock: ManualClock) -> None:
        made = await access.create_key("ann")
        await access.revoke(made.key.key_id)
        await clock.advance(60)
        await access.revoke(made.key.key_id)
        (listed,) = await access.list_keys()
        assert listed.revoked_at == NOW

    async def test_that_another_process_revoked_works_for_seconds_at_most(
        self, access: Access, database: Database, clock: ManualClock, watch: Stopwatch
    ) -> None:
        made = await access.create_key("ann")
        await access.authenticate(made.token)
        await Access(database, SECRET, clock).revoke(made.key.key_id)
        watch.seconds += CACHE_SECONDS
        assert await access.authenticate(made.token) is None

    async def test_was_used_last_from_the_address_that_presented_it_however_short_the_connection(
        self, access: Access, clock: ManualClock
    ) -> None:
        made = await access.create_key("ann")
        assert await access.authenticate(made.token, "10.0.0.7") is not None
        assert await access.authenticate(made.token, "10.0.0.8") is not None
        await access.note_use({})
        (key,) = await access.list_keys("ann")
        assert (key.last_used_at, key.last_address) == (NOW, "10.0.0.8")
        await clock.advance(60)
        await access.note_use({made.key.key_id: "10.0.0.8"})
        (key,) = await access.list_keys("ann")
        assert key.last_used_at == NOW, "a use within some minutes costs no write"
        await access.note_use({made.key.key_id: "x" * 300})
        (key,) = await access.list_keys("ann")
        assert key.last_used_at == NOW + timedelta(seconds=60)
        assert len(key.last_address or "") == 64

    async def test_is_listed_without_its_token(self, access: Access) -> None:
        made = await access.create_key("ann", "laptop", days=3)
        await access.create_key("bob")
        (listed,) = await access.list_keys("ann")
        assert listed == made.key
        assert listed.expires_at == NOW + timedelta(days=3)
        assert len(await access.list_keys()) == 2
        assert made.token not in repr(made)
        assert made.token not in repr(listed)

    async def test_that_does_not_exist_cannot_be_revoked(self, access: Access) -> None:
        with pytest.raises(ServiceError) as caught:
            await access.revoke("nothing")
        assert caught.value.status is StatusCode.NotFound


class TestLookingUp:
    async def test_is_done_once_for_a_while(self, access: Access, database: Database, watch: Stopwatch) -> None:
        token = (await access.create_key("ann")).token
        queries = Queries(database)
        for _ in range(5):
            await access.authenticate(token)
        assert queries.count == 1
        watch.seconds += CACHE_SECONDS
        await access.authenticate(token)
        assert queries.count == 2

    async def test_remembers_a_bounded_number_of_keys(self, sqlite_access: Access) -> None:
        made = await sqlite_access.create_key("ann")
        sqlite_access._accepted.update({str(number): (1e300, None) for number in range(CACHED_KEYS)})  # pyright: ignore[reportCallIssue, reportArgumentType] - stands for other users
        await sqlite_access.authenticate(made.token)
        assert len(sqlite_access._accepted) == CACHED_KEYS
        assert made.key.key_id in sqlite_access._accepted

    async def test_does_not_remember_a_key_that_was_revoked_meanwhile(self, access: Access, database: Database) -> None:
        made = await access.create_key("ann")
        read = access._database.read

        def revoked_after_reading() -> Any:
            # What a revocation between the reading and the remembering does.
            access._forget(made.key.key_id)
            return read()

        reading = {"read": staticmethod(revoked_after_reading), "emergency": database.emergency}
        access._database = type("Reading", (), reading)()  # pyright: ignore[reportAttributeAccessIssue] - a stand-in
        await access.authenticate(made.token)
        assert made.key.key_id not in access._accepted


class TestAForgedToken:
    @pytest.mark.parametrize(
        "changes",
        [
            {"key": b"another server's secret, also long enough"},
            {"header": {"kid": "another"}},
            {"sub": "2"},
            {"sub": "ann"},
            {"sub": None},
            {"jti": "another"},
            {"jti": None},
            {"iss": "another"},
            {"iss": None},
            {"exp": None},
            {"exp": "tomorrow"},
            {"exp": 10**30},
            {"iat": None},
        ],
        ids=str,
    )
    async def test_belongs_to_nobody(self, sqlite_access: Access, changes: dict[str, Any]) -> None:
        made = await sqlite_access.create_key("ann")
        assert await sqlite_access.authenticate(resigned(made.token)) is not None
        assert await sqlite_access.authenticate(resigned(made.token, **changes)) is None

    async def test_without_a_signature_belongs_to_nobody(self, sqlite_access: Access) -> None:
        made = await sqlite_access.create_key("ann")
        claims = decode_complete(made.token, options={"verify_signature": False})["payload"]
        assert await sqlite_access.authenticate(encode(claims, None, algorithm="none")) is None
        assert await sqlite_access.authenticate(made.token.rpartition(".")[0] + ".") is None

    async def test_signed_by_another_method_belongs_to_nobody_even_with_the_right_key(
        self, sqlite_access: Access
    ) -> None:
        token = (await sqlite_access.create_key("ann")).token
        kid = jwt.get_unverified_header(token)["kid"]
        header = base64.urlsafe_b64encode(json.dumps({"alg": "HS512", "typ": "JWT", "kid": kid}).encode())
        signed = header.rstrip(b"=") + b"." + token.split(".")[1].encode()
        mark = base64.urlsafe_b64encode(hmac.digest(SECRET.derive("api-keys"), signed, "sha512")).rstrip(b"=")
        assert await sqlite_access.authenticate((signed + b"." + mark).decode()) is None

    async def test_that_is_huge_is_not_even_looked_at(self, sqlite_access: Access) -> None:
        assert await sqlite_access.authenticate("x" * (MAX_TOKEN + 1)) is None

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    @given(text=st.text(max_size=100))
    async def test_of_any_text_belongs_to_nobody(self, sqlite_access: Access, text: str) -> None:
        assert await sqlite_access.authenticate(text) is None

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    @given(place=st.integers(0, 10_000), letter=st.sampled_from("abcXYZ019-_."))
    async def test_with_one_letter_changed_belongs_to_nobody(
        self, sqlite_access: Access, place: int, letter: str
    ) -> None:
        token = (await sqlite_access.create_key("ann")).token
        place %= len(token) - 1  # the last letter holds bits that mean nothing
        changed = token[:place] + letter + token[place + 1 :]
        assert (await sqlite_access.authenticate(changed) is None) == (changed != token)


class TestMakingAKey:
    @pytest.mark.parametrize("name", ["", "x" * 65, " ann", "ann ", "a\nb", "a\x00"])
    async def test_needs_a_name_that_can_be_shown(self, sqlite_access: Access, name: str) -> None:
        with pytest.raises(ServiceError) as caught:
            await sqlite_access.create_key(name)
        assert caught.value.status is StatusCode.ValidationError

    @pytest.mark.parametrize("days", [0, -1, 3651])
    async def test_needs_a_time_that_makes_sense(self, sqlite_access: Access, days: int) -> None:
        with pytest.raises(ServiceError) as caught:
            await sqlite_access.create_key("ann", days=days)
        assert caught.value.status is StatusCode.ValidationError

    async def test_with_a_label_that_cannot_be_shown_is_refused(self, sqlite_access: Access) -> None:
        with pytest.raises(ServiceError) as caught:
            await sqlite_access.create_key("ann", "a\x1b[2J")
        assert caught.value.status is StatusCode.ValidationError


async def test_a_user_who_does_not_exist_is_not_found(sqlite_access: Access) -> None:
    with pytest.raises(ServiceError) as caught:
        await sqlite_access.user("nobody")
    assert caught.value.status is StatusCode.NotFound


async def test_of_any_number_of_keys_those_that_work_no_more_are_found(sqlite_access: Access) -> None:
    stored, gone = await sqlite_access.create_key("ann"), await sqlite_access.create_key("bob")
    await sqlite_access.revoke(gone.key.key_id)
    unknown = {f"unknown{number}" for number in range(1200)}
    asked = {stored.key.key_id, gone.key.key_id, *unknown}
    assert await sqlite_access.revoked(asked) == asked - {stored.key.key_id}
    assert await sqlite_access.revoked([]) == set()


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": [1]},
        {"exp": {}},
        {"exp": "soon"},
        {"exp": 10**30},
        {"exp": True},
        {"sub": 10**30},
        {"sub": "9" * 400},
        {"sub": "1.5"},
        {"sub": None},
        {"sub": ["1"]},
        {"jti": 7},
        {"jti": None},
        {"jti": "\x00" * 16},
        {"jti": "\ud800"},
        {"jti": {"a": 1}},
        {"iss": "somebody"},
        {"nbf": "x"},
        {"aud": "x"},
    ],
    ids=repr,
)
async def test_signed_claims_of_odd_types_and_values_belong_to_nobody(access: Access, claims: dict[str, Any]) -> None:
    token = (await access.create_key("ann")).token
    assert await access.authenticate(resigned(token, **claims)) is None


async def test_a_header_with_more_brackets_than_python_follows_belongs_to_nobody(access: Access) -> None:
    header = base64.urlsafe_b64encode(b"[" * 1300).rstrip(b"=").decode()
    assert await access.authenticate(f"{header}.e30.c2ln") is None


async def test_a_missing_secret_beside_keys_that_it_signed_is_refused_and_not_made_anew(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path / 'mesolive.sqlite3'}")
    made = await Access(database, await secret_of(database, tmp_path, None)).create_key("ann")
    secret = tmp_path / SECRET_FILE
    stored = secret.read_bytes()
    secret.unlink()
    with pytest.raises(UnusableSecretError, match=r"secret\.key is missing.*MESOLIVE_SECRET_KEY"):
        await secret_of(database, tmp_path, None)
    assert not secret.exists()
    await secret_of(database, tmp_path, "another secret, which is long enough too")
    secret.write_bytes(stored)
    secret.chmod(0o600)
    access = Access(database, await secret_of(database, tmp_path, None))
    assert await access.authenticate(made.token) is not None
    await access.revoke(made.key.key_id)
    secret.unlink()
    await secret_of(database, tmp_path, None)  # no key is left that would die of a new one
    await database.close()
