"""Positions: list them, prepare entries, exits and adjustments, and execute those on paper or by orders.

    python -m mesolive_sdk_examples.positions_example list --account ML1000
    python -m mesolive_sdk_examples.positions_example create --strategy-id 1
    python -m mesolive_sdk_examples.positions_example create --strategy-id 1 --execute --paper-fill-price mid
    python -m mesolive_sdk_examples.positions_example create --strategy-id 1 --execute --account SIM1000
    python -m mesolive_sdk_examples.positions_example adjust --position-id 1 --operation MoveLeg --condition …
    python -m mesolive_sdk_examples.positions_example exit --position-id 1 --execute --paper-fill-price mid

Without `--execute`, they only show what would be traded. On paper accounts fills are booked at the plan's quotes; on
others each leg group is ordered at the middle of the market, and in place of that at the natural price.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec
import typer

from mesolive_sdk import models, new_idempotency_key
from mesolive_sdk.automation import PAPER_COMMISSION
from mesolive_sdk.display import contract_text
from mesolive_sdk_examples.common import (
    AllowLive,
    AsJson,
    Continuation,
    FillPrice,
    Limit,
    LiveAccounts,
    Provider,
    Session,
    Token,
    UnderlyingType,
    Url,
    account_of,
    checked_account,
    choice,
    command,
    example,
    metavar,
    number,
    paper_fills,
    underlying_of,
)
from mesolive_sdk_examples.plans import (
    AgainstStrategy,
    OrderRun,
    ask_against_the_strategy,
    execute_by_orders,
    execute_on_paper,
    prepare_adjustment,
    prepare_entry,
    prepare_exit,
    print_adjustment,
    print_entry,
    print_exit,
    print_position,
)
from mesolive_sdk_examples.printing import Columns, print_fields, print_json, print_page

app = example(
    "Positions: list them, prepare entries, exits and adjustments, and execute those on paper or by orders.\n\n"
    "Without --execute, `create`, `exit` and `adjust` only show what would be traded."
)

PositionId = Annotated[int, typer.Option("--position-id", min=0, help="The position's number.")]
Execute = Annotated[
    bool, typer.Option("--execute", help="Trade it: by paper fills at the plan's quotes, or by orders.")
]
PaperFillPrice = Annotated[
    FillPrice, typer.Option("--paper-fill-price", help="At which price of each leg's quotes to fill on paper.")
]
Commission = Annotated[
    Decimal,
    typer.Option(
        "--commission", parser=number, metavar="DECIMAL", help="Booked per contract on paper, in account currency."
    ),
]
Patience = Annotated[
    float, typer.Option("--timeout", min=0.1, help="How many seconds to wait for the preparation, and for each order.")
]
IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        help="Begin the keys of this run with it; the same again repeats nothing. Else new keys are made.",
        show_default=False,
    ),
]
PositionStates = Annotated[
    models.LivePositionState | None,
    typer.Option(
        "--state",
        parser=choice(models.LivePositionState),
        metavar=metavar(models.LivePositionState),
        help="Only positions in this state.",
    ),
]
POSITIONS: Columns[models.LivePosition] = {
    "Id": lambda item: item.Id,
    "Name": lambda item: item.Name,
    "State": lambda item: item.State,
    "Account": lambda item: item.BrokerAccountId,
    "Strategy": lambda item: item.StrategyName,
    "Multiplier": lambda item: item.QtyMultiplier,
    "Created, market time": lambda item: item.CreatedAt,
    "Closed, market time": lambda item: item.ClosedAt,
}
LEGS: Columns[models.LiveLeg] = {
    "Id": lambda item: item.Id,
    "Position": lambda item: item.LivePositionId,
    "Name": lambda item: item.Name,
    "Contract": lambda item: contract_text(item.LiveContract),
    "Qty": lambda item: item.Qty,
    "Entry price": lambda item: item.AvgEntryPrice,
    "Realised": lambda item: item.TrackedRealizedPnL,
    "Closed, market time": lambda item: item.ClosedAt,
}
EXECUTIONS: Columns[models.LiveExecution] = {
    "Id": lambda item: item.Id,
    "Position": lambda item: item.PositionId,
    "Leg": lambda item: item.LegName,
    "Contract": lambda item: contract_text(item.Contract),
    "Qty": lambda item: item.Qty,
    "Price": lambda item: item.Price,
    "Commission": lambda item: item.Commission,
    "At, market time": lambda item: item.ExecutedAt,
}
Constraint = Annotated[
    models.LiveLegSelectionConstraint,
    typer.Option(
        "--constraint",
        parser=choice(models.LiveLegSelectionConstraint),
        metavar=metavar(models.LiveLegSelectionConstraint),
        help="Which contracts that are already in use may be used again.",
    ),
]
AccountFilter = Annotated[str | None, typer.Option("--account", help="Only those on this account.")]


@app.command("list")
@command
async def list_positions(
    strategy_id: Annotated[int | None, typer.Option("--strategy-id", min=0, help="Only this strategy's.")] = None,
    account: AccountFilter = None,
    state: PositionStates = None,
    limit: Limit = 50,
    continuation_token: Continuation = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List positions, page by page."""
    async with Session(url, token) as session:
        control = await session.control()
        result = await control.list_positions(
            models.ListPositionsArgs(
                LiveStrategyId=strategy_id,
                BrokerAccountId=account,
                State=state,
                Limit=limit,
                ContinuationToken=continuation_token,
            )
        )
    print_page(result, "Positions", result.Positions, POSITIONS, token=result.ContinuationToken, as_json=as_json)


