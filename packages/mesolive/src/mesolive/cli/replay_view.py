"""Terminal view of `mesolive replay`: progress while it runs, then trades, positions, months and results."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from rich import box
from rich import progress as bars
from rich.text import Text

from mesolive.backtest.report import notice_row
from mesolive.backtest.runner import Outcome, Progress
from mesolive.backtest.statistics import Results
from mesolive.cli import remote
from mesolive.cli.output import Console, Table
from mesolive.cli.text import echo
from mesolive_sdk import models
from mesolive_sdk.automation import Category
from mesolive_sdk.display import contract_text, visible

MAX_ROWS: Final = 20
"""Rows of one table on the screen: the last ones. All of them are in the files."""

LINE_SECONDS: Final = 15.0
"""Real seconds between two lines of progress where there is no terminal."""

PROSE: Final = frozenset({"why", "what", "ended by"})
"""Columns of sentences."""

PLAIN_STATES: Final = frozenset({"done"})
"""Outcomes of the autopilot that need no line of their own: the trades show them."""


@contextlib.contextmanager
def showing_progress() -> Generator[Callable[[Progress], None]]:
    """Show the progress of the replay: a bar with the time left on a terminal, else a line at intervals."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        columns = (
            bars.TextColumn("{task.description}"),
            bars.BarColumn(bar_width=None),
            bars.TaskProgressColumn(),
            bars.TimeRemainingColumn(),
        )
        with bars.Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("replay", total=None)

            def advance(at: Progress) -> None:
                bar.update(task, completed=at.done, total=at.total, description=f"{at.moment:%Y-%m-%d}")

            yield advance
        return
    began = printed_at = time.monotonic()

    def print_line(at: Progress) -> None:
        nonlocal printed_at
        now = time.monotonic()
        if now - printed_at < LINE_SECONDS or not at.done:
            return
        printed_at = now
        left = timedelta(seconds=round((now - began) * (at.total - at.done) / at.done))
        echo(f"{at.moment:%Y-%m-%d}: {100 * at.done // at.total} % done, about {left} left", err=True)

    yield print_line


def show(outcome: Outcome, results: Results, *, to_files: bool) -> None:
    """Print the tables and the results.

    Parameters
    ----------
    to_files
        Whether all rows were written into files.
    """
    shown = Screen(to_files=to_files)
    shown.table(
        "Trades",
        ("time (UTC)", "pos", "leg", "contract", "qty", "price", ""),
        [
            (
                f"{execution.ExecutedAt:%Y-%m-%d %H:%M}",
                str(execution.PositionId),
                execution.LegName,
                contract_text(execution.Contract),
                f"{execution.Qty:+f}",
                f"{execution.Price:.2f}",
                "settled" if execution.LiveOrderId is None else "",
            )
            for execution in outcome.executions
        ],
        numbers=("pos", "qty", "price"),
    )
    if outcome.orders:
        positions = {execution.LiveOrderId: execution.PositionId for execution in outcome.executions}
        shown.table(
            "Orders",
            ("time (UTC)", "id", "pos", "type", "limit", "state", "filled"),
            [
                (
                    f"{order.CreatedAt:%Y-%m-%d %H:%M:%S}",
                    str(order.OrderId),
                    str(positions.get(order.OrderId, "")),
                    order.OrderType.name,
                    "" if order.LimitPrice is None else f"{order.LimitPrice:.2f}",
                    order.State.name,
                    f"{order.CumQty:f} of {order.Qty:f}",
                )
                for order in outcome.orders
            ],
            numbers=("id", "pos", "limit", "filled"),
        )
    troubles = [
        notice
        for notice in outcome.notices
        if notice.category is Category.TROUBLE
        or (notice.category is Category.OUTCOME and notice.details.get("State") not in PLAIN_STATES)
    ]
    shown.table(
        "Not carried out",
        ("time (UTC)", "signal", "pos", "why"),
        [
            (
                f"{trouble.at:%Y-%m-%d %H:%M}",
                trouble.task.kind.value,
                _id(trouble.task.position_id),
                notice_row(trouble, outcome)[3],
            )
            for trouble in troubles
        ],
        numbers=("pos",),
    )
    errors = [
        event for event in outcome.events if isinstance(event, models.ErrorEvent) and event.State.name == "Active"
    ]
    shown.table(
        "Errors",
        ("time (UTC)", "pos", "what"),
        [(f"{error.EventTime:%Y-%m-%d %H:%M}", _id(error.PositionId), error.Message or "") for error in errors],
        numbers=("pos",),
    )
    shown.table(
        "Account",
        ("day", "value", "positions", "delta", "gamma", "theta", "vega"),
        _days(outcome),
        numbers=("value", "positions", "delta", "gamma", "theta", "vega"),
    )
    shown.table(
        "Positions",
        ("pos", "opened (UTC)", "days", "PnL", "paid", "fills", "adj", "ended by"),
        [
            (
                str(position.id),
                f"{position.opened_at:%Y-%m-%d %H:%M}",
                f"{position.days:.1f}",
                _money(position.pnl),
                _money(position.commission),
                str(position.fills),
                str(position.adjustments),
                position.ended.partition(" --")[0] or "(open)",
            )
            for position in results.positions
        ],
        numbers=("pos", "days", "PnL", "paid", "fills", "adj"),
    )
    shown.table(
        "Months",
        ("month", "PnL", "percent", "closed", "won"),
        [
            (month.month, _money(month.pnl), _number(month.percent), str(month.closed), str(month.won))
            for month in results.months
        ],
        numbers=("PnL", "percent", "closed", "won"),
    )
    shown.fields("Results", result_fields(outcome, results))


