"""How Alembic runs the migrations: on the connection, and in the transaction, of the caller.

Nothing else is configured here: no logging, no ini file, no engine.
"""

from __future__ import annotations

from alembic import context

from mesolive.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
