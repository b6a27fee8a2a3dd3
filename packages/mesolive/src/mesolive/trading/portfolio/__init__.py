"""Position keeping: contracts, plans, positions, legs, accounts, and the booking of fills."""
