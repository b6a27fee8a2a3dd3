"""Tables, migrations and transactions: SQLite and PostgreSQL behind SQLAlchemy Core."""
