"""Folders and files of a server: the simulated venue's memory, connections, backtests, the secret."""

from __future__ import annotations

from pathlib import Path

from mesolive.access.secret import SECRET_FILE
from mesolive.settings import Settings
from mesolive.store.engines import directory_of


def venue_memory(settings: Settings) -> Path:
    """Return the folder of the simulated venue's orders: by default beside the database, where that is a file."""
    directory = settings.data_dir or directory_of(settings.database) or Path(".mesolive")
    return directory / "simulated-venue.jsonl"


def connector_folder(settings: Settings) -> Path:
    """Return the folder in which every connection has a folder of its own."""
    return (settings.data_dir or directory_of(settings.database) or Path(".mesolive")) / "connectors"


def backtest_folder(settings: Settings) -> Path:
    """Return the folder of the users' backtests."""
    return (settings.data_dir or directory_of(settings.database) or Path(".mesolive")) / "backtests"


def secret_file(settings: Settings) -> Path | None:
    """Return the file of the server's secret; `None` where the settings hold the secret, or the database is no file."""
    directory = None if settings.secret_key else directory_of(settings.database)
    return None if directory is None else directory / SECRET_FILE
