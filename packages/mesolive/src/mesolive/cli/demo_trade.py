"""Demo trade: enters, watches and exits a position through the SDK over a real socket, and shows each step."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from rich.live import Live
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mesolive.cli.demo_view import (
    StepFailedError,
    Steps,
    conditions_table,
    events_table,
    greeks_line,
    legs_table,
    live_panel,
    money,
    number,
)
from mesolive.cli.output import Console
from mesolive_sdk import (
    MesoLiveControlHubClient,
    MesoLiveDataHubClient,
    MesoLiveError,
    MesoLiveEventHubClient,
    models,
    new_idempotency_key,
    wait_for_job,
)
from mesolive_sdk.automation import PAPER_COMMISSION
from mesolive_sdk.ticks import tick_of

STEP_COUNT = 8
CENT = Decimal("0.01")

EVENT_SECONDS = 10.0
FILL_SECONDS = 60.0
QUOTE_SECONDS = 60.0
AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Trade:
    """The strategy, the account and the holding time of the demo trade.

    Attributes
    ----------
    sends_orders
        Whether the legs are ordered at the account's broker; else they are filled on paper.
    provider
        Whose quotes of the underlying are shown.
    hold_updates
        After how many live updates the position is closed.
    hold_seconds
        Or after how many seconds, whichever comes first; at least two updates are awaited.
    """

    url: str
    token: str
    account_id: str
    definition: Mapping[str, object]
    underlying: models.LiveUnderlying
    sends_orders: bool = False
    provider: models.DataProviderType = models.DataProviderType.Simulated
    hold_updates: int = 20
    hold_seconds: float = 12.0


async def run_trade(trade: Trade, console: Console) -> None:
    """Connect, import the strategy, enter, watch, exit, and replay the events.

    Raises
    ------
    StepFailedError
        When a step fails; `step` names it.
    """
    steps = Steps(console, STEP_COUNT)
    async with contextlib.AsyncExitStack() as stack:
        with steps.step("Connect the three hubs", MesoLiveError):
            control = await stack.enter_async_context(MesoLiveControlHubClient(trade.url, trade.token))
            data = await stack.enter_async_context(MesoLiveDataHubClient(trade.url, trade.token))
            received = _Received()
            events = MesoLiveEventHubClient(trade.url, trade.token)
            events.on_position_update(received.position)
            events.on_any_event(received.count)
            await stack.enter_async_context(events)
            account = await control.get_account(models.GetAccountArgs(BrokerAccountId=trade.account_id))
            cash = f"cash {money(account.Cash)} {account.Currency}"
            console.print(f"account {account.BrokerAccountId} ({account.AccountType}): {cash}")
            start = (await events.get_latest_event_seq_id()).LatestEventSeqId

        with steps.step("Import the strategy", MesoLiveError):
            strategy = await _strategy(control, trade)
            await events.subscribe_to_strategies(models.SubscribeToStrategiesArgs(Strategies=[strategy.Id]))
            console.print(f"strategy {strategy.Id}: {strategy.Name}, on {', '.join(strategy.ActiveOnAccounts)}")

        with steps.step("Prepare the entry on the live chain", MesoLiveError):
            entry = await _prepare_entry(control, console, trade, strategy)
            title = f"plan {entry.ExecPlanId}: {trade.underlying.Symbol} at {number(entry.UnderlyingPrice.Mark)}"
            console.print(legs_table(title, entry.SelectedLegs, entry.LegPrices, entry.LegGreeks))
            console.print(greeks_line("position", entry.PositionGreeks))
            console.print(conditions_table(entry))
            console.print(f"entry allowed: [bold]{entry.EntryAllowed}[/]")

        title = "Order it at the broker" if trade.sends_orders else "Fill it on the paper account, at the mark"
        with steps.step(title, MesoLiveError):
            if trade.sends_orders:
                await _send(control, trade, entry.ExecPlanId, entry.LegGroups, "entry")
                position_id = await _opened(control, entry.ExecPlanId)
            else:
                filled = await control.apply_paper_fills(
                    _fills(trade, entry.ExecPlanId, entry.SelectedLegs, entry.LegPrices, "entry")
                )
                position_id = filled.PositionId
            opened = await control.get_position(models.GetPositionArgs(PositionId=position_id))
            frozen = ", ".join(f"{name} = {value:,.2f}" for name, value in sorted(opened.Vars.items()))
            console.print(f"position {opened.Id} is [bold]{opened.State.name}[/]; frozen with it: {frozen}")

        with steps.step("Hold it and watch live prices, greeks and PnL", MesoLiveError):
            await _watch(data, console, trade, position_id)

        with steps.step("Prepare the exit", MesoLiveError):
            leave = await _prepare_exit(control, console, position_id)
            title = f"plan {leave.ExecPlanId}: closes position {leave.PositionId}"
            console.print(legs_table(title, leave.PositionLegs, leave.LegPrices, leave.LegGreeks))

        title = "Close the position at the broker" if trade.sends_orders else "Close the position, at the mark"
        with steps.step(title, MesoLiveError):
            if trade.sends_orders:
                await _send(control, trade, leave.ExecPlanId, leave.LegGroups, "exit")
            else:
                await control.apply_paper_fills(
                    _fills(trade, leave.ExecPlanId, leave.PositionLegs, leave.LegPrices, "exit")
                )
            async with asyncio.timeout(FILL_SECONDS if trade.sends_orders else EVENT_SECONDS):
                closed = await received.closed(position_id)
            account = await control.get_account(models.GetAccountArgs(BrokerAccountId=trade.account_id))
            cash = f"cash {money(account.Cash)} {account.Currency}"
            console.print(f"realised {money(closed.RealizedPnL)} after commissions; {cash}")

        with steps.step("Replay the events of the trade", MesoLiveError):
            replay = await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=start, Limit=1000))
            console.print(events_table(replay.Events))
            _check_replay(replay.Events, start, received)


async def _send(
    control: MesoLiveControlHubClient, trade: Trade, plan_id: int, groups: Mapping[int, list[str]], what: str
) -> None:
    """Order every leg group of a plan at the market."""
    for group, names in groups.items():
        order = models.LegGroupOrder(
            OrderType=models.OrderType.Market, TimeInForce=models.TimeInForce.Day, LegNames=names
        )
        await control.send_order(
            models.SendOrderArgs(
                IdempotencyKey=new_idempotency_key(f"demo-{what}-{group}"),
                BrokerAccountId=trade.account_id,
                ExecPlanId=plan_id,
                LegGroupId=group,
                LegGroupOrder=order,
            )
        )


async def _opened(control: MesoLiveControlHubClient, plan_id: int) -> int:
    """Wait until the position of a plan is open, and return its id.

    Raises
    ------
    StepFailedError
        When its orders are not filled in time.
    """
    args = models.ListPositionsArgs(LiveExecPlanId=plan_id, State=models.LivePositionState.Open)
    try:
        async with asyncio.timeout(FILL_SECONDS):
            while True:
                if positions := (await control.list_positions(args)).Positions:
                    return positions[0].Id
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise StepFailedError("Order", f"the orders were not filled within {FILL_SECONDS:g} s") from None


class _Received:
    """The events received from the Event Hub."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._closed: dict[int, asyncio.Future[models.PositionUpdateEvent]] = {}

    def count(self, event: models.MesoLiveEvent) -> None:
        self.numbers[str(event.EventId)] = event.EventSeqId

    def position(self, event: models.PositionUpdateEvent) -> None:
        if event.Status is models.PositionStatus.Closed:
            self._future(event.PositionId).set_result(event)

    async def closed(self, position_id: int) -> models.PositionUpdateEvent:
        return await self._future(position_id)

    def _future(self, position_id: int) -> asyncio.Future[models.PositionUpdateEvent]:
        if position_id not in self._closed:
            self._closed[position_id] = asyncio.get_running_loop().create_future()
        return self._closed[position_id]


