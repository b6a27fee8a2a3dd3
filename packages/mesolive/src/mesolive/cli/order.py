"""`mesolive order`: list and cancel orders, and show the history of one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape

from mesolive.cli.options import DatabaseUrl
from mesolive.cli.output import Console, Table
from mesolive.cli.remote import (
    AsJson,
    Key,
    OfAccount,
    Token,
    Url,
    client,
    first_ones,
    once,
    print_json,
    print_result,
    print_table,
    shown,
)
from mesolive.cli.text import Lines
from mesolive.settings import from_environment
from mesolive.store.database import Database
from mesolive.trading.orders.history import OrderHistory, order_history
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.display import visible

order_app = typer.Typer(no_args_is_help=True)

WORKING = (
    models.OrderState.PendingSubmit,
    models.OrderState.Submitted,
    models.OrderState.PartiallyFilled,
    models.OrderState.PendingCancel,
)


@order_app.callback()
def commands() -> None:
    """List, show and cancel orders.

    `list` and `cancel` ask the running server; `show` reads its database, whether it runs or not.
    """


@order_app.command(name="list")
def list_orders(
    account: OfAccount = None,
    plan_id: Annotated[int | None, typer.Option("--plan-id", min=0, help="Only this execution plan's.")] = None,
    working: Annotated[bool, typer.Option("--working", help="Only orders that have not ended.")] = False,
    last: Annotated[int, typer.Option("--last", min=1, max=10_000, help="Number of newest rows to show.")] = 50,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List orders, the newest last."""

    async def ask() -> list[models.Order]:
        async with client(MesoLiveControlHubClient, url, token) as control:
            result: list[models.Order] = []
            for state in WORKING if working else (None,):
                args = models.ListOrdersArgs(BrokerAccountId=account, ExecPlanId=plan_id, State=state, NewestFirst=True)
                result += await first_ones(control.list_orders, args, lambda answer: answer.Orders, last)
            # Keyed by order id: an order whose state changes between two pages may be listed twice.
            return [order for _, order in sorted({order.OrderId: order for order in result}.items())][-last:]

    result = asyncio.run(ask())
    if as_json:
        print_json({"Orders": result})
        return
    print_table(
        "Orders that have not ended" if working else "Orders",
        ("Id", "Account, market time", "Plan", "Combo", "Order, fills", "State"),
        (
            (
                order.OrderId,
                Lines(f"{visible(order.BrokerAccountId)}\n{order.CreatedAt:%Y-%m-%d}\n{order.CreatedAt:%H:%M:%S}Z"),
                f"{order.ExecPlanId}/{order.LegGroupId}",
                _combo(order),
                _terms(order),
                order.State,
            )
            for order in result
        ),
        "none",
    )


def _combo(order: models.Order) -> Lines:
    """Return the legs of an order, a leg a line, such as `-1 short_put`."""
    legs = [f"{ratio:+f} {visible(name)}" for name, ratio in (order.LegRatios or {}).items() if ratio]
    return Lines("\n".join(legs) or "marker legs")


def _terms(order: models.Order) -> Lines:
    """Return type, prices and time in force, and what was filled: `Limit -18.9 Day`, `1 of 1 at -18.66`."""
    prices = (shown(price) for price in (order.StopPrice, order.LimitPrice) if price is not None)
    at = "" if order.AvgFillPrice is None else f" at {shown(order.AvgFillPrice)}"
    terms = " ".join((order.OrderType.value, *prices, order.TimeInForce.value))
    return Lines(f"{terms}\n{shown(order.CumQty)} of {shown(order.Qty)}{at}")


@order_app.command(name="cancel")
def cancel(
    order_id: Annotated[int, typer.Argument(min=0, help="The order's number, as `mesolive order list` shows it.")],
    key: Key = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Cancel an order; an order that is cancelled already stays cancelled.

    Status 1: it was filled, has ended otherwise, or the venue does not cancel it.
    """

    async def ask() -> tuple[models.CancelOrderResult, bool]:
        async with client(MesoLiveControlHubClient, url, token) as control:
            args = models.CancelOrderArgs(IdempotencyKey=key or new_idempotency_key(), LiveOrderId=order_id)
            return await once(control.cancel_order(args), models.CancelOrderResult)

    result, _ = asyncio.run(ask())
    print_result(result, f"Order {result.LiveOrderId} is {result.State.value}.", as_json=as_json)


@order_app.command(name="show")
def show(
    order_id: Annotated[int, typer.Argument(help="The order's number.")],
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show the history of an order: the request, its idempotency key, every report, and what each changed."""
    history = asyncio.run(_history(from_environment({"database": database}).database, order_id))
    if as_json:
        print_json(_on_the_wire(history))
        return
    console = Console()
    console.print(f"[bold]order {history.order_id}[/] of {escape(history.user)} on {escape(history.account)}")
    fields = Table.grid(padding=(0, 2))
    for name, value in history.fields.items():
        fields.add_row(name.replace("_", " "), escape(str(value)))
    console.print(fields)
    story = Table("market time (UTC)", "what", "who", "change", "detail")
    for entry in history.entries:
        cells = (entry.what, entry.who, entry.change, entry.detail)
        story.add_row(f"{entry.at:%Y-%m-%d %H:%M:%S.%f}", *map(escape, cells))
    console.print(story)


def _on_the_wire(history: OrderHistory) -> Mapping[str, Any]:
    """Return a history in the names and forms of the other listings."""
    return {
        "OrderId": history.order_id,
        "User": history.user,
        "BrokerAccountId": history.account,
        **{_wire_name(name): value for name, value in history.fields.items()},
        "History": [
            {"At": entry.at, "What": entry.what, "Who": entry.who, "Change": entry.change, "Detail": entry.detail}
            for entry in history.entries
        ],
    }


WIRE_NAMES = {
    "filled_qty": "CumQty",
    "average_fill_price": "AvgFillPrice",
    "plan_id": "ExecPlanId",
    "send_key": "IdempotencyKey",
    "replaces_id": "ReplacesOrder",
}
"""Wire names of order columns that differ from the column's own name in PascalCase."""


def _wire_name(column: str) -> str:
    """Return `limit_price` as `LimitPrice`, or the contract's name of it."""
    return WIRE_NAMES.get(column) or "".join(part.capitalize() for part in column.split("_"))


async def _history(url: str, order_id: int) -> OrderHistory:
    database = await Database.open(url)
    try:
        return await order_history(database, order_id)
    finally:
        await database.close()
