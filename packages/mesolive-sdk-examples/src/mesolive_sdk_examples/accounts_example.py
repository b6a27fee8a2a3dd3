"""Accounts: broker accounts and paper accounts.

python -m mesolive_sdk_examples.accounts_example list --limit 50
python -m mesolive_sdk_examples.accounts_example get --account ML1000
"""

from __future__ import annotations

from typing import Annotated

import typer

from mesolive_sdk import models
from mesolive_sdk_examples.common import (
    AsJson,
    Columns,
    Continuation,
    Limit,
    Session,
    Token,
    Url,
    command,
    example,
    print_fields,
    print_json,
    print_page,
)

ACCOUNTS: Columns[models.LiveAccount] = {
    "Account": lambda one: one.BrokerAccountId,
    "Broker": lambda one: one.BrokerType,
    "Type": lambda one: one.AccountType,
    "Paper": lambda one: one.IsPaperAccount,
    "Currency": lambda one: one.Currency,
    "Net liquidation": lambda one: one.NetLiquidationValue,
    "Cash": lambda one: one.Cash,
    "Open positions": lambda one: one.ActivePositions,
}

app = example("Accounts: broker accounts and paper accounts.")


@app.command("list")
@command
async def list_accounts(
    limit: Limit = 50,
    continuation_token: Continuation = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List accounts with their worth and their open positions, page by page."""
    async with Session(url, token) as session:
        control = await session.control()
        result = await control.list_accounts(models.ListAccountsArgs(Limit=limit, ContinuationToken=continuation_token))
    print_page(result, "Accounts", result.Accounts, ACCOUNTS, token=result.ContinuationToken, as_json=as_json)


@app.command("get")
@command
async def get_account(
    account: Annotated[str, typer.Option("--account", help="The account's id at its broker, such as ML1000.")],
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show one account."""
    async with Session(url, token) as session:
        control = await session.control()
        found = await control.get_account(models.GetAccountArgs(BrokerAccountId=account))
    if as_json:
        print_json(found)
        return
    print_fields(f"Account {account}", {name: getattr(found, name) for name in found.__struct_fields__})


if __name__ == "__main__":
    app()
