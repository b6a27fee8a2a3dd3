"""Trading: accounts, strategies, preparation, exec plans, orders, fills, positions and settlement."""
