from __future__ import annotations

from store_testkit.fixtures import database, database_url, postgres_server, postgres_url, sqlite_url

__all__ = ["database", "database_url", "postgres_server", "postgres_url", "sqlite_url"]
