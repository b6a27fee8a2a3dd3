"""Plans: prepare them, show them, ask before going against the strategy, and execute them on paper or by orders."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import typer

from mesolive_sdk import MesoLiveApiException, MesoLiveControlHubClient, models
from mesolive_sdk.display import contract_text
from mesolive_sdk_examples.common import NEEDS_USER, NOT_ALLOWED, Failure, Session, data_provider, finished, planned
from mesolive_sdk_examples.ordering import GroupTrader, opened_position
from mesolive_sdk_examples.printing import (
    err,
    greek_values,
    out,
    print_conditions,
    print_fields,
    print_json,
    print_plan_legs,
    print_table,
    print_totals,
    shown,
)

AgainstStrategy = Annotated[
    bool,
    typer.Option(
        "--yes",
        "--force",
        "--ignore-conditions",
        help="Do not ask before trading what the strategy does not allow.",
    ),
]


async def ask_against_the_strategy(
    what: str,
    entry: Sequence[models.ConditionEvaluation],
    abort: Sequence[models.ConditionEvaluation],
    go_on: bool,
) -> None:
    """Show what the strategy has against a trade, and ask whether to make it all the same.

    Parameters
    ----------
    what
        `entry` or `adjustment`.
    entry, abort
        The plan's conditions; among those of an entry are schedule, session and concurrency where they refuse it.
    go_on
        Do not ask.

    Raises
    ------
    Failure
        With status 4, when the answer is no, or there is no terminal to ask at.
    """
    against = [item for item in entry if item.Error is not None or not item.Result]
    against += [item for item in abort if item.Error is not None or item.Result]
    err.print(f"the strategy does not allow this {what}:", style="yellow")
    for item in against:
        values = ", ".join(f"{name}={shown(value)}" for name, value in item.Vars.items())
        reason = item.Error or f"{'holds' if item.Result else 'does not hold'}{f' ({values})' if values else ''}"
        err.print(f"  {item.Statement}: {reason}", highlight=False, soft_wrap=True)
    if go_on:
        return
    if not sys.stdin.isatty():
        advice = "--yes executes it all the same"
        raise Failure(f"the strategy does not allow this {what}; nothing was executed ({advice})", NOT_ALLOWED)
    err.print("Execute it all the same? [y/N]: ", end="", highlight=False)
    if (await _line_of_input()).strip().lower() not in {"y", "yes"}:
        raise Failure("nothing was executed", NOT_ALLOWED)


async def _line_of_input() -> str:
    """Return a line that is typed, while the connections live on; a thread of its own dies with the program."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        line = sys.stdin.readline()
        loop.call_soon_threadsafe(typed.set_result, line)

    threading.Thread(target=read, daemon=True).start()
    return await typed


async def prepare_adjustment(
    control: MesoLiveControlHubClient,
    args: models.PreparePositionAdjustmentArgs,
    *,
    seconds: float,
    quiet: bool = False,
) -> models.PreparePositionAdjustmentResult:
    """Prepare an adjustment and wait for its result; raises what `prepare_entry` raises."""
    answer = await finished(
        control.start_prepare_position_adjustment,
        args,
        control.get_prepare_position_adjustment_status,
        models.GetPreparePositionAdjustmentStatusArgs,
        "preparing the adjustment",
        seconds=seconds,
        quiet=quiet,
    )
    return planned(answer.Result)


async def prepare_entry(
    control: MesoLiveControlHubClient, args: models.PreparePositionEntryArgs, *, seconds: float, quiet: bool = False
) -> models.PreparePositionEntryResult:
    """Prepare an entry and wait for its result.

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
    """Prepare an exit and wait for its result; raises what `prepare_entry` raises."""
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


def print_adjustment(plan: models.PreparePositionAdjustmentResult) -> None:
    """Show what preparing an adjustment found."""
    title = f"Plan {plan.ExecPlanId}: {plan.Operation.value} of {plan.PositionName} on {plan.BrokerAccountId}"
    print_plan_legs(title, plan.OrderLegs, plan.LegPrices, plan.LegGreeks)
    print_totals(plan.PositionPrice, plan.PositionGreeks, plan.UnderlyingPrice)
    _print_groups(plan.LegGroups, plan.LegGroupQtys, plan.LegGroupPrices)
    print_conditions("Abort conditions", plan.AbortConditions or ())
    if plan.AdjustmentAllowed is not None:
        out.print(f"the strategy {'allows' if plan.AdjustmentAllowed else 'does NOT allow'} the adjustment")


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


@dataclass(frozen=True)
class OrderRun:
    """With what orders are sent.

    Attributes
    ----------
    key
        What the idempotency keys of the orders begin with; else each is new.
    """

    session: Session
    provider: models.DataProviderType | None
    seconds: float
    key: str | None
    qty_multiplier: Decimal | None = None


async def execute_by_orders(
    control: MesoLiveControlHubClient,
    run: OrderRun,
    plan: models.PreparedPlan,
    legs: Mapping[str, models.LiveLeg],
    position_id: int | None,
    *,
    as_json: bool,
) -> None:
    """Carry a plan out by orders, and show the position; `position_id` is None where the plan opens it."""
    events = await run.session.enter_async_context(run.session.events())
    await events.subscribe_to_strategies(models.SubscribeToStrategiesArgs(Strategies=[plan.StrategyId]))
    trader = GroupTrader(
        control,
        await run.session.data(),
        events,
        await data_provider(control, run.provider),
        seconds=run.seconds,
        qty_multiplier=run.qty_multiplier,
        key=run.key,
        write=err.print if as_json else out.print,
    )
    try:
        await trader.trade(plan, legs)
        if position_id is None:
            position_id = await opened_position(control, plan.ExecPlanId, run.seconds)
    except TimeoutError:
        advice = f"orders_example list --exec-plan-id {plan.ExecPlanId} shows what is working"
        raise Failure(f"plan {plan.ExecPlanId} is not filled after {run.seconds:g} s; {advice}", NEEDS_USER) from None
    position = await control.get_position(models.GetPositionArgs(PositionId=position_id))
    if as_json:
        print_json(position)
    else:
        print_position(position)


async def execute_on_paper(
    control: MesoLiveControlHubClient, args: models.ApplyPaperFillsArgs, *, as_json: bool
) -> None:
    """Book paper fills, and show the position."""
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
    print_position(await control.get_position(models.GetPositionArgs(PositionId=result.PositionId)))


def print_position(position: models.LivePositionDetail) -> None:
    """Show a position with its legs and variables."""
    greeks = greek_values(position.PositionGreeks)
    print_fields(
        f"Position {position.Id}",
        {
            "Name": position.Name,
            "State": position.State,
            "Account": position.BrokerAccountId,
            "Strategy": position.StrategyName,
            "Created, market time": position.CreatedAt,
            "Closed, market time": position.ClosedAt,
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
    columns = ("Id", "Leg", "Contract", "Qty", "Entry price", "Mark", "PnL at mark", "Closed, market time")
    print_table("Legs", columns, rows)
    if position.Vars:
        print_table("Variables", ("Name", "Value"), position.Vars.items())
