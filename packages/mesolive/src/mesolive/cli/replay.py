"""`mesolive replay`: a strategy over recorded or simulated days, as fast as they can be computed."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from mesolive.backtest.chart import ChartError, draw
from mesolive.backtest.report import contract_text, notice_row, order_row, signal_row, write
from mesolive.backtest.runner import Outcome, Request, StepClock, replay
from mesolive.backtest.trading import AccountKind, BacktestTerms
from mesolive.logs import configure_logs
from mesolive.market.calendar import ExchangeCalendar, us_options_calendar
from mesolive.market.provider import Provider
from mesolive.market.providers.exchange_export import ExportError, read_export
from mesolive.market.providers.recorded.provider import RecordedProvider, begins_at
from mesolive.market.providers.recorded.recordings import RecordingError, open_recordings
from mesolive.market.providers.simulated.provider import Hours, SimulatedProvider
from mesolive.market.service import Market
from mesolive_sdk import MesoLiveError
from mesolive_sdk.automation import POLICIES, HalfFilled, Style, What

MOST_ROWS = 40
LONGEST_DAYS = 400


def replay_command(
    strategy: Annotated[Path, typer.Option(help="The strategy's definition, a JSON file.", exists=True)],
    market: Annotated[str | None, typer.Option(help="simulated, where no recording is given.")] = None,
    recording: Annotated[Path | None, typer.Option(help="A recording to replay.", exists=True)] = None,
    first: Annotated[str | None, typer.Option("--from", help="The first day, such as 2026-01-05.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="The last day.")] = None,
    chain: Annotated[
        Path | None, typer.Option(help="An exchange chain export that the simulation starts from.", exists=True)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulated market, and of the strategy's own dice.")] = 1,
    every: Annotated[
        int, typer.Option(min=10, max=1800, help="Market seconds between evaluations; a divisor of 1800.")
    ] = 300,
    account_kind: Annotated[
        AccountKind, typer.Option(help="paper: filled at the marks. simulated: by orders at a simulated venue.")
    ] = AccountKind.paper,
    order_style: Annotated[
        Style, typer.Option(help="How orders are priced; walk begins at the middle and gives way.")
    ] = Style.WALK,
    step_seconds: Annotated[float, typer.Option(min=1, help="Market seconds between two steps of a walk.")] = 15.0,
    max_concession: Annotated[
        str, typer.Option(help="How far a walk goes: 0 the middle, 1 the natural price.")
    ] = "0.75",
    patience_seconds: Annotated[float, typer.Option(min=1, help="For how long a leg group is tried.")] = 300.0,
    half_filled: Annotated[
        HalfFilled, typer.Option(help="What is done about a plan of which a part was filled and the rest was not.")
    ] = HalfFilled.REPORT,
    slippage: Annotated[
        str, typer.Option(help="Where the simulated venue fills: 0 the middle, 1 the natural price.")
    ] = "0.5",
    cash: Annotated[str, typer.Option(help="What the account starts with.")] = "100000",
    commission: Annotated[str, typer.Option(help="Paid per contract.")] = "0.65",
    external_data: Annotated[
        Path | None,
        typer.Option(help="A CSV to read in place of the address in ExternalData.", exists=True, dir_okay=False),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where CSV files and the chart go; none without.")] = None,
) -> None:
    """Run a strategy over days of market with the autopilot, and tell what came of it.

    The same inputs give the same output.
    """
    if 1800 % every:
        raise typer.BadParameter("expected a divisor of 1800: sessions begin on the half hour", param_hint="--every")
    if (recording is None) == (market is None) or market not in {None, "simulated"}:
        raise typer.BadParameter("expected either --recording FILE or --market simulated")
    try:
        definition = msgspec.json.decode(strategy.read_bytes(), type=dict[str, Any])
    except (msgspec.MsgspecError, OSError) as error:
        raise typer.BadParameter(f"{strategy.name} is no JSON object: {error}", param_hint="--strategy") from None
    if external_data is not None:
        definition = _reading(definition, external_data.resolve())
    calendar = us_options_calendar()
    if recording is not None:
        provider, clock, begin, end = _recorded(recording, calendar, first, last)
    else:
        provider, clock, begin, end = _simulated(chain, calendar, first, last, seed, every)
    configure_logs(logging.WARNING)
    request = Request(
        definition=definition,
        market=Market([provider]),
        clock=clock,
        first=begin,
        last=end,
        every=every,
        cash=_amount("--cash", cash),
        commission=_amount("--commission", commission),
        seed=seed,
        external_folder=None if external_data is None else external_data.resolve().parent,
        terms=BacktestTerms(
            kind=account_kind,
            slippage=_part("--slippage", slippage),
            policies={
                kind: replace(
                    policy,
                    style=order_style,
                    step_seconds=step_seconds,
                    max_concession=_part("--max-concession", max_concession),
                    patience_seconds=patience_seconds,
                    half_filled=half_filled,
                )
                for kind, policy in POLICIES.items()
            },
        ),
    )
    try:
        outcome = asyncio.run(replay(request))
    except MesoLiveError as error:
        Console(stderr=True).print(f"mesolive: {error}", soft_wrap=True, markup=False)
        raise typer.Exit(1) from None
    _show(outcome, request)
    if out is not None:
        for path in write(outcome, out):
            typer.echo(f"wrote {path}")
        try:
            typer.echo(f"wrote {draw(outcome, out / 'equity.png', str(definition.get('StrategyName', 'replay')))}")
        except ChartError as error:
            typer.echo(f"no chart: {error}", err=True)
    if not outcome.balances:
        raise typer.Exit(1)


def _reading(definition: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the definition with a file as its external data."""
    named = definition.get("ExternalData")
    if not isinstance(named, dict):
        raise typer.BadParameter("the strategy reads no ExternalData", param_hint="--external-data")
    return definition | {"ExternalData": {**cast("dict[str, Any]", named), "CsvUrl": path.as_uri()}}


