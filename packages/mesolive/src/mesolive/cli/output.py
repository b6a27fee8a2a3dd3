"""Tables and styled text on the terminal, by Rich, with control characters of untrusted text escaped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import rich.console
import rich.table
from rich.console import RenderableType
from rich.markup import escape

from mesolive.cli.text import Lines
from mesolive_sdk.display import visible


class Console(rich.console.Console):
    """A console on which no text can carry out escape sequences: Rich writes its own, and only those."""

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 - as the base declares it
        """Print as Rich does, with control characters of texts written out."""
        super().print(*(visible(item, lines=True) if isinstance(item, str) else item for item in objects), **options)


class Table(rich.table.Table):
    """A table in whose cells no text can carry out escape sequences."""

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:  # noqa: ANN401 - as the base declares it
        """Add a row as Rich does, with control characters of texts written out."""
        texts = (visible(cell, lines=isinstance(cell, Lines)) if isinstance(cell, str) else cell for cell in cells)
        super().add_row(*texts, **options)


def print_oddities(lines: Iterable[str], shown: Console) -> None:
    """Print the anomalies of the chain file that a market starts from, a line each; print nothing without any."""
    for line in lines:
        shown.print(f"[yellow]chain[/]  {escape(line)}", soft_wrap=True)
