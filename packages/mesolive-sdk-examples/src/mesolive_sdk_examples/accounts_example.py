"""Accounts: broker accounts and paper accounts.

python -m mesolive_sdk_examples.accounts_example list --limit 50
python -m mesolive_sdk_examples.accounts_example get --account ML1000
"""

from __future__ import annotations

from typing import Annotated

import typer

from mesolive_sdk import models
from mesolive_sdk_examples.common import AsJson, Continuation, Limit, Session, Token, Url, command, example
from mesolive_sdk_examples.printing import Columns, print_fields, print_json, print_page

ACCOUNTS: Columns[models.LiveAccount] = {
    "Account": lambda item: item.BrokerAccountId,
    "Broker": lambda item: item.BrokerType,
    "Type": lambda item: item.AccountType,
    "Paper": lambda item: item.IsPaperAccount,
    "Currency": lambda item: item.Currency,
    "Net liquidation": lambda item: item.NetLiquidationValue,
    "Cash": lambda item: item.Cash,
    "Open positions": lambda item: item.ActivePositions,
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
        result = await control.get_account(models.GetAccountArgs(BrokerAccountId=account))
    if as_json:
        print_json(result)
        return
    print_fields(f"Account {account}", {name: getattr(result, name) for name in result.__struct_fields__})


if __name__ == "__main__":
    app()
