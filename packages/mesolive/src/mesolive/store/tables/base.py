"""The metadata that all tables share."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData(
    # Constraints are named, so that a later migration can change them on either engine.
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All tables. A table is defined on it as `Table("name", metadata, …)` in one module per subject."""
