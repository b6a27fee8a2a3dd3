from __future__ import annotations

from store_testkit.fixtures import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]
