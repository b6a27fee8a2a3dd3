"""How Alembic runs the migrations: on the connection, and in the transaction, of who called it.

Nothing is configured here but that: no logging, no ini file, no engine.
"""

from __future__ import annotations

from alembic import context

from mesolive.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
