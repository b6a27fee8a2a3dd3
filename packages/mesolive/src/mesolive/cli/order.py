"""`mesolive order`: the story of an order."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mesolive.cli.options import DatabaseUrl
from mesolive.settings import from_environment
from mesolive.store.database import Database
from mesolive.trading.order_history import OrderHistory, order_history

order_app = typer.Typer(no_args_is_help=True)


@order_app.callback()
def commands() -> None:
    """Look at orders."""


@order_app.command(name="show")
def show(
    order_id: Annotated[int, typer.Argument(help="The order's number.")],
    database: DatabaseUrl = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Show who asked for an order, under which key, every fact about it, and what each changed."""
    history = asyncio.run(_history(from_environment({"database": database}).database, order_id))
    if as_json:
        typer.echo(json.dumps(asdict(history), default=str))
        return
    console = Console()
    console.print(f"[bold]order {history.order_id}[/] of {escape(history.user)} on {escape(history.account)}")
    fields = Table.grid(padding=(0, 2))
    for name, value in history.fields.items():
        fields.add_row(name.replace("_", " "), escape(str(value)))
    console.print(fields)
    story = Table("when", "what", "who", "change", "detail")
    for entry in history.entries:
        cells = (entry.what, entry.who, entry.change, entry.detail)
        story.add_row(f"{entry.at:%Y-%m-%d %H:%M:%S.%f}", *map(escape, cells))
    console.print(story)


async def _history(url: str, order_id: int) -> OrderHistory:
    database = await Database.open(url)
    try:
        return await order_history(database, order_id)
    finally:
        await database.close()
