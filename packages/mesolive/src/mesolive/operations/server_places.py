"""Locations of a server's files outside the database: recorded at its start, read by a backup."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import msgspec

from mesolive.operations.market_clock import put_state
from mesolive.store.database import Database

PLACES = "places"


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The locations of a server's files.

    Attributes
    ----------
    venue
        The simulated venue's memory; `None` for a server without one.
    secret
        The file of the secret that signs API keys; `None` where the environment gives it.
    """

    venue: str | None = None
    secret: str | None = None


async def note_places(database: Database, venue: Path | None, secret: Path | None, at: datetime) -> None:
    """Store the file locations of the server that starts.

    Parameters
    ----------
    at
        Real time.
    """
    places = Places(venue=_absolute(venue), secret=_absolute(secret))
    async with database.write() as tx:
        await put_state(tx, PLACES, places, at)


def _absolute(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def read_places(connection: sqlite3.Connection) -> Places | None:
    """Return the file locations stored in an SQLite database; `None` where no server has stored any."""
    table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'server_state'"
    if connection.execute(table).fetchone() is None:
        return None
    row = connection.execute("SELECT value FROM server_state WHERE name = ?", (PLACES,)).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=Places)


def venue_to_copy(places: Places | None, named: Path | None, default: Path) -> Path:
    """Return the file of the simulated venue that belongs to a backup.

    Parameters
    ----------
    places
        The locations that the server stored.
    named
        The file that the caller names, by `--data-dir` or its variable.
    default
        Its default location.
    """
    if named is not None:
        return named
    return default if places is None or places.venue is None else Path(places.venue)


def missing_places(places: Places | None, named: Path | None, venue: Path, secret: Path) -> list[str]:
    """Return a description of each file of the server that is missing.

    Parameters
    ----------
    venue, secret
        Where they are looked for.
    """
    missing: list[str] = []
    wanted = named is not None or (places is not None and places.venue is not None)
    if wanted and not venue.is_file():
        missing.append(f"the simulated venue's memory {venue} (--data-dir names its folder)")
    if places is not None and places.secret is not None and not secret.is_file():
        missing.append(f"the secret of the API keys {secret}")
    return missing
