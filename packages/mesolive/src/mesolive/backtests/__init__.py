"""Backtests that users start by the hub: `mesolive replay` in processes of their own, and its files read again."""
