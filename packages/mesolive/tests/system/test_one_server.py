"""Two servers on one database would send orders twice: the second is refused, and a dead one is in nobody's way."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mesolive.store import server_lock
from mesolive.store.server_lock import DatabaseInUseError, only_server
from mesolive_testkit.operator import command, serve
from mesolive_testkit.store.postgres import Postgres

SECRET = {"MESOLIVE_SECRET_KEY": "s" * 40}


@dataclass
class Place:
    """A database that two servers want."""

    arguments: tuple[str, ...]
    env: Mapping[str, str]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "sqlite":
        return Place((), {})
    return Place(("--database", request.getfixturevalue("postgres_url")), SECRET)


def test_a_second_server_on_the_same_database_is_refused_in_one_line_that_names_the_first(
    tmp_path: Path, place: Place
) -> None:
    with serve(tmp_path, *place.arguments, env=place.env) as first:
        second = command(tmp_path, "serve", "--port", "0", *place.arguments, env=place.env)
        assert second.returncode == 1
        (line,) = second.stderr.splitlines()
        assert f"another server (process {first.process.pid} on " in line
        assert "--database" in line


def test_a_server_that_was_killed_does_not_keep_the_next_from_starting(tmp_path: Path, place: Place) -> None:
    for _ in range(2):
        with serve(tmp_path, *place.arguments, env=place.env) as served:
            served.end(signal.SIGKILL)


def test_commands_and_servers_of_other_databases_are_not_in_the_way(tmp_path: Path) -> None:
    with serve(tmp_path), serve(tmp_path, "--database", "sqlite:///other/mesolive.sqlite3"):
        made = command(tmp_path, "apikey", "create", "--user", "ann")
        assert made.returncode == 0, made.stderr


async def test_a_lock_that_was_lost_with_its_connection_is_taken_again(
    postgres_server: Postgres, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_lock, "LOOK_SECONDS", 0.01)
    async with only_server(postgres_url) as lock:
        await asyncio.to_thread(postgres_server.end_connections, postgres_url)
        with pytest.raises(DatabaseInUseError):
            await _taken(postgres_url)
        assert not lock.lost.is_set()


async def _taken(url: str) -> None:
    """Try to be the server until another is: who lost the lock may need a moment to take it again."""
    async with asyncio.timeout(30):
        while True:
            async with only_server(url):
                pass


async def test_a_server_that_loses_its_lock_is_told_to_end(
    postgres_server: Postgres, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = asyncio.Event()
    take = server_lock._take

    async def slowly(engine: Any) -> Any:
        """Let who has lost the lock be slower than who starts."""
        task = asyncio.current_task()
        if task is not None and task.get_name() == "server lock":
            await taken.wait()
        return await take(engine)

    monkeypatch.setattr(server_lock, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(server_lock, "_take", slowly)
    async with only_server(postgres_url) as lock:
        await asyncio.to_thread(postgres_server.end_connections, postgres_url)
        async with only_server(postgres_url), asyncio.timeout(30):
            taken.set()
            await lock.lost.wait()
