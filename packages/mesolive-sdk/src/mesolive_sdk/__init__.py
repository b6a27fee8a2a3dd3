"""Typed asyncio client of the MesoLive API."""
