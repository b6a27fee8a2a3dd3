"""Terminal output of the commands: console, tables and `echo` that escape control characters of untrusted text."""

from __future__ import annotations

import io
import sys
from typing import Any

import rich.console
import rich.table
import typer
from rich.console import RenderableType

from mesolive_sdk.display import visible


class Console(rich.console.Console):
    """A console on which no text can carry out escape sequences: Rich writes its own, and only those."""

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 - as the base declares it
        """Print as Rich does, with control characters of texts written out."""
        super().print(*(visible(item, lines=True) if isinstance(item, str) else item for item in objects), **options)


class Lines(str):
    """A cell of several lines that the command itself made; elsewhere a line feed in a cell is written out."""

    __slots__ = ()


class Table(rich.table.Table):
    """A table in whose cells no text can carry out escape sequences."""

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:  # noqa: ANN401 - as the base declares it
        """Add a row as Rich does, with control characters of texts written out."""
        texts = (visible(cell, lines=isinstance(cell, Lines)) if isinstance(cell, str) else cell for cell in cells)
        super().add_row(*texts, **options)


def echo(text: str = "", *, err: bool = False) -> None:
    """Write a line, with control characters written out."""
    typer.echo(visible(text, lines=True), err=err)


def replace_what_cannot_be_encoded() -> None:
    """Make standard output and error replace characters outside of their encoding, so that no output fails on them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
