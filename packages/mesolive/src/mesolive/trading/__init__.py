"""Accounts, strategies, preparation, plans, fills and positions."""
