"""The `mesolive` command."""

from mesolive.cli.root import main

__all__ = ["main"]
