from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mesolive.access.keys import Access
from mesolive.access.secret import load_secret
from mesolive.cli.account import account_app
from mesolive.cli.apikey import apikey_app
from mesolive.cli.root import app
from mesolive.clock import WallClock
from mesolive.errors import ServiceError
from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import Journal
from mesolive.store.database import Database
from mesolive.store.engines import directory_of
from mesolive_sdk import models


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> None:
    monkeypatch.setenv("MESOLIVE_DATABASE", sqlite_url)
    monkeypatch.delenv("MESOLIVE_SECRET_KEY", raising=False)


def apikey(*arguments: str) -> Result:
    return CliRunner().invoke(apikey_app, arguments, catch_exceptions=False)


def account(*arguments: str) -> Result:
    return CliRunner().invoke(account_app, ("create-paper", *arguments), catch_exceptions=False)


def listed() -> list[dict[str, Any]]:
    return json.loads(apikey("list", "--json").stdout)


async def user_of(url: str, token: str) -> str | None:
    """Return whose token it is, as the server would find it."""
    database = await Database.open(url)
    try:
        user = await Access(database, load_secret(directory_of(url))).authenticate(token)
        return None if user is None else user.user_name
    finally:
        await database.close()


async def reported(url: str, user: str) -> list[models.AccessEvent]:
    """Return the access events in a user's log, newest first."""
    database = await Database.open(url)
    try:
        owner = await Access(database, load_secret(directory_of(url))).user(user)
        events, _ = await Journal(database, LocalBus(), WallClock()).before(owner.user_id, None, 100)
        return [each.Event for each in events if isinstance(each.Event, models.AccessEvent)]
    finally:
        await database.close()


class TestCreatingAKey:
    def test_making_a_key_and_revoking_it_are_events_of_its_user_also_without_a_server(self, sqlite_url: str) -> None:
        apikey("create", "--user", "ann", "--label", "desk")
        apikey("create", "--user", "ben")
        (key,) = (key for key in listed() if key["User"] == "ann")
        apikey("revoke", key["KeyId"])
        apikey("revoke", key["KeyId"])
        events = asyncio.run(reported(sqlite_url, "ann"))
        change = models.AccessChange
        assert [(each.Change, each.KeyId, each.KeyLabel, each.By) for each in events] == [
            (change.KeyRevoked, key["KeyId"], "desk", None),
            (change.KeyCreated, key["KeyId"], "desk", None),
        ]

    def test_writes_the_token_alone_to_standard_output(self) -> None:
        result = apikey("create", "--user", "ann")
        assert result.exit_code == 0
        assert result.stdout.count("\n") == 1
        assert result.stdout.count(".") == 2
        assert "not shown again" in result.stderr

    def test_keeps_standard_output_free_of_what_is_logged(self, sqlite_url: str) -> None:
        file = Path(sqlite_url.removeprefix("sqlite:///"))
        apikey("create", "--user", "ann")
        with sqlite3.connect(file) as connection:
            connection.execute("DROP INDEX ix_legs_account_contract")  # is made again, and logged, at the next start
        connection.close()
        result = CliRunner().invoke(app, ("apikey", "create", "--user", "ann"), catch_exceptions=False)
        assert result.stdout.count("\n") == 1
        assert result.stdout.startswith("eyJ")

    def test_names_everything_in_json(self) -> None:
        made = json.loads(apikey("create", "--user", "ann", "--label", "laptop", "--json").stdout)
        assert (made["User"], made["Label"], made["RevokedAt"]) == ("ann", "laptop", None)
        assert {name: value for name, value in made.items() if name != "Token"} == listed()[0]

    def test_that_would_last_too_long_is_refused(self) -> None:
        with pytest.raises(ServiceError, match="ExpiresDays"):
            apikey("create", "--user", "ann", "--expires-days", "100000")


async def test_a_key_from_the_command_line_is_known_to_the_server(sqlite_url: str) -> None:
    made = await asyncio.to_thread(apikey, "create", "--user", "ann")
    token = made.stdout.strip()
    assert await user_of(sqlite_url, token) == "ann"
    (key,) = await asyncio.to_thread(listed)
    await asyncio.to_thread(apikey, "revoke", key["KeyId"])
    assert await user_of(sqlite_url, token) is None


class TestListing:
    def test_shows_each_keys_state_and_never_a_token(self) -> None:
        token = apikey("create", "--user", "ann", "--label", "[bold]laptop").stdout.strip()
        apikey("create", "--user", "bob")
        (key,) = [key for key in listed() if key["User"] == "bob"]
        assert apikey("revoke", key["KeyId"]).exit_code == 0
        shown = apikey("list").stdout
        assert "works" in shown
        assert "revoked" in shown
        assert "[bold]laptop" in shown
        assert token not in shown
        assert key["KeyId"] in shown

    def test_can_be_of_one_user(self) -> None:
        for name in ("ann", "bob"):
            apikey("create", "--user", name)
        assert [key["User"] for key in json.loads(apikey("list", "--user", "bob", "--json").stdout)] == ["bob"]


def test_revoking_says_what_it_did() -> None:
    apikey("create", "--user", "ann")
    (key,) = listed()
    assert json.loads(apikey("revoke", key["KeyId"], "--json").stdout) == {"KeyId": key["KeyId"], "State": "revoked"}
    with pytest.raises(ServiceError, match="not found"):
        apikey("revoke", "nothing")


class TestAPaperAccount:
    def test_is_made_for_a_user_who_has_a_key(self) -> None:
        apikey("create", "--user", "ann")
        result = account("--user", "ann", "--id", "ML1000", "--cash", "100000")
        assert result.exit_code == 0
        assert "100,000.00 USD" in result.stdout
        with pytest.raises(ServiceError, match="exists already"):
            account("--user", "ann", "--id", "ML1000", "--cash", "100000")

    def test_without_a_user_is_refused(self) -> None:
        with pytest.raises(ServiceError, match="user 'nobody' was not found"):
            account("--user", "nobody", "--id", "ML1000", "--cash", "1")

    @pytest.mark.parametrize(("id_", "cash"), [("U1000", "1"), ("ML1000", "0")])
    def test_that_cannot_be_is_refused(self, id_: str, cash: str) -> None:
        apikey("create", "--user", "ann")
        with pytest.raises(ServiceError):
            account("--user", "ann", "--id", id_, "--cash", cash)

    @pytest.mark.parametrize("cash", ["much", "-5", "NaN"])
    def test_with_something_else_than_an_amount_is_an_error_of_use(self, cash: str) -> None:
        result = account("--user", "ann", "--id", "ML1000", "--cash", cash)
        assert result.exit_code == 2
        assert "expected an amount" in result.output
