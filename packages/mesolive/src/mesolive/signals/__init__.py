"""Signals: strategies are evaluated on the market, and entry, exit and adjustment signals and errors are raised."""
