"""Models, implied volatility, greeks, forwards and risk graphs. Pure and vectorised."""
