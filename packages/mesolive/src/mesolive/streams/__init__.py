"""Live values of positions, legs, combos, contracts and underlyings, conflated."""
