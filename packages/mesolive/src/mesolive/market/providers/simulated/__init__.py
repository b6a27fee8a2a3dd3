"""The simulated market data provider."""
