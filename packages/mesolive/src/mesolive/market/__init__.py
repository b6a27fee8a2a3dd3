"""Contracts, calendars, the quote book, chains and the providers that feed them."""
