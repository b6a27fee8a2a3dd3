"""`mesolive account reconcile` and `mesolive position adopt`: broker against books, and taking over what is held."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from mesolive.cli.remote import (
    AsJson,
    Key,
    Token,
    Url,
    client,
    money,
    once,
    print_json,
    print_table,
)
from mesolive.cli.text import echo
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.display import contract_text

DIFFERENT = 3
"""Exit status of `reconcile` when broker and books differ."""

LEG = re.compile(
    r"(?P<name>[^:]+):(?P<qty>[+-]?\d+):(?P<root>[A-Z0-9]+):(?P<day>\d{4}-\d{2}-\d{2}):(?P<strike>\d+(?:\.\d+)?)"
    r"(?P<right>[CP]):(?P<price>\d+(?:\.\d+)?)"
)
LEG_FORM = "NAME:QTY:ROOT:YYYY-MM-DD:STRIKE and C or P:PRICE, such as short:-1:SPXW:2026-02-20:4500P:12.40"


def reconcile(
    account: Annotated[str, typer.Argument(help="The account's id at its broker.")],
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the broker now, not the last comparison.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also contracts without a difference.")] = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Compare what the broker holds with the books, and list trades that the server did not make.

    The server compares at its start, at each reconnect and every minute, and never corrects a difference by itself.
    Take contracts over with `mesolive position adopt`, or close a position in the books with `position set-closed`.

    Status 0: they agree. 3: they differ, or were not compared yet.
    """

    async def ask() -> models.GetReconciliationResult:
        async with client(MesoLiveControlHubClient, url, token) as control:
            return await control.get_reconciliation(
                models.GetReconciliationArgs(BrokerAccountId=account, Refresh=refresh)
            )

    reconciliation = asyncio.run(ask())
    differing = [item for item in reconciliation.Contracts if item.Difference != 0]
    if as_json:
        print_json(reconciliation)
    elif reconciliation.ComparedAt is None:
        echo(f"Account {account} was not compared with its broker yet; --refresh asks it now.")
    else:
        _print_comparison(account, reconciliation, reconciliation.Contracts if every else differing)
    if differing or reconciliation.ComparedAt is None:
        raise typer.Exit(DIFFERENT)


def _print_comparison(
    account: str, reconciliation: models.GetReconciliationResult, shown: list[models.ReconciledContract]
) -> None:
    print_table(
        f"Account {account}, broker and books at {reconciliation.ComparedAt:%Y-%m-%d %H:%M:%S}Z",
        ("Contract", "At the broker", "In the books", "Difference"),
        ((contract_text(item.Contract), item.AtBroker, item.InBooks, item.Difference) for item in shown),
        "they agree",
    )
    print_table(
        "Trades that are not the server's",
        ("Execution", "At, market time", "Contract", "Qty", "Price", "Commission"),
        (
            (
                trade.ExecutionId,
                trade.ExecutedAt,
                contract_text(leg.Contract),
                leg.Qty,
                leg.Price,
                money(leg.Commission),
            )
            for trade in reconciliation.Trades
            for leg in trade.Legs
        ),
        "none",
    )


def adopt(
    name: Annotated[str, typer.Argument(help="The name of the new position.")],
    account: Annotated[str, typer.Option("--account", help="The account that holds the contracts.")],
    strategy_id: Annotated[int, typer.Option("--strategy-id", min=0, help="The strategy that takes them over.")],
    leg: Annotated[list[str], typer.Option("--leg", metavar="LEG", help=f"{LEG_FORM}. Repeat it for each leg.")],
    multiplier: Annotated[
        str, typer.Option("--qty-multiplier", help="How many entries of the strategy it amounts to.")
    ] = "1",
    key: Key = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Take contracts that an account holds into a position of a strategy, without an order.

    At a broker only what it holds beyond the books can be taken: see `mesolive account reconcile`. The entry prices are
    booked against the account's cash, as the trade at the broker was. On a paper account it is a deposit.

    For example: mesolive position adopt "my put" --account SIM1000 --strategy-id 1
    --leg short:-1:SPXW:2026-02-20:4500P:12.40

    Status 1: refused, and nothing was changed.
    """
    parsed = [_leg(text) for text in leg]
    qty_multiplier = _decimal(multiplier, "--qty-multiplier")

    async def ask() -> tuple[models.LivePosition, bool]:
        async with client(MesoLiveControlHubClient, url, token) as control:
            strategy = await control.get_strategy(models.GetStrategyArgs(StrategyId=strategy_id))
            args = models.AdoptPositionArgs(
                IdempotencyKey=key or new_idempotency_key(),
                StrategyId=strategy_id,
                BrokerAccountId=account,
                PositionName=name,
                Legs=[_adopted(match, strategy) for match in parsed],
                QtyMultiplier=qty_multiplier,
            )
            return await once(control.adopt_position(args), models.LivePosition)

    position, before = asyncio.run(ask())
    if as_json:
        print_json(position)
        return
    already = "; it was done before with this key" if before else ""
    echo(f"Position {position.Id} ({position.Name}) of strategy {position.LiveStrategyId} holds it now{already}.")


def _leg(text: str) -> re.Match[str]:
    match = LEG.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"expected {LEG_FORM}, got {text!r}", param_hint="--leg")
    try:
        date.fromisoformat(match["day"])
    except ValueError:
        text = f"expected a day such as 2026-02-20, got {match['day']!r}"
        raise typer.BadParameter(text, param_hint="--leg") from None
    return match


def _decimal(text: str, option: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0:
        raise typer.BadParameter(f"expected a number above 0, got {text!r}", param_hint=option)
    return number


def _adopted(match: re.Match[str], strategy: models.LiveStrategy) -> models.AdoptedLeg:
    underlying = models.LiveUnderlying(
        Symbol=strategy.Symbol, ContractType=models.MesoContractType.Index, Exchange=None, Currency="USD"
    )
    return models.AdoptedLeg(
        Name=match["name"],
        Qty=Decimal(match["qty"]),
        EntryPrice=Decimal(match["price"]),
        Contract=models.LiveContract(
            ContractType=models.MesoContractType.Options,  # the server finds the listed contract by its root and day
            Underlying=underlying,
            Root=match["root"],
            OptionType=models.MesoOptionType.Call if match["right"] == "C" else models.MesoOptionType.Put,
            Expiration=datetime.combine(date.fromisoformat(match["day"]), time(), UTC),
            Strike=Decimal(match["strike"]),
        ),
    )
