"""The root help page tells of every command without importing one; errors are known by the modules that raised them."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from mesolive.cli import failures
from mesolive.cli.failures import Failure, failure_of
from mesolive.cli.lazy import COMMANDS
from mesolive.cli.root import app
from mesolive.settings import SettingsError
from mesolive_sdk.exceptions import MesoLiveSignalRError


def modules_after(program: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after a program."""
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}\nprint('loaded:', *sys.modules)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(ended.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_line_of_a_command_is_the_first_paragraph_of_its_docstring(name: str) -> None:
    place = COMMANDS[name]
    command: object = getattr(importlib.import_module(f"mesolive.cli.{place.module}"), place.attribute)
    if isinstance(command, typer.Typer):
        assert place.help.endswith(".")
        assert isinstance(command.info.help, str) is False, "a group's help has one place"
    else:
        text = (inspect.getdoc(command) or "").partition("\n\n")[0]
        assert place.help == " ".join(text.split())


def test_the_help_page_shows_every_help_line_whole() -> None:
    shown = " ".join(CliRunner().invoke(app, ["--help"]).output.split())
    for name, place in COMMANDS.items():
        assert f"{name} {place.help}" in shown


def test_the_help_page_imports_no_command_and_nothing_slow() -> None:
    loaded = modules_after("from mesolive.cli.root import app\ntry:\n    app(['--help'])\nexcept SystemExit:\n    pass")
    slow = {"structlog", "rich", "pydantic", "sqlalchemy", "numpy", "httpx", "msgspec", "asyncio", "signalr_asyncio"}
    assert slow.isdisjoint(loaded)
    assert {f"mesolive.cli.{place.module}" for place in COMMANDS.values()}.isdisjoint(loaded)


def test_asking_for_the_status_imports_no_database_and_no_server() -> None:
    loaded = modules_after("from mesolive.cli.lazy import load_command\nload_command(None, 'status')")
    assert {"sqlalchemy", "numpy", "structlog", "signalr_asyncio.server", "uvicorn"}.isdisjoint(loaded)
    assert "httpx" in loaded
    assert {"httpx._main", "click", "rich", "pygments"}.isdisjoint(loaded), "httpx's own command"


def test_a_started_server_has_loaded_nothing_that_it_does_not_use(ready_sqlite_url: str) -> None:
    """What is missing here is loaded by the first who needs it: a test of start and memory without a clock."""
    loaded = modules_after(
        f"""
import asyncio
from mesolive.cli.lazy import load_command
load_command(None, "serve")
from mesolive import server
from mesolive.cli.serve import announce
from mesolive.settings import from_environment
async def start():
    settings = from_environment({{"market": "simulated", "port": 0, "database": {ready_sqlite_url!r}}})
    async with server.serving(settings) as application:
        await announce(application)
asyncio.run(start())
"""
    )
    clients = {"httpx", "httpcore", "signalr_asyncio.client", "mesolive_sdk.clients", "websockets.asyncio.client"}
    calendars = {"pandas", "exchange_calendars"}
    terminals = {"rich", "pygments"}
    databases = {"sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "asyncpg", "alembic"}
    numbers = {"numpy.f2py", "numpy.ma", "numpy.testing", "scipy.special", "scipy.optimize", "talib"}
    markets = {f"mesolive.market.providers.{kind}" for kind in ("chain_files", "recorded")}
    brokers = {f"mesolive.connectors.{broker}.connector" for broker in ("ibkr", "tastytrade")}
    connections = {"ib_async", "apprise", *brokers}
    others = {"cryptography", "pydantic", "matplotlib", "unittest", "mesolive.doubles", "mesolive.backtest"}
    unused = clients | calendars | terminals | databases | numbers | markets | connections | others
    assert loaded & unused == set()


def test_settings_load_neither_logging_nor_the_client() -> None:
    loaded = modules_after("import mesolive.settings")
    assert {"structlog", "ssl", "signalr_asyncio", "httpx", "asyncio", "sqlalchemy"}.isdisjoint(loaded)


def test_every_explained_error_is_a_class_that_exists() -> None:
    for place in failures.EXPLANATIONS:
        module, _, name = place.rpartition(".")
        assert issubclass(getattr(importlib.import_module(module), name), Exception), place


def test_an_error_is_explained_by_its_class_and_a_fault_of_the_program_is_not() -> None:
    assert failure_of(SettingsError("port: expected 0 to 65535, got -1")) == Failure(
        "port: expected 0 to 65535, got -1", 2
    )
    assert failure_of(MesoLiveSignalRError("away; url=... or MESOLIVE_URL says where")) == Failure(
        "away; --url or MESOLIVE_URL says where", 1
    )
    assert failure_of(KeyError("a fault")) is None
    assert failure_of(FileNotFoundError("no file")) is None
