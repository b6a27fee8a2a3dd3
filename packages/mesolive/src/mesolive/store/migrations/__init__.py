"""Migrations of the tables, run by Alembic from `mesolive.store.migrate`."""
