"""Valuation: prices, greeks and PnL of positions, legs and combos, and their wire models."""
