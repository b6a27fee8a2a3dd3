"""The evaluator: watches what is active on the market, and tells signals and errors as they come and go."""
