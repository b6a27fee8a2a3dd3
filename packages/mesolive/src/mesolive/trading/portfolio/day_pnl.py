"""PnL of the day: what positions have brought since the close of the session before.

The PnL at that close is the last sample that the server stored of the position within that session
(`mesolive.history`). A position that was not open then counts from its entry. Where the session has no sample, as after
a day on which the server did not run, the PnL of the day is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from mesolive.market.calendar import ExchangeCalendar
from mesolive.store.database import Transaction
from mesolive.trading.portfolio.position_queries import (
    SampledPosition,
    sampled_positions,
    sampled_positions_of_accounts,
)

LAST_MINUTE = timedelta(minutes=1)
"""The last sample of a session is at most so much older than its close."""


class TradingDay(Struct, frozen=True):
    """The session that began last, and the one before it.

    Attributes
    ----------
    begins
        The opening of the session that began last.
    since, closed
        The opening of the session before it, and the last minute before its close.
    """

    begins: datetime
    since: datetime
    closed: datetime

    @classmethod
    def at(cls, calendar: ExchangeCalendar, moment: datetime) -> TradingDay:
        """Return the trading day of a moment: until the next opening it is that of the session before."""
        day = calendar.local(moment).date()
        session = calendar.session(day)
        if session is None or moment < session[0]:
            day = calendar.previous_trading_day(day)
            session = calendar.session(day)
        before = calendar.session(calendar.previous_trading_day(day))
        assert session is not None  # noqa: S101 - a trading day has a session
        assert before is not None  # noqa: S101 - as above
        return cls(session[0], before[0], before[1] - LAST_MINUTE)


async def day_bases_of_positions(
    tx: Transaction, day: TradingDay, position_ids: Iterable[int]
) -> dict[int, Decimal | None]:
    """Return by position id what its running PnL is added to for the PnL of the day; `None` where it is not known."""
    positions = await sampled_positions(tx, position_ids, day.since, day.begins)
    return {position.id: _base(day, position) for position in positions}


async def day_bases_of_accounts(
    tx: Transaction, day: TradingDay, user_id: int, account_ids: Sequence[int]
) -> dict[int, Decimal | None]:
    """Return the same by account: the sum over its positions, those that were closed during the day included."""
    result: dict[int, Decimal | None] = dict.fromkeys(account_ids, Decimal(0))
    positions = await sampled_positions_of_accounts(tx, user_id, account_ids, day.since, day.begins, day.closed)
    for position in positions:
        total, base = result[position.account_id], _base(day, position)
        result[position.account_id] = None if total is None or base is None else total + base
    return result


def _base(day: TradingDay, position: SampledPosition) -> Decimal | None:
    if position.sampled_pnl is not None:
        return position.realized_pnl - position.sampled_pnl
    return position.realized_pnl if position.created_at >= day.closed else None
