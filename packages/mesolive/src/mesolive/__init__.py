"""MesoLive, open: a self-hosted options-trading automation server."""