async def _strategy(control: MesoLiveControlHubClient, trade: Trade) -> models.LiveStrategy:
    """Import the sample, or use the one that an earlier demonstration imported."""
    name = str(trade.definition["StrategyName"])
    listed = await control.list_strategies(models.ListStrategiesArgs(ActiveOnAccounts=[trade.account_id], Limit=500))
    for strategy in listed.Strategies:
        if strategy.Name == name:
            return strategy
    return await control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=dict(trade.definition), ActiveOnAccounts=[trade.account_id])
    )


async def _prepare_entry(
    control: MesoLiveControlHubClient, console: Console, trade: Trade, strategy: models.LiveStrategy
) -> models.PreparePositionEntryResult:
    """Prepare the entry; again, at a broker that quotes a few contracts at a time, until enough of the chain is."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + (QUOTE_SECONDS if trade.sends_orders else 0)
    while True:
        try:
            return await _prepare_entry_once(control, console, trade, strategy)
        except StepFailedError as error:
            if loop.time() > ends:
                raise
            console.print(f"not yet: {escape(error.reason)}")
        await asyncio.sleep(AGAIN_SECONDS)


async def _prepare_entry_once(
    control: MesoLiveControlHubClient, console: Console, trade: Trade, strategy: models.LiveStrategy
) -> models.PreparePositionEntryResult:
    job = await control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key("demo-entry"),
            PositionName=f"{strategy.Name} (demo)",
            StrategyId=strategy.Id,
            BrokerAccountId=trade.account_id,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            Underlying=trade.underlying,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    with _progress(console) as progress:
        task = progress.add_task("selecting contracts", status="Pending")
        status = await wait_for_job(
            lambda: control.get_prepare_position_entry_status(args),
            on_status=lambda answer: progress.update(task, status=answer.Status.name),
        )
    if status.Result is None:
        raise StepFailedError("Prepare the entry", status.Error or status.Status.name)
    return status.Result


async def _prepare_exit(
    control: MesoLiveControlHubClient, console: Console, position_id: int
) -> models.PreparePositionExitResult:
    job = await control.start_prepare_position_exit(
        models.PreparePositionExitArgs(IdempotencyKey=new_idempotency_key("demo-exit"), PositionId=position_id)
    )
    args = models.GetPreparePositionExitStatusArgs(JobId=job.JobId)
    with _progress(console) as progress:
        task = progress.add_task("reading the position's quotes", status="Pending")
        status = await wait_for_job(
            lambda: control.get_prepare_position_exit_status(args),
            on_status=lambda answer: progress.update(task, status=answer.Status.name),
        )
    if status.Result is None:
        raise StepFailedError("Prepare the exit", status.Error or status.Status.name)
    return status.Result


async def _watch(data: MesoLiveDataHubClient, console: Console, trade: Trade, position_id: int) -> None:
    args = models.StreamPositionDataArgs(
        PositionId=position_id,
        IncludePosition=models.LiveDataInclude.All,
        IncludeLegs=models.LiveDataInclude.Prices,
        IncludeLegGroups=models.LiveDataInclude.None_,
    )
    underlying_args = models.GetUnderlyingSnapshotArgs(
        Underlying=trade.underlying,
        PriceFields=models.LiveQuoteFields.All,
        Provider=trade.provider,
    )
    loop = asyncio.get_running_loop()
    ends = loop.time() + trade.hold_seconds
    updates = 0
    with Live(console=console, refresh_per_second=8) as live:
        async with contextlib.aclosing(data.stream_position_data(args)) as stream:
            async for entry in stream:
                updates += 1
                snapshot = await data.get_underlying_snapshot(underlying_args)
                live.update(live_panel(updates, entry, snapshot.Prices.Mark if snapshot.Prices else None))
                if updates >= trade.hold_updates or (loop.time() > ends and updates > 1):
                    break


def _fills(
    trade: Trade,
    plan_id: int,
    legs: Mapping[str, models.LiveLeg],
    prices: Mapping[str, models.LivePrices],
    what: str,
) -> models.ApplyPaperFillsArgs:
    """Return fills of every leg at its mark, rounded to the tick, with a usual commission."""
    fills: dict[str, models.PaperLegFill] = {}
    for name, leg in legs.items():
        if leg.Qty == 0:
            continue
        mark = prices[name].Mark
        if mark is None:
            raise StepFailedError("Fill", f"leg {name} has no mark now")
        roots = [] if leg.LiveContract.Root is None else [leg.LiveContract.Root]
        tick = CENT if trade.underlying.ContractType is models.MesoContractType.Stock else tick_of(roots, mark)
        price = (mark / tick).quantize(Decimal(1), rounding=ROUND_HALF_EVEN) * tick
        fills[name] = models.PaperLegFill(Price=price, Commission=PAPER_COMMISSION * abs(leg.Qty))
    return models.ApplyPaperFillsArgs(
        IdempotencyKey=new_idempotency_key(f"demo-{what}"),
        BrokerAccountId=trade.account_id,
        ExecPlanId=plan_id,
        PaperLegFills=fills,
    )


def _check_replay(events: list[models.MesoLiveEventEnvelope], start: int, received: _Received) -> None:
    """Check that the replay has no gap and contains every event that was received and is later than `start`."""
    numbers = [event.EventSeqId for event in events]
    if numbers != list(range(start + 1, start + 1 + len(numbers))):
        raise StepFailedError("Replay the events", f"the sequence has gaps: {numbers}")
    # A subscriber first gets what is active already, such as a signal to enter: that is from before the trade.
    during = {event for event, number in received.numbers.items() if number > start}
    missing = during - {str(event.EventId) for event in events}
    if missing:
        raise StepFailedError("Replay the events", f"{len(missing)} received events are not in the replay")


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}: {task.fields[status]}"), TimeElapsedColumn(), console=console
    )
