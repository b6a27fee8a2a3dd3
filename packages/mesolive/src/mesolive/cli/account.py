"""`mesolive account`: create paper accounts."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from mesolive.access.keys import Access
from mesolive.access.secret import load_secret
from mesolive.cli.options import DatabaseUrl
from mesolive.clock import WallClock
from mesolive.settings import Settings, from_environment
from mesolive.store.database import Database
from mesolive.store.engines import directory_of
from mesolive.trading.accounts import create_paper_account

account_app = typer.Typer(no_args_is_help=True)


@account_app.callback()
def commands() -> None:
    """Create paper accounts."""


@account_app.command(name="create-paper")
def create_paper(
    user: Annotated[str, typer.Option(help="Whose account it is; he has an API key already.")],
    account: Annotated[str, typer.Option("--id", help="The account's id: ML and capital letters or digits.")],
    cash: Annotated[str, typer.Option(help="What it starts with.")],
    currency: Annotated[str, typer.Option(help="ISO code of the account's currency.")] = "USD",
    database: DatabaseUrl = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Create an account whose fills the user tells the server himself."""
    try:
        amount = Decimal(cash)
    except InvalidOperation:
        raise typer.BadParameter(f"expected an amount, got {cash!r}", param_hint="--cash") from None
    asyncio.run(_create(from_environment({"database": database}), user, account, amount, currency))
    if as_json:
        typer.echo(json.dumps({"BrokerAccountId": account, "User": user, "Cash": str(amount), "Currency": currency}))
    else:
        typer.echo(f"Paper account {account} of {user} starts with {amount:,.2f} {currency}.")


async def _create(settings: Settings, user: str, account: str, cash: Decimal, currency: str) -> None:
    secret = load_secret(directory_of(settings.database), settings.secret_key)
    database = await Database.open(settings.database)
    try:
        owner = await Access(database, secret).user(user)
        await create_paper_account(database, WallClock(), owner, account, cash, currency)
    finally:
        await database.close()
