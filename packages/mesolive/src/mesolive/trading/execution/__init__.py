"""Execution at venues: pre-trade risk, order routing, venue reports, fills, reconciliation, kill switch."""
