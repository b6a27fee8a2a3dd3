"""What is held: contracts, plans, positions, accounts, and what fills do to them."""
