"""Options that several commands share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from mesolive.settings import SettingsError, parse_moment

Host = Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. [default: 8700]")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="sqlite:///FILE or postgresql://user:password@host/name. [default: sqlite:///.mesolive/mesolive.sqlite3]",
    ),
]
Chain = Annotated[
    Path | None,
    typer.Option(
        help="An exchange chain export (CSV): the simulated market starts from its underlying, expirations, strikes "
        "and quotes. With --market recorded: the recording to replay.",
    ),
]
Speed = Annotated[float | None, typer.Option(help="Market seconds per real second. [default: 1]")]
Seed = Annotated[int | None, typer.Option(help="Seed of the simulated market: the same seed, the same market.")]


def moment(text: str | None) -> datetime | None:
    """Read `--start`."""
    if text is None:
        return None
    try:
        return parse_moment(text)
    except SettingsError as error:
        raise typer.BadParameter(str(error)) from None


Start = Annotated[
    str | None,
    typer.Option(
        help="Market time at which the simulation begins, ISO 8601. [default: a moment at which the market is open]",
    ),
]
