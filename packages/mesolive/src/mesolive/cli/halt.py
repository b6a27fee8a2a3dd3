"""`mesolive halt` and `mesolive resume`: the kill switch."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from mesolive.cli.options import DatabaseUrl
from mesolive.cli.output import echo
from mesolive.cli.remote import AsJson
from mesolive.clock import WallClock
from mesolive.errors import not_found
from mesolive.settings import from_environment
from mesolive.store.database import Database
from mesolive.trading.execution import halts

Account = Annotated[str | None, typer.Option("--account", help="Only this account. [default: all accounts]")]


def halt(
    reason: Annotated[str, typer.Option(help="Told to everybody whose order is refused.")] = "halted by the operator",
    account: Account = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Stop sending orders at once, and cancel what is open.

    A running server on the same database obeys within a second. What is halted stays so, across restarts, until
    `mesolive resume`. `mesolive status` lists what stands. Status 1: there is no such account.
    """
    url = from_environment({"database": database}).database
    made = asyncio.run(_halt(url, reason, account))
    if made == 0:
        raise not_found(f"account {account!r}")
    if as_json:
        echo(json.dumps({"Halted": made, "BrokerAccountId": account, "Reason": reason}))
        return
    echo(f"Halted: {account or 'all accounts'}. Open orders are being cancelled.")


def resume(account: Account = None, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Let orders be sent again; a halt of all accounts is lifted by `mesolive resume` without an account."""
    url = from_environment({"database": database}).database
    lifted = asyncio.run(_resume(url, account))
    if as_json:
        echo(json.dumps({"Lifted": lifted, "BrokerAccountId": account}))
        return
    echo(f"Halts lifted: {lifted}.")


async def _halt(url: str, reason: str, account: str | None) -> int:
    database = await Database.open(url)
    try:
        return await halts.halt(database, reason, WallClock().now(), account)
    finally:
        await database.close()


async def _resume(url: str, account: str | None) -> int:
    database = await Database.open(url)
    try:
        return await halts.resume(database, WallClock().now(), account)
    finally:
        await database.close()
