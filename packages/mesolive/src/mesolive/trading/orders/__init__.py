"""Orders: the state machine, the repository, queries (blotter) and the history of an order."""
