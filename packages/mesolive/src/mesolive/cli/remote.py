"""Client of the commands that call a running server: URL, API key, paging, and display of the answers."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mesolive.cli.text import Lines, echo
from mesolive.settings import SettingsError, client_url
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveEventHubClient, models
from mesolive_sdk.display import json_text
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import PageArgs, PageResult

if TYPE_CHECKING:
    from mesolive.cli.output import Console

C = TypeVar("C", MesoLiveControlHubClient, MesoLiveEventHubClient)
A = TypeVar("A", bound=PageArgs)
R = TypeVar("R", bound=PageResult)
T = TypeVar("T")

MAX_PAGE = 500
MAX_PAGES = 200
"""The maximum number of pages that one listing reads: 100,000 items."""

WIDE = 160
"""How wide tables are where there is no terminal to fit, as in a pipe."""

MAX_TABLE_WIDTH = 10_000
"""Columns within which a table is measured: wider than any."""

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="MESOLIVE_URL",
        help="The running server. [default: by MESOLIVE_PORT, else http://127.0.0.1:8700]",
    ),
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="MESOLIVE_API_KEY", help="Your API key; better set as the variable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
OfAccount = Annotated[str | None, typer.Option("--account", help="Only this account's.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="Idempotency key: a repeated command with the same key is executed once. [default: a new one]",
    ),
]


def client(kind: type[C], url: str | None, token: str | None) -> C:
    """Return a client that is not connected yet; it does not come back after a lost connection.

    Raises
    ------
    SettingsError
        When there is no API key, or the URL is none.
    """
    if not token:
        raise SettingsError("an API key is needed: set MESOLIVE_API_KEY (mesolive apikey create --user NAME makes one)")
    try:
        return kind(url or client_url(), token, reconnect=None)
    except ValueError as error:
        raise SettingsError(f"--url: {error}") from None


def ask_control(
    url: str | None,
    token: str | None,
    ask: Callable[[MesoLiveControlHubClient], Awaitable[T]],
    *,
    seconds: float = 30.0,
) -> T:
    """Connect to the Control Hub, and return what `ask` returns of it.

    Parameters
    ----------
    seconds
        How long a call may take.

    Raises
    ------
    SettingsError
        As `client`.
    """

    async def run() -> T:
        async with client(MesoLiveControlHubClient, url, token) as control:
            control.timeout = seconds
            return await ask(control)

    return asyncio.run(run())


async def everything(
    ask: Callable[[A], Awaitable[R]], args: A, items: Callable[[R], Iterable[T]], last: int
) -> list[T]:
    """Return the last `last` items of a paged list, read page by page."""
    tail: deque[T] = deque(maxlen=last)
    args.Limit = MAX_PAGE
    for _ in range(MAX_PAGES):
        answer = await ask(args)
        tail.extend(items(answer))
        if not answer.ContinuationToken:
            break
        args.ContinuationToken = answer.ContinuationToken
    return list(tail)


async def first_ones(
    ask: Callable[[A], Awaitable[R]], args: A, items: Callable[[R], Iterable[T]], count: int
) -> list[T]:
    """Return the first `count` items of a paged list; no page is read that is not needed for them."""
    result: list[T] = []
    while True:
        args.Limit = min(MAX_PAGE, count - len(result))
        answer = await ask(args)
        result.extend(items(answer))
        if not answer.ContinuationToken or len(result) >= count:
            return result
        args.ContinuationToken = answer.ContinuationToken


async def once(call: Awaitable[T], kind: type[T]) -> tuple[T, bool]:
    """Return the result of an idempotent call, and whether an earlier call with the same key made it."""
    try:
        return await call, False
    except MesoLiveApiException as error:
        if error.status is models.StatusCode.DuplicateRequest and isinstance(error.data, kind):
            return error.data, True
        raise


def print_json(value: object) -> None:
    """Write a value as the wire has it, indented."""
    typer.echo(json_text(value))


def print_result(result: object, text: str, *, as_json: bool) -> None:
    """Write a result as the wire has it, or its text for people."""
    if as_json:
        print_json(result)
    else:
        echo(text)


def console() -> Console:
    """Return where tables go: as wide as the terminal, and wide where there is none."""
    from mesolive.cli.output import Console  # noqa: PLC0415 - Rich is loaded when there is something to show

    shown = Console(highlight=False)
    if not shown.is_terminal and "COLUMNS" not in os.environ:
        shown.width = WIDE
    return shown


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """Print a table, numbers to the right; `empty` is said where there are no rows.

    Where the terminal is too narrow for it, each row becomes a block of names and values: no word is broken.
    """
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - as in `console`
    from rich.markup import escape  # noqa: PLC0415

    from mesolive.cli.output import Table  # noqa: PLC0415

    listed = [list(row) for row in rows]
    screen = console()
    if not listed:
        screen.print(f"{title}: {empty}" if title else empty, markup=False)
        return
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for place, column in enumerate(columns):
        numbers = any(isinstance(row[place], int | Decimal | Amount) for row in listed)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in listed:
        table.add_row(*map(_cell, row))
    if screen.measure(table, options=screen.options.update(width=MAX_TABLE_WIDTH)).maximum <= screen.width:
        screen.print(table)
        return
    if title:
        screen.print(f"[bold]{escape(title)}[/]")
    for row in listed:
        print_fields(zip(columns, row, strict=True))
        screen.print()


def _cell(value: object) -> str:
    from rich.markup import escape  # noqa: PLC0415 - as in `console`

    return Lines(escape(value)) if isinstance(value, Lines) else escape(shown(value))


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print names and values, a line each."""
    from mesolive.cli.output import Table  # noqa: PLC0415 - as in `console`

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for name, value in fields:
        grid.add_row(name, _cell(value))
    console().print(grid)


class Amount(str):
    """The text of an amount: it stands to the right, like a number."""

    __slots__ = ()


def money(amount: Decimal | None) -> Amount | None:
    """Return an amount with its cents."""
    return None if amount is None else Amount(f"{amount:,.2f}")


def shown(value: object) -> str:
    """Return a value's text for people."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value:,.4f}".rstrip("0").rstrip(".") if value.is_finite() else str(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}Z"
        case _:
            return str(value)
