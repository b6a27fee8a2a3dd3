"""`mesolive halt` and `mesolive resume`: the kill switch, which stops all orders or those of one account."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from mesolive.cli.emergency import carry_out
from mesolive.cli.options import DatabaseUrl
from mesolive.cli.remote import AsJson
from mesolive.cli.text import echo
from mesolive.clock import WallClock
from mesolive.errors import not_found
from mesolive.settings import from_environment
from mesolive.store.database import Database
from mesolive.store.emergency import MAX_TEXT, HaltNote
from mesolive.trading.execution import halts

Account = Annotated[str | None, typer.Option("--account", help="Only this account. [default: all accounts]")]


def halt(
    reason: Annotated[
        str, typer.Option(help="The reason, shown in the error of each refused order.")
    ] = "halted by the operator",
    account: Account = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Stop sending orders at once, and cancel open orders.

    A running server on the same database obeys within a second. What is halted stays so, across restarts, until
    `mesolive resume`. `mesolive status` lists what is in force. Status 1: there is no such account.

    It works on a full disk and while another process holds the database: the server reads it from a file beside it.
    """
    url = from_environment({"database": database}).database
    note = HaltNote(reason[:MAX_TEXT], WallClock().now(), account)
    done = carry_out(url, note, lambda: _halt(url, note))
    if done.result is None:
        if as_json:
            shown = {"Halted": None, "BrokerAccountId": account, "Reason": reason, "NotedIn": done.noted_in}
            echo(json.dumps(shown))
            return
        echo(f"Halted: {account or 'all accounts'}. {done.explanation}")
        return
    made = done.result
    if made == 0:
        raise not_found(f"account {account!r}")
    if as_json:
        echo(json.dumps({"Halted": made, "BrokerAccountId": account, "Reason": reason}))
        return
    echo(f"Halted: {account or 'all accounts'}. Open orders are being cancelled.")


def resume(account: Account = None, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Allow orders again; without an account it lifts the halt of all accounts."""
    url = from_environment({"database": database}).database
    lifted = asyncio.run(_resume(url, account))
    if as_json:
        echo(json.dumps({"Lifted": lifted, "BrokerAccountId": account}))
        return
    echo(f"Halts lifted: {lifted}.")


async def _halt(url: str, note: HaltNote) -> int:
    database = await Database.open(url)
    try:
        return await halts.halt(database, note.reason, note.at, note.broker_account_id)
    finally:
        await database.close()


async def _resume(url: str, account: str | None) -> int:
    database = await Database.open(url)
    try:
        return await halts.resume(database, WallClock().now(), account)
    finally:
        await database.close()
