"""Runnable examples of the MesoLive SDK."""

__version__ = "0.1.0"
