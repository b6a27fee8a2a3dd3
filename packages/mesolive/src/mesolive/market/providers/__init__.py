"""Market data providers (adapters) that implement one protocol."""