def _recorded(
    path: Path, calendar: ExchangeCalendar, first: str | None, last: str | None
) -> tuple[Provider, StepClock, datetime, datetime]:
    try:
        recordings = open_recordings(path, calendar)
    except RecordingError as error:
        raise typer.BadParameter(str(error), param_hint="--recording") from None
    begin = begins_at(recordings)
    if first is not None:
        begin = max(begin, _opening(calendar, _day("--from", first)))
    clock = StepClock(begin)
    provider = RecordedProvider(recordings, clock, calendar)
    end = provider.ends_at
    if last is not None:
        end = min(end, _closing(calendar, _day("--to", last)))
    if end < begin:
        raise typer.BadParameter(f"nothing is recorded between {begin:%Y-%m-%d} and {end:%Y-%m-%d}")
    return provider, clock, begin, end


def _simulated(
    chain: Path | None, calendar: ExchangeCalendar, first: str | None, last: str | None, seed: int, every: int
) -> tuple[Provider, StepClock, datetime, datetime]:
    if last is None or (first is None and chain is None):
        raise typer.BadParameter("a simulated market needs --from and --to")
    step = timedelta(seconds=every)
    end = _closing(calendar, _day("--to", last))
    if chain is None:
        begin = _opening(calendar, _day("--from", first or last))
        clock = StepClock(begin)
        provider = SimulatedProvider.generated(clock, seed=seed, step=step, calendar=calendar)
    else:
        try:
            export = read_export(chain)
        except ExportError as error:
            raise typer.BadParameter(str(error), param_hint="--chain") from None
        clock = StepClock(export.exported_at)
        provider = SimulatedProvider.from_export(
            export, clock, seed=seed, step=step, hours=Hours.SESSION, calendar=calendar
        )
        begin = export.exported_at
        if first is not None:
            begin = max(begin, _opening(calendar, _day("--from", first)))
    if not begin < end <= begin + timedelta(days=LONGEST_DAYS):
        raise typer.BadParameter(f"expected --to after --from, at most {LONGEST_DAYS} days later")
    return provider, clock, begin, end


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a day such as 2026-01-05, got {text!r}", param_hint=option) from None


def _opening(calendar: ExchangeCalendar, day: date) -> datetime:
    """Return the opening of a day, or of the next that has a session."""
    session = calendar.session(day) or calendar.session(calendar.next_trading_day(day))
    assert session is not None  # noqa: S101 - a trading day has one
    return session[0]


