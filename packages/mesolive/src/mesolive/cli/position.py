"""`mesolive position`: list and show positions; close them in the books, correct PnL, or liquidate them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from mesolive.cli.adoption import adopt
from mesolive.cli.remote import (
    AsJson,
    Key,
    OfAccount,
    Token,
    Url,
    client,
    everything,
    money,
    once,
    print_fields,
    print_json,
    print_table,
    shown,
)
from mesolive.cli.text import echo
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.display import contract_text

position_app = typer.Typer(no_args_is_help=True)
position_app.command()(adopt)

LIVING = (models.LivePositionState.Opening, models.LivePositionState.Open, models.LivePositionState.Closing)

PositionId = Annotated[int, typer.Argument(min=0, help="The position's number, as `mesolive position list` shows it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@position_app.callback()
def commands() -> None:
    """Look at positions; close one in the books, correct what it realised, or liquidate it.

    These commands ask the running server, at MESOLIVE_URL and with MESOLIVE_API_KEY.
    """


@position_app.command(name="list")
def list_positions(
    account: OfAccount = None,
    strategy_id: Annotated[int | None, typer.Option("--strategy-id", min=0, help="Only this strategy's.")] = None,
    closed: Annotated[bool, typer.Option("--all", help="Closed positions too.")] = False,
    last: Annotated[int, typer.Option("--last", min=1, max=10_000, help="Number of newest rows to show.")] = 50,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List positions that are not closed, with realised PnL and PnL at the mark."""

    async def ask() -> list[models.LivePosition]:
        async with client(MesoLiveControlHubClient, url, token) as control:
            result: list[models.LivePosition] = []
            for state in (None,) if closed else LIVING:
                args = models.ListPositionsArgs(
                    BrokerAccountId=account, LiveStrategyId=strategy_id, State=state, IncludeValues=True
                )
                result += await everything(control.list_positions, args, lambda answer: answer.Positions, last)
            # Keyed by id: a position whose state changes between two pages may be listed twice.
            return [position for _, position in sorted({position.Id: position for position in result}.items())][-last:]

    result = asyncio.run(ask())
    if as_json:
        print_json({"Positions": result})
        return
    print_table(
        "Positions" if closed else "Positions that are not closed",
        (
            "Id",
            "Name",
            "State",
            "Account",
            "Strategy",
            "Opened, market time",
            "Closed, market time",
            "Realised",
            "PnL at mark",
            "PnL of the day",
            "Margin",
        ),
        (
            (
                item.Id,
                item.Name,
                item.State,
                item.BrokerAccountId,
                item.StrategyName,
                item.CreatedAt,
                item.ClosedAt,
                money(item.RealizedPnL),
                money(item.UnrealizedPnL),
                money(item.DayPnL),
                money(item.Margin),
            )
            for item in result
        ),
        "none",
    )


