"""A server with an account at a simulated venue that the test holds in its hands."""

from mesolive_testkit.venues.desk import SIM, Desk, at_venue, desk_server

__all__ = ["SIM", "Desk", "at_venue", "desk_server"]
