"""Shared command-line options; their help texts come from the settings."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from mesolive.settings import SettingsError, help_of, parse_moment

Port = Annotated[int | None, typer.Option(help=help_of("port"))]
DatabaseUrl = Annotated[str | None, typer.Option(help=help_of("database"))]
DataDir = Annotated[Path | None, typer.Option(help=help_of("data_dir"))]
Chain = Annotated[Path | None, typer.Option(help=help_of("chain"))]
Symbol = Annotated[str | None, typer.Option(help=help_of("symbol"))]
Speed = Annotated[float | None, typer.Option(help=help_of("speed"))]
Seed = Annotated[int | None, typer.Option(help=help_of("seed"))]


def moment(text: str | None) -> datetime | None:
    """Parse the timestamp of an option."""
    if text is None:
        return None
    try:
        return parse_moment(text)
    except SettingsError as error:
        raise typer.BadParameter(str(error)) from None
