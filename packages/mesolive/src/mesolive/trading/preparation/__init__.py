"""Finding out what to trade: evaluation on a market view, jobs, the plans they make, and what is frozen with them."""
