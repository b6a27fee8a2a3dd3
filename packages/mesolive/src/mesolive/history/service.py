"""Histories of accounts and positions for the Control Hub."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import validation
from mesolive.history.samples import MINUTE, account_samples, by_steps, position_samples, read_samples
from mesolive.store.database import Database
from mesolive.trading.portfolio.accounts import find_account
from mesolive.trading.portfolio.positions import find_position
from mesolive_sdk import models

MAX_POINTS = 5_000
USUAL_POINTS = 1_000
DEFAULT_SPAN = timedelta(days=30)


class History:
    """Answers `GetEquityHistory` and `GetPositionHistory`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def equity(self, user: UserContext, args: models.GetEquityHistoryArgs) -> models.GetEquityHistoryResult:
        """Return an account's samples.

        Raises
        ------
        ServiceError
            `NotFound` for an account that the user does not have; `ValidationError` for a span or a step that is none,
            and for more than `MAX_POINTS` points.
        """
        last = args.To or self._clock.now()
        first = args.From or last - DEFAULT_SPAN
        _check_span(first, last)
        async with self._database.read() as tx:
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
            rows = await read_samples(tx, account_samples, "account_id", account.id, first, last)
        step, shown = _thinned(rows, args.StepSeconds)
        return models.GetEquityHistoryResult(
            StepSeconds=step,
            Points=[
                models.EquityPoint(
                    At=row.at,
                    NetLiquidation=row.net_liquidation,
                    Cash=row.cash,
                    Margin=row.margin,
                    PnL=row.unrealized_pnl,
                    DayPnL=row.day_pnl,
                    Delta=_decimal(row.delta),
                    Gamma=_decimal(row.gamma),
                    Theta=_decimal(row.theta),
                    Vega=_decimal(row.vega),
                    DeltaDollars=_decimal(row.delta_dollars),
                )
                for row in shown
            ],
        )

    async def position(self, user: UserContext, args: models.GetPositionHistoryArgs) -> models.GetPositionHistoryResult:
        """Return a position's samples; raises as `equity`."""
        if args.From is not None and args.To is not None:
            _check_span(args.From, args.To)
        async with self._database.read() as tx:
            position = await find_position(tx, user.user_id, args.PositionId)
            rows = await read_samples(tx, position_samples, "position_id", position.id, args.From, args.To)
        step, shown = _thinned(rows, args.StepSeconds)
        return models.GetPositionHistoryResult(
            StepSeconds=step,
            Points=[
                models.PositionPoint(
                    At=row.at,
                    PnL=row.pnl,
                    RealizedPnL=row.realized_pnl,
                    Price=_decimal(row.mark),
                    Underlying=_decimal(row.underlying),
                    Delta=_decimal(row.delta),
                    Gamma=_decimal(row.gamma),
                    Theta=_decimal(row.theta),
                    Vega=_decimal(row.vega),
                    Margin=row.margin,
                )
                for row in shown
            ],
        )


def _check_span(first: datetime, last: datetime) -> None:
    if first >= last:
        raise validation({"From": [f"expected a time before {last.isoformat()}, got {first.isoformat()}"]})


def _thinned(rows: Sequence[Row[Any]], asked: int | None) -> tuple[int, Sequence[Row[Any]]]:
    """Return the step in seconds and its points: the step that was asked for, else the finest with few points."""
    if asked is not None:
        if not 60 <= asked <= 366 * 86_400:
            raise validation({"StepSeconds": [f"expected 60 to {366 * 86_400}, got {asked}"]})
        shown = by_steps(rows, timedelta(seconds=asked))
        if len(shown) > MAX_POINTS:
            raise validation({"StepSeconds": [f"expected a step with at most {MAX_POINTS} points, got {len(shown)}"]})
        return asked, shown
    step = MINUTE
    shown: Sequence[Row[Any]] = rows
    while len(shown) > USUAL_POINTS:
        step *= 2
        shown = by_steps(rows, step)
    return int(step.total_seconds()), shown


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))
