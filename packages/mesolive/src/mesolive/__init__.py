"""MesoLive, open: a self-hosted options-trading automation server."""

__version__ = "0.1.0"
