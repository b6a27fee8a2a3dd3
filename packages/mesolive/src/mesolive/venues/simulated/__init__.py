"""Simulated venue for `SIM…` accounts: fills combos at live quotes, with fault injection."""
