"""Settlement of options that expire, on paper accounts and at venues."""
