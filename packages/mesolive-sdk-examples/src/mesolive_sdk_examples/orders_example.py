"""Orders: list them, send one leg group of a plan, replace and cancel what works.

    python -m mesolive_sdk_examples.orders_example list --account SIM1000
    python -m mesolive_sdk_examples.orders_example send --exec-plan-id 3 --group 1 --leg p --leg w --limit -3.10 \
        --account SIM1000
    python -m mesolive_sdk_examples.orders_example send … --limit -3.05 --replaces 7
    python -m mesolive_sdk_examples.orders_example cancel --order-id 8

Plans come from `positions_example create` and `exit`. Paper accounts take no orders.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from mesolive_sdk import models, new_idempotency_key
from mesolive_sdk_examples.common import (
    AllowLive,
    AsJson,
    Continuation,
    Limit,
    LiveAccounts,
    Session,
    Token,
    Url,
    checked_account,
    choice,
    command,
    example,
    metavar,
    number,
)
from mesolive_sdk_examples.ordering import ORDERS
from mesolive_sdk_examples.printing import out, print_fields, print_json, print_page

app = example("Orders: list them, send one leg group of a plan, replace and cancel what works.")

OrderId = Annotated[int, typer.Option("--order-id", min=0, help="The order's number.")]
Key = Annotated[
    str | None,
    typer.Option("--idempotency-key", help="The key of the call; else a new one.", show_default=False),
]


@app.command("list")
@command
async def list_orders(
    exec_plan_id: Annotated[int | None, typer.Option("--exec-plan-id", min=0, help="Only this plan's.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Only those on this account.")] = None,
    state: Annotated[
        models.OrderState | None,
        typer.Option(
            "--state", parser=choice(models.OrderState), metavar=metavar(models.OrderState), help="Only in this state."
        ),
    ] = None,
    limit: Limit = 50,
    continuation_token: Continuation = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List orders, page by page."""
    async with Session(url, token) as session:
        control = await session.control()
        result = await control.list_orders(
            models.ListOrdersArgs(
                ExecPlanId=exec_plan_id,
                BrokerAccountId=account,
                State=state,
                Limit=limit,
                ContinuationToken=continuation_token,
            )
        )
    print_page(result, "Orders", result.Orders, ORDERS, token=result.ContinuationToken, as_json=as_json)


@app.command("get")
@command
async def get_order(order_id: OrderId, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show one order."""
    async with Session(url, token) as session:
        order = await (await session.control()).get_order(models.GetOrderArgs(LiveOrderId=order_id))
    if as_json:
        print_json(order)
    else:
        print_fields(f"Order {order_id}", {name: show(order) for name, show in ORDERS.items()})


@app.command("send")
@command
async def send_order(
    exec_plan_id: Annotated[int, typer.Option("--exec-plan-id", min=0, help="The plan that is executed.")],
    account: Annotated[str, typer.Option("--account", help="The account; no paper account.")],
    leg: Annotated[list[str], typer.Option("--leg", help="A leg of the group. All of them are named.")],
    group: Annotated[int, typer.Option("--group", min=0, help="The leg group.")] = 0,
    order_type: Annotated[
        models.OrderType,
        typer.Option(
            "--type", parser=choice(models.OrderType), metavar=metavar(models.OrderType), help="How it is priced."
        ),
    ] = models.OrderType.Limit,
    limit_price: Annotated[
        Decimal | None,
        typer.Option("--limit", parser=number, metavar="DECIMAL", help="Of one combo; negative is a credit."),
    ] = None,
    stop_price: Annotated[
        Decimal | None, typer.Option("--stop", parser=number, metavar="DECIMAL", help="Of one combo.")
    ] = None,
    time_in_force: Annotated[
        models.TimeInForce,
        typer.Option(
            "--time-in-force",
            parser=choice(models.TimeInForce),
            metavar=metavar(models.TimeInForce),
            help="How long it stays.",
        ),
    ] = models.TimeInForce.Day,
    replaces: Annotated[int | None, typer.Option("--replaces", min=0, help="The order that it replaces.")] = None,
    idempotency_key: Key = None,
    allow_live: AllowLive = False,
    live_account: LiveAccounts = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Send a leg group as one combo, or replace an order of it."""
    async with Session(url, token) as session:
        control = await session.control()
        await checked_account(control, account, allow_live=allow_live, live_accounts=live_account)
        result = await control.send_order(
            models.SendOrderArgs(
                IdempotencyKey=idempotency_key or new_idempotency_key("order"),
                ReplacesOrder=replaces,
                BrokerAccountId=account,
                ExecPlanId=exec_plan_id,
                LegGroupId=group,
                LegGroupOrder=models.LegGroupOrder(
                    OrderType=order_type,
                    TimeInForce=time_in_force,
                    LimitPrice=limit_price,
                    StopPrice=stop_price,
                    LegNames=leg,
                ),
            )
        )
    if as_json:
        print_json(result)
    else:
        out.print(f"order {result.LiveOrderId} is {result.State.value}")


@app.command("cancel")
@command
async def cancel_order(
    order_id: OrderId, idempotency_key: Key = None, url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Cancel an order that works."""
    async with Session(url, token) as session:
        control = await session.control()
        key = idempotency_key or new_idempotency_key("cancel")
        result = await control.cancel_order(models.CancelOrderArgs(IdempotencyKey=key, LiveOrderId=order_id))
    if as_json:
        print_json(result)
    else:
        out.print(f"order {result.LiveOrderId} is {result.State.value}")


if __name__ == "__main__":
    app()
