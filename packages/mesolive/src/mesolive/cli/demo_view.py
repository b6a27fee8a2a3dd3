"""Terminal view of `mesolive demo`: numbered steps, tables and the live PnL."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel

from mesolive.cli.output import Console, Table
from mesolive_sdk import models
from mesolive_sdk.display import contract_text

Number = Decimal | None


class StepFailedError(Exception):
    """A step of the demonstration failed; `step` names it."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason


class Steps:
    """Numbers and shows the steps; an error within a step becomes `StepFailedError` with its name."""

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self._total = total
        self._number = 0

    @contextmanager
    def step(self, title: str, *expected: type[Exception]) -> Generator[None]:
        """Show a step; an error among `expected`, a time-out or a lost connection becomes `StepFailedError`."""
        self._number += 1
        self.console.print(f"\n[bold cyan]{self._number}/{self._total}[/] [bold]{title}[/]")
        try:
            yield
        except (*expected, TimeoutError, ConnectionError) as error:
            raise StepFailedError(title, str(error) or type(error).__name__) from error


def money(value: Number) -> str:
    """Return an amount with two decimals and its sign in colour; a dash for no value."""
    if value is None:
        return "[dim]–[/]"
    colour = "green" if value > 0 else "red" if value < 0 else "white"
    return f"[{colour}]{value:,.2f}[/]"


def number(value: Number, digits: int = 2) -> str:
    """Return a number with `digits` decimals; a dash for no value."""
    return "[dim]–[/]" if value is None else f"{value:,.{digits}f}"


def legs_table(
    title: str,
    legs: Mapping[str, models.LiveLeg],
    prices: Mapping[str, models.LivePrices],
    greeks: Mapping[str, models.LiveGreeks],
) -> Table:
    """Return the legs with their quotes and greeks."""
    table = plain_table(title, "leg", "contract")
    for column in ("qty", "bid", "mark", "ask", "IV %", "delta", "theta", "vega"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, leg in legs.items():
        quote, mark = prices[name], greeks[name].Mark or models.GreekValues()
        table.add_row(
            name,
            contract_text(leg.LiveContract).partition(" ")[2],
            f"{leg.Qty:f}",
            number(quote.Bid),
            number(quote.Mark),
            number(quote.Ask),
            number(mark.IV),
            number(mark.Delta),
            number(mark.Theta, 1),
            number(mark.Vega, 1),
        )
    return table


def plain_table(title: str, *columns: str) -> Table:
    """Return a table without frames, narrow enough for 80 columns."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 0, 0, 1))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def greeks_line(name: str, greeks: models.LiveGreeks) -> str:
    """Return the greeks of a whole position in one line."""
    mark = greeks.Mark or models.GreekValues()
    parts = [("delta", mark.Delta), ("gamma", mark.Gamma), ("theta", mark.Theta), ("vega", mark.Vega)]
    return f"{name}: " + "  ".join(f"{label} [bold]{number(value, 3)}[/]" for label, value in parts)


def conditions_table(result: models.PreparePositionEntryResult) -> Table:
    """Return every condition with its outcome and the values that it read."""
    table = plain_table("conditions", "kind", "statement", "outcome", "read")
    for condition in [*result.EntryConditions, *result.AbortConditions]:
        outcome = escape(condition.Error or str(condition.Result))
        values = ", ".join(f"{name} = {value:.2f}" for name, value in condition.Vars.items())
        table.add_row(condition.Type.name, escape(condition.Statement), outcome, values)
    return table


def live_panel(entries: int, entry: models.PositionDataEntry, underlying: Number) -> RenderableType:
    """Return the panel that is shown while the position is open."""
    pnl, prices = entry.PositionPnLs, entry.PositionPrices
    table = Table.grid(padding=(0, 3))
    table.add_row("underlying", number(underlying))
    if prices is not None:
        table.add_row("combo bid / mark / ask", " / ".join(number(v) for v in (prices.Bid, prices.Mark, prices.Ask)))
    if pnl is not None:
        table.add_row("PnL at the mark", money(pnl.Mark))
        table.add_row("PnL if closed at the bid", money(pnl.Bid))
        table.add_row("realised", money(pnl.Realized))
    rows: list[RenderableType] = [table]
    if entry.PositionGreeks is not None:
        rows.append(greeks_line("greeks", entry.PositionGreeks))
    return Panel(Group(*rows), title=f"position held, update {entries}", title_align="left", width=78)


def events_table(events: Sequence[models.MesoLiveEventEnvelope]) -> Table:
    """Return the events in their order."""
    table = plain_table("events", "seq", "UTC", "event", "what")
    for envelope in events:
        table.add_row(
            str(envelope.EventSeqId),
            f"{envelope.EventTime:%H:%M:%S}",
            envelope.EventType.removeprefix("On"),
            event_text(envelope.Event),
        )
    return table


def event_text(event: object) -> str:
    """Return the essence of an event in a few words."""
    match event:
        case models.PositionUpdateEvent():
            return f"position {event.PositionId} {event.Status.name}, realised {event.RealizedPnL:,.2f}"
        case models.LegUpdateEvent():
            leg = f"{event.Qty:f} × {contract_text(event.Contract)}"
            return f"leg {event.LegName} {event.Status.name}: {leg}, realised {event.RealizedPnL:,.2f}"
        case models.OrderUpdateEvent():
            return f"order {event.OrderId} {event.State.name} at {number(event.AvgFillPrice)}"
        case models.ErrorEvent():
            return f"{event.State.name}: {escape(event.Message or '')}"
        case models.PositionEntryPreparationCompletedEvent() | models.PositionExitPreparationCompletedEvent():
            return f"plan {event.Result.ExecPlanId} is ready"
        case _:
            return ""
