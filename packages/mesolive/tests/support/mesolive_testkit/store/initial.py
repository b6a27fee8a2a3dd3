"""Writes the initial migration anew from the tables: `python -m mesolive_testkit.store.initial`.

Until 1.0 there is one migration. After a change of the tables, run this with `packages/mesolive/tests/support` on the
Python path and read the difference; the test of the migrations tells when it was forgotten.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from alembic.autogenerate import render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateIndexOp, CreateTableOp, MigrateOperation, UpgradeOps
from sqlalchemy import Double, create_engine
from sqlalchemy.types import TypeDecorator

from mesolive.store.migrate import HEAD, MIGRATIONS
from mesolive.store.tables import metadata

HEADING = '''"""The tables of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    {body}
'''


def plain(kind: str, item: Any, context: AutogenContext) -> Any:
    """Render our own column types as the plain types below them: a migration does not change with the code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        implementation: Any = item.impl_instance
        return f"sa.{implementation!r}"
    if kind == "type" and isinstance(item, Double):
        return "sa.Double[float]()"  # what it holds is not known to the type checker otherwise
    return False


def source() -> str:
    """Return the module's text."""
    operations: list[MigrateOperation] = []
    for table in metadata.sorted_tables:
        operations.append(CreateTableOp.from_table(table))
        operations += [
            CreateIndexOp.from_index(index) for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    with create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
        body = render_python_code(UpgradeOps(operations), render_item=plain, migration_context=context)
    lines = [line for line in body.splitlines() if not line.strip().startswith("# ###")]  # Alembic's own remarks
    return HEADING.format(revision=HEAD, body="\n".join(lines).strip())


def main() -> None:
    """Write the module, formatted."""
    path = MIGRATIONS / "versions" / f"{HEAD}_initial.py"
    path.write_text(source(), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", path], check=True)


if __name__ == "__main__":
    main()
