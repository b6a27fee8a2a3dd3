"""The server and its commands as an operator meets them: processes, what they print, how they end."""

from operator_testkit.processes import MESOLIVE, Served, command, environment, serve, start

__all__ = ["MESOLIVE", "Served", "command", "environment", "serve", "start"]
