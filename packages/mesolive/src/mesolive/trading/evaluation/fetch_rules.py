"""Rules of external data: allowed hosts, the folder of files, and the bounds of one fetch; loads nothing slow."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

DOCUMENTED_HOSTS = frozenset({"gist.githubusercontent.com", "docs.google.com"})
"""Hosts that every strategy may read external data from."""

MAX_BYTES = 2 * 1024 * 1024
TIMEOUT_SECONDS = 10.0


class FetchRules(Struct, frozen=True):
    """Where external data may come from.

    Attributes
    ----------
    hosts
        Names allowed in a definition. A redirect may lead to any public host, as the documented ones do.
    folder
        Files below it may be named by `file:` addresses; `None` for no files at all.
    max_bytes, timeout
        Bounds of one fetch, redirects included.
    """

    hosts: Collection[str] = DOCUMENTED_HOSTS
    folder: Path | None = None
    max_bytes: int = MAX_BYTES
    timeout: float = TIMEOUT_SECONDS
