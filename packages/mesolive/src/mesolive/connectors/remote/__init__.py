"""Connectors that run in an agent on another machine: the wire between both, and both of its ends."""