@app.command("get")
@command
async def get_position(position_id: PositionId, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show one position with its legs, its variables and what it is worth now."""
    async with Session(url, token) as session:
        position = await (await session.control()).get_position(models.GetPositionArgs(PositionId=position_id))
    if as_json:
        print_json(position)
    else:
        print_position(position)


@app.command("legs")
@command
async def list_legs(
    position_id: Annotated[int | None, typer.Option("--position-id", min=0, help="Only this position's.")] = None,
    account: AccountFilter = None,
    limit: Limit = 50,
    continuation_token: Continuation = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List legs, page by page."""
    async with Session(url, token) as session:
        control = await session.control()
        result = await control.list_legs(
            models.ListLegsArgs(
                PositionId=position_id, BrokerAccountId=account, Limit=limit, ContinuationToken=continuation_token
            )
        )
    print_page(result, "Legs", result.Legs, LEGS, token=result.ContinuationToken, as_json=as_json)


@app.command("executions")
@command
async def list_executions(
    position_id: Annotated[int | None, typer.Option("--position-id", min=0, help="Only this position's.")] = None,
    account: AccountFilter = None,
    limit: Limit = 50,
    continuation_token: Continuation = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List executions, page by page."""
    async with Session(url, token) as session:
        control = await session.control()
        result = await control.list_executions(
            models.ListExecutionsArgs(
                PositionId=position_id, BrokerAccountId=account, Limit=limit, ContinuationToken=continuation_token
            )
        )
    print_page(result, "Executions", result.Executions, EXECUTIONS, token=result.ContinuationToken, as_json=as_json)


@app.command("record")
@command
async def idempotency_record(
    key: Annotated[str, typer.Option("--idempotency-key", help="The key that was used.")],
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of the operation behind an idempotency key."""
    async with Session(url, token) as session:
        control = await session.control()
        record = await control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey=key))
    if as_json:
        print_json(record)
    else:
        print_fields(f"Key {key}", {name: getattr(record, name) for name in record.__struct_fields__})


