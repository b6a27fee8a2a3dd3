"""Positions: list them, prepare entries and exits, and execute those on a paper account.

    python -m mesolive_sdk_examples.positions_example list --account ML1000
    python -m mesolive_sdk_examples.positions_example create --strategy-id 1
    python -m mesolive_sdk_examples.positions_example create --strategy-id 1 --execute --paper-fill-price mid
    python -m mesolive_sdk_examples.positions_example exit --position-id 1 --execute --paper-fill-price mid

Without `--execute`, `create` and `exit` only show what would be traded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated

import msgspec
import typer

from mesolive_sdk import MesoLiveApiException, MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.display import contract_text
from mesolive_sdk_examples.common import (
    NOT_ALLOWED,
    AllowLive,
    AsJson,
    Columns,
    Continuation,
    Failure,
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
    finished,
    greek_values,
    metavar,
    number,
    out,
    paper_fills,
    planned,
    print_conditions,
    print_fields,
    print_json,
    print_page,
    print_plan_legs,
    print_table,
    print_totals,
)

app = example(
    "Positions: list them, prepare entries and exits, and execute those on a paper account.\n\n"
    "Without --execute, `create` and `exit` only show what would be traded."
)

PositionId = Annotated[int, typer.Option("--position-id", min=0, help="The position's number.")]
Execute = Annotated[bool, typer.Option("--execute", help="Book paper fills at the plan's quotes.")]
PaperFillPrice = Annotated[
    FillPrice, typer.Option("--paper-fill-price", help="At which price of each leg's quotes to fill.")
]
Commission = Annotated[
    Decimal,
    typer.Option(
        "--commission", parser=number, metavar="DECIMAL", help="Commission per contract, in account currency."
    ),
]
Patience = Annotated[float, typer.Option("--timeout", min=0.1, help="How many seconds to wait for the preparation.")]
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
    "Id": lambda one: one.Id,
    "Name": lambda one: one.Name,
    "State": lambda one: one.State,
    "Account": lambda one: one.BrokerAccountId,
    "Strategy": lambda one: one.StrategyName,
    "Multiplier": lambda one: one.QtyMultiplier,
    "Created at": lambda one: one.CreatedAt,
    "Closed at": lambda one: one.ClosedAt,
}
LEGS: Columns[models.LiveLeg] = {
    "Id": lambda one: one.Id,
    "Position": lambda one: one.LivePositionId,
    "Name": lambda one: one.Name,
    "Contract": lambda one: contract_text(one.LiveContract),
    "Qty": lambda one: one.Qty,
    "Entry price": lambda one: one.AvgEntryPrice,
    "Realised": lambda one: one.TrackedRealizedPnL,
    "Closed at": lambda one: one.ClosedAt,
}
EXECUTIONS: Columns[models.LiveExecution] = {
    "Id": lambda one: one.Id,
    "Position": lambda one: one.PositionId,
    "Leg": lambda one: one.LegName,
    "Contract": lambda one: contract_text(one.Contract),
    "Qty": lambda one: one.Qty,
    "Price": lambda one: one.Price,
    "Commission": lambda one: one.Commission,
    "At": lambda one: one.ExecutedAt,
}
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
        _print_position(position)


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
    constraint: Annotated[
        models.LiveLegSelectionConstraint,
        typer.Option(
            "--constraint",
            parser=choice(models.LiveLegSelectionConstraint),
            metavar=metavar(models.LiveLegSelectionConstraint),
            help="Which contracts that are already in use may be used again.",
        ),
    ] = models.LiveLegSelectionConstraint.FullyUnique,
    symbol: Annotated[str | None, typer.Option("--symbol", help="The underlying; else the strategy's own.")] = None,
    underlying_type: UnderlyingType = models.MesoContractType.Index,
    provider: Provider = None,
    execute: Execute = False,
    paper_fill_price: PaperFillPrice = FillPrice.mid,
    commission: Commission = Decimal(0),
    qty_multiplier: Annotated[
        Decimal | None,
        typer.Option("--qty-multiplier", parser=number, metavar="DECIMAL", help="Override the plan's multiplier."),
    ] = None,
    ignore_conditions: Annotated[
        bool, typer.Option("--ignore-conditions", help="Execute though the strategy does not allow the entry.")
    ] = False,
    timeout: Patience = 60.0,  # noqa: ASYNC109 - the name of an option
    idempotency_key: IdempotencyKey = None,
    allow_live: AllowLive = False,
    live_account: LiveAccounts = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Prepare an entry and show its legs, greeks and conditions; with --execute, open the position on paper.

    An entry that the strategy does not allow is not executed (status 4), unless --ignore-conditions is given.
    """
    async with Session(url, token) as session:
        control = await session.control()
        strategy = await control.get_strategy(models.GetStrategyArgs(StrategyId=strategy_id))
        account_id = await account_of(control, strategy, account)
        await checked_account(control, account_id, allow_live=allow_live, live_accounts=live_account)
        underlying = models.LiveUnderlying(
            Symbol=symbol or strategy.Symbol, ContractType=underlying_type, Currency="USD"
        )
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
        if not plan.EntryAllowed and not ignore_conditions:
            raise Failure("the strategy does not allow this entry; nothing was executed", NOT_ALLOWED)
        # The selected legs have the plan's own multiplier in them.
        multiplier = plan.QtyMultiplier if qty_multiplier is None else qty_multiplier
        filled = {
            leg_name: msgspec.structs.replace(leg, Qty=leg.Qty * multiplier / plan.QtyMultiplier)
            for leg_name, leg in plan.SelectedLegs.items()
        }
        await _execute(
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
    commission: Commission = Decimal(0),
    timeout: Patience = 60.0,  # noqa: ASYNC109 - the name of an option
    idempotency_key: IdempotencyKey = None,
    allow_live: AllowLive = False,
    live_account: LiveAccounts = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Prepare an exit and show its legs and greeks; with --execute, close the position on paper."""
    async with Session(url, token) as session:
        control = await session.control()
        position = await control.get_position(models.GetPositionArgs(PositionId=position_id))
        account_id = position.BrokerAccountId
        await checked_account(control, account_id, allow_live=allow_live, live_accounts=live_account)
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
        await _execute(
            control,
            models.ApplyPaperFillsArgs(
                IdempotencyKey=_key(idempotency_key, "exit-fills"),
                BrokerAccountId=account_id,
                ExecPlanId=plan.ExecPlanId,
                PaperLegFills=paper_fills(plan.PositionLegs, plan.LegPrices, paper_fill_price, commission),
            ),
            as_json=as_json,
        )


async def prepare_entry(
    control: MesoLiveControlHubClient, args: models.PreparePositionEntryArgs, *, seconds: float, quiet: bool = False
) -> models.PreparePositionEntryResult:
    """Prepare an entry and wait for what was found.

    Raises
    ------
    Failure
        When the job does not end in a plan.
    """
    answer = await finished(
        control.start_prepare_position_entry,
        args,
        control.get_prepare_position_entry_status,
        models.GetPreparePositionEntryStatusArgs,
        "preparing the entry",
        seconds=seconds,
        quiet=quiet,
    )
    return planned(answer.Result)


async def prepare_exit(
    control: MesoLiveControlHubClient, args: models.PreparePositionExitArgs, *, seconds: float, quiet: bool = False
) -> models.PreparePositionExitResult:
    """Prepare an exit and wait for what was found; raises what `prepare_entry` raises."""
    answer = await finished(
        control.start_prepare_position_exit,
        args,
        control.get_prepare_position_exit_status,
        models.GetPreparePositionExitStatusArgs,
        "preparing the exit",
        seconds=seconds,
        quiet=quiet,
    )
    return planned(answer.Result)


def print_entry(plan: models.PreparePositionEntryResult) -> None:
    """Show what preparing an entry found."""
    title = f"Plan {plan.ExecPlanId}: enter {plan.PositionName} on {plan.BrokerAccountId}"
    print_plan_legs(title, plan.SelectedLegs, plan.LegPrices, plan.LegGreeks)
    print_totals(plan.PositionPrice, plan.PositionGreeks, plan.UnderlyingPrice)
    _print_groups(plan.LegGroups, plan.LegGroupQtys, plan.LegGroupPrices)
    print_conditions("Conditions", [*plan.EntryConditions, *plan.AbortConditions])
    if plan.Vars:
        print_table("Variables", ("Name", "Value"), plan.Vars.items())
    allowed = "allows" if plan.EntryAllowed else "does NOT allow"
    out.print(f"quantities are multiplied by {plan.QtyMultiplier}; the strategy {allowed} the entry")


def print_exit(plan: models.PreparePositionExitResult) -> None:
    """Show what preparing an exit found."""
    title = f"Plan {plan.ExecPlanId}: exit {plan.PositionName} on {plan.BrokerAccountId}"
    print_plan_legs(title, plan.PositionLegs, plan.LegPrices, plan.LegGreeks)
    print_totals(plan.PositionPrice, plan.PositionGreeks, plan.UnderlyingPrice)
    _print_groups(plan.LegGroups, plan.LegGroupQtys, plan.LegGroupPrices)


def _print_groups(
    groups: Mapping[int, list[str]],
    quantities: Mapping[int, models.LegGroupQtys],
    prices: Mapping[int, models.LivePrices],
) -> None:
    rows: list[Sequence[object]] = []
    for group, legs in groups.items():
        quantity = quantities.get(group)
        ratios = {} if quantity is None else quantity.LegRatios
        parts = ", ".join(f"{ratios[leg]:+f} {leg}" if leg in ratios else leg for leg in legs)
        price = prices.get(group, models.LivePrices())
        rows.append((group, None if quantity is None else quantity.Qty, parts, price.Bid, price.Ask, price.Mark))
    if rows:
        print_table("Leg groups", ("Group", "Combos", "Legs of one combo", "Bid", "Ask", "Mark"), rows)


async def _execute(control: MesoLiveControlHubClient, args: models.ApplyPaperFillsArgs, *, as_json: bool) -> None:
    try:
        result = await control.apply_paper_fills(args)
    except MesoLiveApiException as error:
        if not isinstance(error.data, models.ApplyPaperFillsResult):
            raise
        result = error.data  # an earlier call with the same key has done it
    if as_json:
        print_json(result)
        return
    out.print(f"filled: position {result.PositionId}, executions {', '.join(map(str, result.ExecutionIds))}")
    _print_position(await control.get_position(models.GetPositionArgs(PositionId=result.PositionId)))


def _print_position(position: models.LivePositionDetail) -> None:
    greeks = greek_values(position.PositionGreeks)
    print_fields(
        f"Position {position.Id}",
        {
            "Name": position.Name,
            "State": position.State,
            "Account": position.BrokerAccountId,
            "Strategy": position.StrategyName,
            "Created at": position.CreatedAt,
            "Closed at": position.ClosedAt,
            "Realised PnL": position.RealizedPnL,
            "Running PnL at mark": position.PositionPnL.Mark,
            "Delta": greeks.Delta,
            "Theta": greeks.Theta,
            "Vega": greeks.Vega,
            "Margin": position.Margin,
        },
    )
    rows: list[Sequence[object]] = []
    for leg in position.Legs:
        price = position.LegPrices.get(leg.Id, models.LivePrices())
        pnl = position.LegPnLs.get(leg.Id, models.LivePnL())
        contract = contract_text(leg.LiveContract)
        rows.append((leg.Id, leg.Name, contract, leg.Qty, leg.AvgEntryPrice, price.Mark, pnl.Mark, leg.ClosedAt))
    columns = ("Id", "Leg", "Contract", "Qty", "Entry price", "Mark", "PnL at mark", "Closed at")
    print_table("Legs", columns, rows)
    if position.Vars:
        print_table("Variables", ("Name", "Value"), position.Vars.items())


def _key(given: str | None, what: str) -> str:
    return new_idempotency_key(what) if given is None else f"{given}.{what}"


if __name__ == "__main__":
    app()
