"""Backtests: the autopilot over recorded or simulated days at full speed."""