def _closing(calendar: ExchangeCalendar, day: date) -> datetime:
    """Return the close of a day, or of the last before it that had a session."""
    session = calendar.session(day) or calendar.session(calendar.previous_trading_day(day))
    assert session is not None  # noqa: S101 - a trading day has one
    return session[1]


def _amount(option: str, text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise typer.BadParameter(f"expected an amount of 0 or more, got {text!r}", param_hint=option)
    return amount


def _part(option: str, text: str) -> Decimal:
    part = _amount(option, text)
    if part > 1:
        raise typer.BadParameter(f"expected a number from 0 to 1, got {text!r}", param_hint=option)
    return part


def _show(outcome: Outcome, request: Request) -> None:
    console = Console(highlight=False)
    names = {position.Id: position.Name for position in outcome.positions}
    trades = _table("Trades", ("time (UTC)", "position", "leg", "contract", "qty", "price", "commission"), 4)
    for one in outcome.executions[-MOST_ROWS:]:
        trades.add_row(
            f"{one.ExecutedAt:%Y-%m-%d %H:%M}",
            names[one.PositionId],
            one.LegName,
            contract_text(one.Contract),
            f"{one.Qty:+f}",
            f"{one.Price:.2f}",
            f"{one.Commission:.2f}",
        )
    console.print(trades)
    if outcome.orders:
        orders = _table("Orders", ("time (UTC)", "order", "position", "group", "type", "limit", "state", "filled"), 7)
        for order in outcome.orders[-MOST_ROWS:]:
            orders.add_row(f"{order.CreatedAt:%Y-%m-%d %H:%M:%S}", *order_row(order, outcome)[:-1])
        console.print(orders)
    told = [notice for notice in outcome.notices if notice.what in {What.OUTCOME, What.TROUBLE}]
    acted = _table("Autopilot", ("time (UTC)", "signal", "position", "what came of it"), 4)
    for notice in told[-MOST_ROWS:]:
        acted.add_row(f"{notice.at:%Y-%m-%d %H:%M:%S}", *notice_row(notice, outcome)[1:])
    console.print(acted)
    signals = _table("Signals", ("time (UTC)", "what", "state", "position", "detail"), 5)
    for event in outcome.events[-MOST_ROWS:]:
        signals.add_row(f"{event.EventTime:%Y-%m-%d %H:%M}", *signal_row(event))
    console.print(signals)
    days = _table("Account", ("day", "value", "positions", "delta", "gamma", "theta", "vega"), 1)
    for place, point in enumerate(outcome.points):
        following = outcome.points[place + 1] if place + 1 < len(outcome.points) else None
        if following is None or following.at.date() != point.at.date():
            figures = (point.value, None, point.delta, point.gamma, point.theta, point.vega)
            shown = ["-" if one is None else f"{one:,.2f}" for one in figures]
            shown[1] = str(point.positions)
            days.add_row(f"{point.at:%Y-%m-%d}", *shown)
    console.print(days)
    realized = sum((one.RealizedPnL for one in outcome.positions), Decimal(0))
    commissions = sum((one.Commission for one in outcome.executions), Decimal(0))
    end = outcome.points[-1].value if outcome.points else request.cash
    closed = sum(one.ClosedAt is not None for one in outcome.positions)
    console.print(
        f"positions: {len(outcome.positions)}, of which closed: {closed}; executions: {len(outcome.executions)}"
    )
    if outcome.orders:
        ends = Counter(order.State.name for order in outcome.orders)
        console.print(f"orders: {', '.join(f'{number} {name}' for name, number in sorted(ends.items()))}")
    console.print(f"start {request.cash:,.2f}, end {'unknown' if end is None else f'{end:,.2f}'}")
    console.print(f"realised PnL {realized:,.2f} after commissions of {commissions:,.2f}")
    console.print("the books balance" if outcome.balances else f"the books do not balance: {outcome.gap}")


def _table(title: str, columns: tuple[str, ...], first_number: int) -> Table:
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place >= first_number else "left", overflow="fold")
    return table
