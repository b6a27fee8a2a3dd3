"""One whole trade: account, entry, live data, exit and events, each step shown.

    python -m mesolive_sdk_examples.trade_e2e_example --strategy-id 1
    python -m mesolive_sdk_examples.trade_e2e_example --strategy-id 1 --account SIM1000

A paper account is filled at the plan's quotes. On another one, an order is sent and cancelled; then each leg group is
ordered at the middle of the market, and in place of that at the natural price.

Ends with status 0 after the trade; a step that fails ends it with status 1 and is named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated

import typer
from rich.text import Text

from mesolive_sdk import MesoLiveControlHubClient, MesoLiveError, models, new_idempotency_key
from mesolive_sdk.automation import PAPER_COMMISSION
from mesolive_sdk_examples.common import (
    AllowLive,
    Failure,
    FillPrice,
    LiveAccounts,
    Provider,
    Session,
    Token,
    UnderlyingType,
    Url,
    account_of,
    checked_account,
    command,
    data_provider,
    example,
    number,
    paper_fills,
    underlying_of,
)
from mesolive_sdk_examples.data_example import view
from mesolive_sdk_examples.events_example import what
from mesolive_sdk_examples.ordering import GroupTrader, opened_position
from mesolive_sdk_examples.plans import (
    AgainstStrategy,
    ask_against_the_strategy,
    prepare_entry,
    prepare_exit,
    print_entry,
    print_exit,
)
from mesolive_sdk_examples.printing import out, print_table, shown

app = example("One whole trade, on paper or by orders: account, entry, live data, exit and events, each step shown.")


class Steps:
    """Numbers the steps, and names the one that fails."""

    def __init__(self) -> None:
        self._count = 0

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Announce a step; what fails in it becomes a `Failure` that names it."""
        self._count += 1
        out.rule(Text(f"{self._count}. {name}", style="bold"), align="left")
        try:
            yield
        except Failure as failure:
            raise Failure(f"step {self._count}, {name}, failed: {failure}", failure.status) from failure
        except (MesoLiveError, TimeoutError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise Failure(f"step {self._count}, {name}, failed: {reason}") from error


@app.command()
@command
async def trade(
    strategy_id: Annotated[
        int | None, typer.Option("--strategy-id", min=0, help="The strategy to trade; else the first there is.")
    ] = None,
    account: Annotated[
        str | None,
        typer.Option("--account", help="The account; else the only one on which the strategy is active."),
    ] = None,
    underlying_type: UnderlyingType = None,
    provider: Provider = None,
    paper_fill_price: Annotated[
        FillPrice, typer.Option("--paper-fill-price", help="At which price of each leg's quotes to fill.")
    ] = FillPrice.mid,
    commission: Annotated[
        Decimal,
        typer.Option("--commission", parser=number, metavar="DECIMAL", help="Commission per contract."),
    ] = PAPER_COMMISSION,
    items: Annotated[int, typer.Option("--items", min=1, help="How many items of live data to show.")] = 3,
    timeout: Annotated[  # noqa: ASYNC109 - the name of an option
        float, typer.Option("--timeout", min=0.1, help="How many seconds a step may wait for the server.")
    ] = 60.0,
    ignore_conditions: AgainstStrategy = False,
    allow_live: AllowLive = False,
    live_account: LiveAccounts = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Enter a position, watch it, close it, and check the events that came of it."""
    steps = Steps()
    async with Session(url, token) as session:
        with steps.step("connect"):
            control = await session.control()
            data = await session.data()
            events = session.events()
            received: list[models.MesoLiveEvent] = []
            closed = asyncio.Event()
            events.on_any_event(received.append)
            await session.enter_async_context(events)
            start = (await events.get_latest_event_seq_id()).LatestEventSeqId
            out.print(f"connected; the last event so far is number {start}")

        with steps.step("choose strategy and account"):
            strategy = await _strategy(control, strategy_id)
            account_id = await account_of(control, strategy, account)
            before = await checked_account(control, account_id, allow_live=allow_live, live_accounts=live_account)
            await events.subscribe_to_strategies(models.SubscribeToStrategiesArgs(Strategies=[strategy.Id]))
            out.print(f"{strategy.Name} ({strategy.Symbol}) on {account_id}, cash {shown(before.Cash)}")

        with steps.step("prepare the entry"):
            entry = await prepare_entry(
                control,
                models.PreparePositionEntryArgs(
                    IdempotencyKey=new_idempotency_key("e2e-entry"),
                    PositionName=f"{strategy.Name} (e2e)"[:128],
                    StrategyId=strategy.Id,
                    BrokerAccountId=account_id,
                    LegSelectionConstraint=models.LiveLegSelectionConstraint.UniqueInPosition,
                    Underlying=underlying_of(strategy.Symbol, underlying_type),
                    DataProvider=provider,
                ),
                seconds=timeout,
            )
            print_entry(entry)
            if not entry.EntryAllowed:
                await ask_against_the_strategy("entry", entry.EntryConditions, entry.AbortConditions, ignore_conditions)

        trader: GroupTrader | None = None
        if before.IsPaperAccount:
            with steps.step("fill the entry"):
                position_id = await _fill(
                    control, entry, paper_fills(entry.SelectedLegs, entry.LegPrices, paper_fill_price, commission)
                )
        else:
            quotes = await data_provider(control, provider)
            trader = GroupTrader(control, data, events, quotes, seconds=timeout)
            with steps.step("send an order and cancel it"):
                await trader.try_and_cancel(entry, entry.SelectedLegs)
            with steps.step("order the entry"):
                await trader.trade(entry, entry.SelectedLegs)
                position_id = await opened_position(control, entry.ExecPlanId, timeout)
                out.print(f"position {position_id} is open")

        with steps.step("watch live data"):
            seen = 0
            async with (
                asyncio.timeout(timeout),
                data.stream_position_data(
                    models.StreamPositionDataArgs(PositionId=position_id, Provider=provider)
                ) as stream,
            ):
                async for item in stream:
                    seen += 1
                    out.print(view(f"Position {position_id}, item {seen}", item))
                    if seen == items:
                        break
            if seen < items:
                raise Failure(f"the stream ended after {seen} items")

        with steps.step("prepare the exit"):
            leave = await prepare_exit(
                control,
                models.PreparePositionExitArgs(
                    IdempotencyKey=new_idempotency_key("e2e-exit"), PositionId=position_id, DataProvider=provider
                ),
                seconds=timeout,
            )
            print_exit(leave)

        with steps.step("fill the exit" if trader is None else "order the exit"):

            @events.on_position_update
            def _(event: models.PositionUpdateEvent) -> None:
                if event.PositionId == position_id and event.Status is models.PositionStatus.Closed:
                    closed.set()

            if trader is None:
                fills = paper_fills(leave.PositionLegs, leave.LegPrices, paper_fill_price, commission)
                await _fill(control, leave, fills)
            else:
                await trader.trade(leave, leave.PositionLegs)
            position = await control.get_position(models.GetPositionArgs(PositionId=position_id))
            if position.State is not models.LivePositionState.Closed:
                raise Failure(f"position {position_id} is {position.State.value}, not Closed")
            after = await control.get_account(models.GetAccountArgs(BrokerAccountId=account_id))
            out.print(
                f"position {position_id} is closed, realised {shown(position.RealizedPnL)}; cash {shown(after.Cash)}"
            )

        with steps.step("compare the events with their replay"):
            async with asyncio.timeout(timeout):
                await closed.wait()
            replayed = await events.get_events_since(
                models.GetEventsSinceArgs(SinceEventSeqId=start, Limit=models.MAX_EVENTS_LIMIT)
            )
            print_table(
                "Events of this trade",
                ("Number", "Event", "What"),
                ((item.EventSeqId, item.EventType, what(item.Event)) for item in replayed.Events),
            )
            missed = {item.EventId for item in replayed.Events if item.StrategyId == strategy.Id}
            missed -= {event.EventId for event in received}
            # Events that were committed after the position was closed may still be on their way; those before may not.
            last = max((event.EventSeqId for event in received), default=0)
            lost = [item for item in replayed.Events if item.EventId in missed and item.EventSeqId < last]
            if lost:
                raise Failure(f"{len(lost)} events of the replay never came: {[item.EventSeqId for item in lost]}")
            out.print(f"{len(replayed.Events)} events, and all of them came as they happened")


async def _fill(
    control: MesoLiveControlHubClient, plan: models.PreparedPlan, fills: dict[str, models.PaperLegFill]
) -> int:
    """Book fills of a plan on paper, and return the position."""
    filled = await control.apply_paper_fills(
        models.ApplyPaperFillsArgs(
            IdempotencyKey=new_idempotency_key("e2e-fills"),
            BrokerAccountId=plan.BrokerAccountId,
            ExecPlanId=plan.ExecPlanId,
            PaperLegFills=fills,
        )
    )
    out.print(f"position {filled.PositionId}; executions {', '.join(map(str, filled.ExecutionIds))}")
    return filled.PositionId


async def _strategy(control: MesoLiveControlHubClient, strategy_id: int | None) -> models.LiveStrategy:
    if strategy_id is not None:
        return await control.get_strategy(models.GetStrategyArgs(StrategyId=strategy_id))
    listed = await control.list_strategies(models.ListStrategiesArgs(Limit=1))
    if not listed.Strategies:
        raise Failure("there is no strategy yet; import one with strategies_example create")
    return listed.Strategies[0]


if __name__ == "__main__":
    app()