@app.command("create")
@command
async def create_position(
    strategy_id: Annotated[int, typer.Option("--strategy-id", min=0, help="The strategy to enter.")],
    account: Annotated[
        str | None,
        typer.Option("--account", help="The account; else the only one on which the strategy is active."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What to call the position.")] = None,
    constraint: Constraint = models.LiveLegSelectionConstraint.FullyUnique,
    symbol: Annotated[str | None, typer.Option("--symbol", help="The underlying; else the strategy's own.")] = None,
    underlying_type: UnderlyingType = None,
    provider: Provider = None,
    execute: Execute = False,
    paper_fill_price: PaperFillPrice = FillPrice.mid,
    commission: Commission = PAPER_COMMISSION,
    qty_multiplier: Annotated[
        Decimal | None,
        typer.Option("--qty-multiplier", parser=number, metavar="DECIMAL", help="Override the plan's multiplier."),
    ] = None,
    against_strategy: AgainstStrategy = False,
    timeout: Patience = 60.0,  # noqa: ASYNC109 - the name of an option
    idempotency_key: IdempotencyKey = None,
    allow_live: AllowLive = False,
    live_account: LiveAccounts = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Prepare an entry and show its legs, greeks and conditions; with --execute, open the position.

    What the strategy has against the entry is shown (conditions, session, schedule, positions in flight), and executed
    only after a yes, or with --yes: else the status is 4.
    """
    async with Session(url, token) as session:
        control = await session.control()
        strategy = await control.get_strategy(models.GetStrategyArgs(StrategyId=strategy_id))
        account_id = await account_of(control, strategy, account)
        account_used = await checked_account(control, account_id, allow_live=allow_live, live_accounts=live_account)
        underlying = underlying_of(symbol or strategy.Symbol, underlying_type)
        plan = await prepare_entry(
            control,
            models.PreparePositionEntryArgs(
                IdempotencyKey=_key(idempotency_key, "entry"),
                PositionName=name or strategy.Name,
                StrategyId=strategy_id,
                BrokerAccountId=account_id,
                LegSelectionConstraint=constraint,
                Underlying=underlying,
                DataProvider=provider,
            ),
            seconds=timeout,
            quiet=as_json,
        )
        if not as_json:
            print_entry(plan)
        if not execute:
            if as_json:
                print_json(plan)
            return
        if not plan.EntryAllowed:
            await ask_against_the_strategy("entry", plan.EntryConditions, plan.AbortConditions, against_strategy)
        if not account_used.IsPaperAccount:
            orders = OrderRun(session, provider, timeout, _order_key(idempotency_key, "entry"), qty_multiplier)
            await execute_by_orders(control, orders, plan, plan.SelectedLegs, None, as_json=as_json)
            return
        # The selected legs have the plan's own multiplier in them.
        multiplier = plan.QtyMultiplier if qty_multiplier is None else qty_multiplier
        filled = {
            leg_name: msgspec.structs.replace(leg, Qty=leg.Qty * multiplier / plan.QtyMultiplier)
            for leg_name, leg in plan.SelectedLegs.items()
        }
        await execute_on_paper(
            control,
            models.ApplyPaperFillsArgs(
                IdempotencyKey=_key(idempotency_key, "entry-fills"),
                BrokerAccountId=account_id,
                ExecPlanId=plan.ExecPlanId,
                QtyMultiplier=qty_multiplier,
                PaperLegFills=paper_fills(filled, plan.LegPrices, paper_fill_price, commission),
            ),
            as_json=as_json,
        )


@app.command("exit")
@command
async def exit_position(
    position_id: PositionId,
    provider: Provider = None,
    execute: Execute = False,
    paper_fill_price: PaperFillPrice = FillPrice.mid,
    commission: Commission = PAPER_COMMISSION,
    timeout: Patience = 60.0,  # noqa: ASYNC109 - the name of an option
    idempotency_key: IdempotencyKey = None,
    allow_live: AllowLive = False,
    live_account: LiveAccounts = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Prepare an exit and show its legs and greeks; with --execute, close the position."""
    async with Session(url, token) as session:
        control = await session.control()
        position = await control.get_position(models.GetPositionArgs(PositionId=position_id))
        account_id = position.BrokerAccountId
        account_used = await checked_account(control, account_id, allow_live=allow_live, live_accounts=live_account)
        plan = await prepare_exit(
            control,
            models.PreparePositionExitArgs(
                IdempotencyKey=_key(idempotency_key, "exit"), PositionId=position_id, DataProvider=provider
            ),
            seconds=timeout,
            quiet=as_json,
        )
        if not as_json:
            print_exit(plan)
        if not execute:
            if as_json:
                print_json(plan)
            return
        if not account_used.IsPaperAccount:
            orders = OrderRun(session, provider, timeout, _order_key(idempotency_key, "exit"))
            await execute_by_orders(control, orders, plan, plan.PositionLegs, position_id, as_json=as_json)
            return
        await execute_on_paper(
            control,
            models.ApplyPaperFillsArgs(
                IdempotencyKey=_key(idempotency_key, "exit-fills"),
                BrokerAccountId=account_id,
                ExecPlanId=plan.ExecPlanId,
                PaperLegFills=paper_fills(plan.PositionLegs, plan.LegPrices, paper_fill_price, commission),
            ),
            as_json=as_json,
        )


@app.command("adjust")
@command
async def adjust_position(
    position_id: PositionId,
    operation: Annotated[
        models.PositionAdjustmentOperation,
        typer.Option(
            "--operation",
            parser=choice(models.PositionAdjustmentOperation),
            metavar=metavar(models.PositionAdjustmentOperation),
            help="Which of the condition's operations.",
        ),
    ],
    condition: Annotated[
        str,
        typer.Option("--condition", help="The condition, as it is written in the strategy's ConditionalAdjustments."),
    ],
    constraint: Constraint = models.LiveLegSelectionConstraint.FullyUnique,
    provider: Provider = None,
    execute: Execute = False,
    paper_fill_price: PaperFillPrice = FillPrice.mid,
    commission: Commission = PAPER_COMMISSION,
    against_strategy: AgainstStrategy = False,
    timeout: Patience = 60.0,  # noqa: ASYNC109 - the name of an option
    idempotency_key: IdempotencyKey = None,
    allow_live: AllowLive = False,
    live_account: LiveAccounts = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Prepare an adjustment and show what it would trade; with --execute, adjust the position.

    An adjustment that the strategy does not allow is executed only after a yes, or with --yes: else the status is 4.
    """
    async with Session(url, token) as session:
        control = await session.control()
        position = await control.get_position(models.GetPositionArgs(PositionId=position_id))
        account_id = position.BrokerAccountId
        account_used = await checked_account(control, account_id, allow_live=allow_live, live_accounts=live_account)
        plan = await prepare_adjustment(
            control,
            models.PreparePositionAdjustmentArgs(
                IdempotencyKey=_key(idempotency_key, "adjustment"),
                PositionId=position_id,
                Operation=operation,
                Condition=condition,
                LegSelectionConstraint=constraint,
                DataProvider=provider,
            ),
            seconds=timeout,
            quiet=as_json,
        )
        if not as_json:
            print_adjustment(plan)
        if not execute:
            if as_json:
                print_json(plan)
            return
        if plan.AdjustmentAllowed is False:
            await ask_against_the_strategy("adjustment", (), plan.AbortConditions or (), against_strategy)
        if not account_used.IsPaperAccount:
            orders = OrderRun(session, provider, timeout, _order_key(idempotency_key, "adjustment"))
            await execute_by_orders(control, orders, plan, plan.OrderLegs, position_id, as_json=as_json)
            return
        await execute_on_paper(
            control,
            models.ApplyPaperFillsArgs(
                IdempotencyKey=_key(idempotency_key, "adjustment-fills"),
                BrokerAccountId=account_id,
                ExecPlanId=plan.ExecPlanId,
                PaperLegFills=paper_fills(plan.OrderLegs, plan.LegPrices, paper_fill_price, commission),
            ),
            as_json=as_json,
        )


def _order_key(given: str | None, what: str) -> str | None:
    return None if given is None else f"{given}.{what}-order"


def _key(given: str | None, what: str) -> str:
    return new_idempotency_key(what) if given is None else f"{given}.{what}"


if __name__ == "__main__":
    app()
