"""Alembic environment: runs the migrations on the caller's connection and in its transaction.

Nothing else is configured here: no logging, no ini file, no engine.
"""

from __future__ import annotations

from alembic import context

from mesolive.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
