"""Connectors: configured, supervised connections to brokers and market data providers."""
