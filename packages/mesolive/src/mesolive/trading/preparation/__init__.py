"""Preparation: jobs evaluate a strategy on a market view and store exec plans for entry, exit and adjustment."""
