"""Carrying out plans at venues: checked, committed, sent once, settled by evidence."""
