"""Execution venues (adapters) that implement one protocol."""
