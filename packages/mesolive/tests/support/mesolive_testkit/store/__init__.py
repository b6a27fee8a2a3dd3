"""Databases for tests: `fixtures` has them as pytest fixtures, on SQLite and on a real PostgreSQL."""
