"""Models, implied volatility, greeks, forwards, time to expiry and risk graphs: pure, vectorised NumPy.

Everything takes arrays that broadcast and returns arrays; nothing here depends on a market, a clock or a database. "No
value" is NaN. Units are written in `mesolive.pricing.black`.
"""
