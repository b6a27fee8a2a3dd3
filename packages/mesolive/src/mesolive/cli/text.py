"""Plain text output of the commands, with control characters of untrusted text escaped; loads nothing slow."""

from __future__ import annotations

import io
import sys

import typer

from mesolive_sdk.display import visible


class Lines(str):
    """A cell of several lines that the command itself made; elsewhere a line feed in a cell is written out."""

    __slots__ = ()


def echo(text: str = "", *, err: bool = False) -> None:
    """Write a line, with control characters written out."""
    typer.echo(visible(text, lines=True), err=err)


def replace_what_cannot_be_encoded() -> None:
    """Make standard output and error replace characters outside of their encoding, so that no output fails on them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
