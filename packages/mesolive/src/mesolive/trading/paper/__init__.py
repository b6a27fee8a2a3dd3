"""Carrying out plans on paper accounts, whose fills the user tells."""
