"""A whole server on a real socket for tests, with a market that moves only when the test says so."""

from mesolive_testkit.server import START, Kit, definition, live_server

__all__ = ["START", "Kit", "definition", "live_server"]
