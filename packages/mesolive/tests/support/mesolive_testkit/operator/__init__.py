"""The server and its commands as an operator meets them: processes, what they print, how they end."""

from mesolive_testkit.operator.processes import MESOLIVE, Served, command, environment, serve, start

__all__ = ["MESOLIVE", "Served", "command", "environment", "serve", "start"]
