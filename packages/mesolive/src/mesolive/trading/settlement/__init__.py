"""Settlement of expired options, on paper accounts and at venues."""