def result_fields(outcome: Outcome, results: Results) -> list[tuple[str, str]]:
    """Return the results as names and texts."""
    fall = results.max_drawdown
    fields = [
        ("value", f"{_money(results.start)} -> {'unknown' if results.end is None else _money(results.end)}"),
        ("PnL", f"{_money(results.pnl)} ({_number(results.percent)} %), commissions {_money(results.commissions)}"),
        ("trades", f"{results.trades} closed ({results.won} won, {results.lost} lost), {results.still_open} open"),
        ("win rate", "-" if results.win_rate is None else f"{results.win_rate:.1f} %"),
        ("profit factor", _number(results.profit_factor)),
        ("average win, loss", f"{_money(results.average_win)}, {_money(results.average_loss)}"),
        ("largest win, loss", f"{_money(results.largest_win)}, {_money(results.largest_loss)}"),
        (
            "max drawdown",
            "none" if fall is None else _drawdown(fall.amount, fall.percent, fall.days, fall.recovered_at),
        ),
        ("exposure", "-" if results.exposure is None else f"{results.exposure:.1f} % of the session time"),
        ("decisions", _decisions(outcome)),
    ]
    if outcome.silent:
        first = f"{outcome.silent[0]:%Y-%m-%d %H:%M}"
        fields.append(
            ("no quotes", f"at {len(outcome.silent)} scheduled times, the first {first} UTC: nothing decided")
        )
    if outcome.orders:
        ends = Counter(order.State.name for order in outcome.orders)
        fields.append(("orders", ", ".join(f"{number} {name}" for name, number in sorted(ends.items()))))
    fields.append(("books", "the books balance" if outcome.balances else f"the books do not balance: {outcome.gap}"))
    return fields


def _drawdown(amount: Decimal, percent: Decimal, days: Decimal, recovered: datetime | None) -> str:
    end = "recovered" if recovered is not None else "not recovered"
    return f"{_money(amount)} ({percent:.2f} %), {days:.1f} days, {end}"


def _decisions(outcome: Outcome) -> str:
    kinds = Counter(decision.decision for decision in outcome.decisions)
    parts = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    return f"{len(outcome.decisions)} evaluated on schedule{f' ({parts})' if parts else ''}"


def _days(outcome: Outcome) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for place, point in enumerate(outcome.points):
        following = outcome.points[place + 1] if place + 1 < len(outcome.points) else None
        if following is None or following.at.date() != point.at.date():
            figures = [_number(item) for item in (point.delta, point.gamma, point.theta, point.vega)]
            rows.append((f"{point.at:%Y-%m-%d}", _money(point.value), str(point.positions), *figures))
    return rows


class Screen:
    """Where tables go: as wide as the terminal; each with no more than its last rows and a count of all.

    Parameters
    ----------
    to_files
        Whether all rows were written into files.
    """

    def __init__(self, *, to_files: bool) -> None:
        self._console = remote.console()
        self._to_files = to_files

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        numbers: Sequence[str] = (),
    ) -> None:
        """Print a table; nothing where there are no rows."""
        if not rows:
            return
        hidden = len(rows) - MAX_ROWS
        rest = "all are in the files" if self._to_files else "--out FOLDER writes all"
        count = "" if hidden <= 0 else f" (the last {MAX_ROWS} of {len(rows):,}; {rest})"
        table = Table(
            title=f"{title}{count}",
            title_justify="left",
            title_style="bold",
            header_style="bold",
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
        )
        for column in columns:
            # Sentences are wrapped between words; a name or an expression that has no room ends in an ellipsis.
            prose = column in PROSE
            table.add_column(
                Text(column),
                justify="right" if column in numbers else "left",
                overflow="fold" if prose else "ellipsis",
                no_wrap=not prose,
            )
        for row in rows[-MAX_ROWS:]:
            table.add_row(*(Text(visible(cell)) for cell in row))
        self._console.print(table)

    def fields(self, title: str, fields: Sequence[tuple[str, str]]) -> None:
        """Print names and values, a line each."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in fields:
            grid.add_row(Text(name), Text(visible(value)))
        self._console.print(Text(title, style="bold"))
        self._console.print(grid)


def _id(position: int | None) -> str:
    return "" if position is None else str(position)


def _money(amount: Decimal | None) -> str:
    return "-" if amount is None else f"{amount:,.2f}"


def _number(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:,.2f}"
