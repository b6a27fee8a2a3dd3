"""Execution venues behind one small interface."""
