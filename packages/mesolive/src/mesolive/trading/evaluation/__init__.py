"""Evaluating strategies on a market view: entry-time variables, adjustment variables, external data."""
