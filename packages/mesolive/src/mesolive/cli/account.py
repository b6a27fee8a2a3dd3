"""`mesolive account`: create paper accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Annotated

import typer

from mesolive.access.keys import Access
from mesolive.access.secret import load_secret
from mesolive.cli.options import DatabaseUrl
from mesolive.clock import WallClock
from mesolive.market.book import QuoteBook
from mesolive.market.contracts import Underlying
from mesolive.market.provider import ProviderStatus
from mesolive.market.service import Market
from mesolive.settings import Settings, from_environment
from mesolive.store.database import Database
from mesolive.store.engines import directory_of
from mesolive.store.paging import Pager
from mesolive.trading.accounts import Accounts
from mesolive_sdk import wire
from mesolive_sdk.models import AgentStatus, DataProviderType, LiveAccount

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
    made = asyncio.run(_create(from_environment({"database": database}), user, account, amount, currency))
    if as_json:
        typer.echo(wire.encode_json(made).decode())
    else:
        typer.echo(f"Paper account {made.BrokerAccountId} of {user} starts with {made.Cash:,.2f} {made.Currency}.")


async def _create(settings: Settings, user: str, account: str, cash: Decimal, currency: str) -> LiveAccount:
    secret = load_secret(directory_of(settings.database), settings.secret_key)
    database = await Database.open(settings.database)
    try:
        owner = await Access(database, secret).user(user)
        accounts = Accounts(database, Market([_NoPrices()]), WallClock(), Pager(secret.derive("pages")))
        return await accounts.create_paper(owner, account, cash, currency)
    finally:
        await database.close()


class _NoPrices:
    """Stands where the server has its market: an account that is new holds nothing that would need a price."""

    name = DataProviderType.Simulated
    underlyings: Sequence[Underlying] = ()
    books: Mapping[str, QuoteBook] = MappingProxyType({})
    status = ProviderStatus(AgentStatus.Disconnected)

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""
