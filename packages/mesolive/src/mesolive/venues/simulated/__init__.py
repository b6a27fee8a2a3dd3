"""A venue that fills combos against live quotes and fails on request: for `SIM…` accounts."""
