"""Kills of server and agent while they trade: the processes that die, and what must hold at the end."""