@position_app.command()
def show(position_id: PositionId, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show a position with its legs, prices, PnL, greeks and variables, and its executions."""

    async def ask() -> tuple[models.LivePositionDetail, list[models.LiveExecution]]:
        async with client(MesoLiveControlHubClient, url, token) as control:
            result = await control.get_position(models.GetPositionArgs(PositionId=position_id))
            args = models.ListExecutionsArgs(PositionId=position_id)
            return result, await everything(control.list_executions, args, lambda answer: answer.Executions, 500)

    position, executions = asyncio.run(ask())
    if as_json:
        print_json({"Position": position, "Executions": executions})
        return
    _print_position(position)
    print_table(
        "Executions",
        ("Id", "Order", "Leg", "Qty", "Price", "Commission", "At, market time"),
        (
            (
                execution.Id,
                execution.LiveOrderId,
                execution.LegName,
                execution.Qty,
                execution.Price,
                execution.Commission,
                execution.ExecutedAt,
            )
            for execution in executions
        ),
        "none",
    )


@position_app.command(name="set-closed")
def set_closed(
    position_id: PositionId,
    yes: Yes = False,
    key: Key = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Close a position in the books without a trade: it was closed elsewhere, as by hand at the venue.

    It is closed at cost: no PnL is realised. Set the realised PnL with `mesolive position adjust-pnl`.
    No order may be working on it. Status 1: refused, and nothing was changed.
    """
    if not yes:
        _confirm(position_id, "Close it in the books, without a trade?", url, token)

    async def ask() -> tuple[models.LivePosition, bool]:
        async with client(MesoLiveControlHubClient, url, token) as control:
            args = models.SetPositionClosedArgs(IdempotencyKey=key or new_idempotency_key(), PositionId=position_id)
            return await once(control.set_position_closed(args), models.LivePosition)

    position, before = asyncio.run(ask())
    if as_json:
        print_json(position)
        return
    echo(f"Position {position.Id} ({position.Name}) is {position.State.value}{_already(before)}.")


@position_app.command(name="adjust-pnl", context_settings={"ignore_unknown_options": True})
def adjust_pnl(
    leg_id: Annotated[int, typer.Argument(min=0, help="The leg's number, as `mesolive position show` tells it.")],
    realized: Annotated[
        str | None,
        typer.Argument(help="What the leg has realised so far, in account currency, such as -120.50."),
    ] = None,
    tracked: Annotated[bool, typer.Option("--tracked", help="Return to the tracked PnL.")] = False,
    key: Key = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Set the realised PnL of a leg, in place of the tracked one.

    The account's cash moves by the difference; what later fills realise comes on top.

    For example: mesolive position adjust-pnl 12 -120.50
    """
    if (realized is None) is not tracked:
        raise typer.BadParameter("expected either an amount or --tracked", param_hint="realized")
    amount = None if realized is None else _amount(realized)

    async def ask() -> tuple[models.LiveLeg, bool]:
        async with client(MesoLiveControlHubClient, url, token) as control:
            args = models.AdjustLegPnLArgs(
                IdempotencyKey=key or new_idempotency_key(), LegId=leg_id, RealizedPnL=amount
            )
            return await once(control.adjust_leg_pnl(args), models.LiveLeg)

    leg, before = asyncio.run(ask())
    if as_json:
        print_json(leg)
        return
    counts = leg.TrackedRealizedPnL if leg.UserSetRealizedPnL is None else leg.UserSetRealizedPnL
    how = "as tracked" if leg.UserSetRealizedPnL is None else f"tracked: {money(leg.TrackedRealizedPnL)}"
    which = f"Leg {leg.Id} ({leg.Name}) of position {leg.LivePositionId}"
    echo(f"{which} has realised {money(counts)}, {how}{_already(before)}.")


@position_app.command()
def liquidate(
    position_id: PositionId,
    yes: Yes = False,
    key: Key = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Close a whole position at the market, with one order per leg group.

    Not on paper accounts: there, prepare an exit and report its fills. Given again with the same --key, nothing is sent
    twice, and what a call that was cut off had left is sent.

    Status 0: everything was sent. 1: refused, nothing was sent. 3: a part was sent; the rest is named, and goes with
    another key when the orders have ended.
    """
    chosen = key or new_idempotency_key()

    if not yes:
        _confirm(position_id, "Send market orders that close all of it?", url, token)

    async def ask() -> tuple[models.LiquidatePositionResult, bool]:
        async with client(MesoLiveControlHubClient, url, token) as control:
            args = models.LiquidatePositionArgs(IdempotencyKey=chosen, PositionId=position_id)
            return await once(control.liquidate_position(args), models.LiquidatePositionResult)

    result, before = asyncio.run(ask())
    if as_json:
        print_json(result)
    else:
        for order in result.Orders:
            echo(f"Order {order.LiveOrderId} was sent and is {order.State.value}{_already(before)}.")
        for group in result.Unsent:
            echo(f"Leg group {group.LegGroupId} was not sent: {group.Message}", err=True)
        echo(f"mesolive position show {position_id} tells what came of it. Key: {chosen}")
    if result.Unsent:
        raise typer.Exit(3)


@position_app.command()
def flatten(
    reason: Annotated[str, typer.Option("--reason", help="The reason, shown in the error of each refused entry.")],
    account: OfAccount = None,
    yes: Yes = False,
    key: Key = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Halt entries, cancel working orders, and close every position at the market, of one account or of all.

    Repeated with the same --key, it sends nothing twice and completes an interrupted call. Entries
    stay halted until trading is resumed.

    Status 0: an order was sent for everything. 1: refused. 3: something is left; it is named.
    """
    chosen = key or new_idempotency_key()
    if not yes:
        which = "all your accounts" if account is None else f"account {account}"
        typer.confirm(f"Halt entries of {which}, and close every position with market orders?", abort=True)

    async def ask() -> tuple[models.HaltAndFlattenResult, bool]:
        async with client(MesoLiveControlHubClient, url, token) as control:
            args = models.HaltAndFlattenArgs(IdempotencyKey=chosen, BrokerAccountId=account, Reason=reason)
            return await once(control.halt_and_flatten(args), models.HaltAndFlattenResult)

    result, before = asyncio.run(ask())
    if as_json:
        print_json(result)
    else:
        echo(f"Entries are halted{_already(before)}; {len(result.CancelledOrderIds)} working orders were cancelled.")
        for position in result.Positions:
            for order in position.Orders:
                echo(f"Position {position.PositionId}: order {order.LiveOrderId} was sent and is {order.State.value}.")
            if position.Message is not None:
                echo(f"Position {position.PositionId} is not closed: {position.Message}", err=True)
        echo(f"mesolive position list tells what came of it. Key: {chosen}")
    if not result.Complete:
        raise typer.Exit(3)


def _confirm(position_id: int, question: str, url: str | None, token: str | None) -> None:
    """Show the effect and ask for confirmation; a no, or the end of input, ends the command with status 1."""

    async def ask() -> models.LivePositionDetail:
        async with client(MesoLiveControlHubClient, url, token) as control:
            return await control.get_position(models.GetPositionArgs(PositionId=position_id))

    position = asyncio.run(ask())
    held = ", ".join(f"{leg.Qty:+f} {contract_text(leg.LiveContract)}" for leg in position.Legs if leg.ClosedAt is None)
    echo(
        f"Position {position.Id} ({position.Name}) on {position.BrokerAccountId}, {position.State.value}: "
        f"{held or 'nothing held'}; PnL at mark {shown(money(position.PositionPnL.Mark))}.",
        err=True,
    )
    typer.confirm(question, abort=True, err=True)


def _print_position(position: models.LivePositionDetail) -> None:
    greeks = position.PositionGreeks.Mark or models.GreekValues()
    print_fields(
        [
            ("position", f"{position.Id} {position.Name}"),
            ("state", position.State),
            ("account", position.BrokerAccountId),
            ("strategy", f"{position.LiveStrategyId} {position.StrategyName}"),
            ("opened, market time", position.CreatedAt),
            ("closed, market time", position.ClosedAt),
            ("realised", money(position.RealizedPnL)),
            ("PnL at mark", money(position.PositionPnL.Mark)),
            ("margin", money(position.Margin)),
            ("delta, gamma", f"{shown(greeks.Delta)}, {shown(greeks.Gamma)}"),
            ("theta, vega", f"{shown(greeks.Theta)}, {shown(greeks.Vega)}"),
            *((f"variable {name}", value) for name, value in position.Vars.items()),
        ]
    )
    print_table(
        "Legs",
        (
            "Id",
            "Leg",
            "Group",
            "Contract",
            "Qty",
            "Entry",
            "Mark",
            "Quotes",
            "PnL at mark",
            "Realised",
            "Set by hand",
            "Closed, market time",
        ),
        (_leg_row(position, leg) for leg in position.Legs),
        "none",
    )


def _leg_row(position: models.LivePositionDetail, leg: models.LiveLeg) -> Sequence[object]:
    price = position.LegPrices.get(leg.Id, models.LivePrices())
    pnl = position.LegPnLs.get(leg.Id, models.LivePnL())
    return (
        leg.Id,
        leg.Name,
        leg.LegGroupId,
        contract_text(leg.LiveContract),
        leg.Qty,
        leg.AvgEntryPrice,
        price.Mark,
        _quotes(price),
        money(pnl.Mark),
        money(leg.TrackedRealizedPnL),
        money(leg.UserSetRealizedPnL),
        leg.ClosedAt,
    )


def _quotes(price: models.LivePrices) -> str | None:
    """Return the quality of a price and when it last changed; `None` without a price."""
    if price.Mark is None:
        return None
    quality = "live" if price.Quality is None else price.Quality.value.lower()
    return quality if price.MarkAgeMs is None else f"{quality}, {price.MarkAgeMs / 1000:.0f} s"


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise typer.BadParameter(f"expected an amount such as -120.50, got {text!r}", param_hint="realized")
    return amount


def _already(before: bool) -> str:
    return "; it was done before with this key" if before else ""
