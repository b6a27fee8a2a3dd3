"""Backtest statistics: trades, win rate, profit factor, drawdown, exposure, by month and by position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from mesolive_sdk import models

if TYPE_CHECKING:  # annotations only: the statistics read what the runner returns
    from mesolive.backtest.runner import Outcome, Point

HUNDRED = Decimal(100)
DAY = timedelta(days=1)
LIQUIDATED = "MaxAdjustmentCount"
"""The reason for the close of a position that exceeds its maximum number of adjustments."""


class Drawdown(msgspec.Struct, rename="pascal", frozen=True):
    """The largest fall of the account's value from a peak.

    Attributes
    ----------
    amount, percent
        How far it fell; `percent` of the peak.
    peak_at, trough_at
        When it began and where it was deepest.
    recovered_at
        When the peak was reached again; `None` when it was not.
    days
        Calendar days from the peak to the recovery, or to the end.
    """

    amount: Decimal
    percent: Decimal
    peak_at: datetime
    trough_at: datetime
    recovered_at: datetime | None
    days: Decimal


class MonthResult(msgspec.Struct, rename="pascal", frozen=True):
    """One calendar month: what the account gained, and the positions closed in it."""

    month: str
    pnl: Decimal
    percent: Decimal | None
    closed: int
    won: int


class PositionResult(msgspec.Struct, rename="pascal", frozen=True):
    """The result of one position.

    Attributes
    ----------
    pnl
        Realised, after commissions; of an open position with what is held at the mark. `None` when that is unknown.
    commission
        Paid for it.
    fills, adjustments
        How many; settlements are fills.
    ended
        Why it was closed: the exit rules that held, `settled`, or what else closed it; empty while it is open.
    """

    id: int
    name: str
    opened_at: datetime
    closed_at: datetime | None
    days: Decimal
    pnl: Decimal | None
    commission: Decimal
    fills: int
    adjustments: int
    ended: str


class Results(msgspec.Struct, rename="pascal", frozen=True):
    """The results of a whole backtest; amounts in account currency, after commissions.

    Attributes
    ----------
    end, pnl, percent
        The account's value at the end and what it gained; `None` when a held leg had no price then.
    trades
        Positions that were closed; the figures on wins and losses are of these.
    win_rate
        Percent of the trades with a gain.
    profit_factor
        Gains by losses; `None` without a loss.
    exposure
        Percent of the session time in which a position was held.
    """

    start: Decimal
    end: Decimal | None
    pnl: Decimal | None
    percent: Decimal | None
    commissions: Decimal
    trades: int
    still_open: int
    won: int
    lost: int
    win_rate: Decimal | None
    profit_factor: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    exposure: Decimal | None
    max_drawdown: Drawdown | None
    months: list[MonthResult]
    positions: list[PositionResult]


def results(outcome: Outcome, cash: Decimal) -> Results:
    """Return the results of a backtest that began with `cash`."""
    positions = _positions(outcome)
    closed = [position.pnl for position in positions if position.closed_at is not None and position.pnl is not None]
    wins, losses = [item for item in closed if item > 0], [item for item in closed if item < 0]
    end = outcome.points[-1].value if outcome.points else cash
    pnl = None if end is None else end - cash
    return Results(
        start=cash,
        end=end,
        pnl=pnl,
        percent=_percent(pnl, cash),
        commissions=sum((execution.Commission for execution in outcome.executions), Decimal(0)),
        trades=len(closed),
        still_open=sum(position.closed_at is None for position in positions),
        won=len(wins),
        lost=len(losses),
        win_rate=_percent(Decimal(len(wins)), Decimal(len(closed))),
        profit_factor=_quotient(sum(wins, Decimal(0)), -sum(losses, Decimal(0))),
        average_win=_quotient(sum(wins, Decimal(0)), Decimal(len(wins))),
        average_loss=_quotient(sum(losses, Decimal(0)), Decimal(len(losses))),
        largest_win=max(wins, default=None),
        largest_loss=min(losses, default=None),
        exposure=_exposure(outcome.points),
        max_drawdown=max_drawdown(outcome.points, cash),
        months=_months(outcome.points, cash, positions),
        positions=positions,
    )


def max_drawdown(points: Sequence[Point], cash: Decimal) -> Drawdown | None:
    """Return the largest fall from a peak in account currency; `None` when the value never fell."""
    known = [(point.at, point.value) for point in points if point.value is not None]
    if not known:
        return None
    peak_at, peak = known[0][0], cash
    deepest: tuple[Decimal, datetime, Decimal, datetime] | None = None
    for at, value in known:
        if value >= peak:
            peak_at, peak = at, value
        elif deepest is None or peak - value > deepest[0]:
            deepest = peak - value, peak_at, peak, at
    if deepest is None:
        return None
    amount, began, top, trough = deepest
    recovered = next((at for at, value in known if at > trough and value >= top), None)
    length = (recovered or known[-1][0]) - began
    return Drawdown(
        amount, _percent(amount, top) or Decimal(0), began, trough, recovered, _rounded(Decimal(length / DAY))
    )


def drawdowns(points: Sequence[Point], cash: Decimal) -> list[tuple[datetime, Decimal]]:
    """Return the fall from the highest value so far at each point, in account currency and negative."""
    peak, result = cash, list[tuple[datetime, Decimal]]()
    for point in points:
        if point.value is not None:
            peak = max(peak, point.value)
            result.append((point.at, point.value - peak))
    return result


def _positions(outcome: Outcome) -> list[PositionResult]:
    fills: dict[int, list[models.LiveExecution]] = defaultdict(list)
    for fill in outcome.executions:
        fills[fill.PositionId].append(fill)
    exits: dict[str, str] = {}
    adjusted: dict[str, int] = defaultdict(int)
    for decision in outcome.decisions:
        if decision.result != "done":
            continue
        if decision.decision == "exit":
            exits[decision.position] = "; ".join(
                condition.statement for condition in decision.conditions if condition.result
            )
        elif decision.decision == "adjustment" and not decision.liquidates:
            adjusted[decision.position] += 1
    liquidated = {
        decision.position for decision in outcome.decisions if decision.liquidates and decision.result == "done"
    }
    last = outcome.points[-1].at if outcome.points else None
    result: list[PositionResult] = []
    for position in sorted(outcome.positions, key=lambda item: item.Id):
        own = fills[position.Id]
        until = position.ClosedAt or last or position.CreatedAt
        result.append(
            PositionResult(
                id=position.Id,
                name=position.Name,
                opened_at=position.CreatedAt,
                closed_at=position.ClosedAt,
                days=_rounded(Decimal((until - position.CreatedAt) / DAY)),
                pnl=_pnl(position),
                commission=sum((fill.Commission for fill in own), Decimal(0)),
                fills=len(own),
                adjustments=adjusted[position.Name],
                ended=_ended(position, own, exits, liquidated),
            )
        )
    return result


def _pnl(position: models.LivePositionDetail) -> Decimal | None:
    if position.ClosedAt is not None:
        return position.RealizedPnL
    mark = position.PositionPnL.Mark
    return None if mark is None else position.RealizedPnL + mark


def _ended(
    position: models.LivePositionDetail,
    fills: Sequence[models.LiveExecution],
    exits: dict[str, str],
    liquidated: set[str],
) -> str:
    if position.ClosedAt is None:
        return ""
    at_end = [fill for fill in fills if fill.ExecutedAt == position.ClosedAt]
    if at_end and all(fill.LiveOrderId is None for fill in at_end):
        return "settled"
    return exits.get(position.Name) or (LIQUIDATED if position.Name in liquidated else "adjustment")


def _months(points: Sequence[Point], cash: Decimal, positions: Sequence[PositionResult]) -> list[MonthResult]:
    values: dict[str, Decimal | None] = {}
    for point in points:
        month = f"{point.at:%Y-%m}"
        # An unknown value at the end of a month is replaced by the last known value.
        if point.value is not None or month not in values:
            values[month] = point.value
    before, result = cash, list[MonthResult]()
    for month, last in values.items():
        value = before if last is None else last
        own = [
            position
            for position in positions
            if position.closed_at is not None and f"{position.closed_at:%Y-%m}" == month
        ]
        gain = value - before
        won = sum(item.pnl is not None and item.pnl > 0 for item in own)
        result.append(MonthResult(month, gain, _percent(gain, before), len(own), won))
        before = value
    return result


def _exposure(points: Sequence[Point]) -> Decimal | None:
    in_market = whole = timedelta(0)
    for before, after in pairwise(points):
        if before.at.date() == after.at.date():  # sessions of the exchange lie within a day of UTC
            whole += after.at - before.at
            in_market += after.at - before.at if before.positions else timedelta(0)
    return _rounded(Decimal(in_market / whole) * HUNDRED) if whole else None


def _percent(part: Decimal | None, whole: Decimal) -> Decimal | None:
    return None if part is None or whole == 0 else _rounded(part / whole * HUNDRED)


def _quotient(part: Decimal, whole: Decimal) -> Decimal | None:
    return None if whole == 0 else _rounded(part / whole)


def _rounded(value: Decimal) -> Decimal:
    return round(value, 4)
