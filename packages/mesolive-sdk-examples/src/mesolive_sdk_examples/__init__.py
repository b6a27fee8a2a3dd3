"""Runnable examples of the MesoLive SDK."""
