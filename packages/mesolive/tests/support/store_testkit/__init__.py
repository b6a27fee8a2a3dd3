"""Help for tests that need a database."""
