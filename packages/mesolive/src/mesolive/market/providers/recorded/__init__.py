"""The recorded market data provider."""
