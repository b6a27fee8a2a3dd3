"""Market store: daily history of underlyings, held contracts and the last market time, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import delete, insert, select

from mesolive.clock import Clock
from mesolive.market.contracts import OptionContract
from mesolive.market.history import Day
from mesolive.store.database import Database
from mesolive.store.tables.journal import event_counters, events
from mesolive.store.tables.settlements import settlement_facts, underlying_days
from mesolive.trading.orders.report_log import last_received_at
from mesolive.trading.portfolio.position_queries import held_of_underlying
from mesolive_sdk import models


class MarketStore:
    """Implements `mesolive.market.history_store.MarketMemory`.

    Parameters
    ----------
    clock
        Gives the rows their times: the market's time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def load(self, source: str, symbol: str, since: date) -> Sequence[Day]:
        """Return the days from `since` on, ascending, and delete those before."""
        of_symbol = (underlying_days.c.source == source, underlying_days.c.symbol == symbol)
        async with self._database.read() as tx:
            rows = await tx.all(select(underlying_days).where(*of_symbol).order_by(underlying_days.c.day))
        if rows and rows[0].day < since:
            async with self._database.write() as tx:
                await tx.execute(delete(underlying_days).where(*of_symbol, underlying_days.c.day < since))
        return [Day(row.day, row.close, row.iv, row.open, row.last) for row in rows if row.day >= since]

    async def open_contracts(self, symbol: str) -> Sequence[OptionContract]:
        """Return the contracts on an underlying that any account holds, those that have expired too."""
        async with self._database.read() as tx:
            legs = await held_of_underlying(tx, symbol)
        return list(dict.fromkeys(item.contract for item in legs))

    async def save(self, source: str, symbol: str, days: Sequence[Day]) -> None:
        """Keep days in place of what was kept of them."""
        now = self._clock.now()
        async with self._database.write() as tx:
            await tx.execute(
                delete(underlying_days).where(
                    underlying_days.c.source == source,
                    underlying_days.c.symbol == symbol,
                    underlying_days.c.day.in_([day.day for day in days]),
                )
            )
            await tx.execute(
                insert(underlying_days),
                [
                    {
                        "source": source,
                        "symbol": symbol,
                        "day": day.day,
                        "open": day.open,
                        "close": day.close,
                        "last": day.last,
                        "iv": day.iv,
                        "noted_at": now,
                    }
                    for day in days
                ],
            )


async def latest_moment(database: Database) -> datetime | None:
    """Return the time of the latest stored event or venue report; `None` for an empty database.

    The last ones count, and not those with the latest times: another market may have run before. Access events do not
    count: keys are made before a market has begun, and by commands that have no market.
    """
    latest_event = (
        select(events.c.event_time)
        .where(events.c.user_id == event_counters.c.user_id, events.c.event_type != models.AccessEvent.callback)
        .order_by(events.c.event_seq_id.desc())
        .limit(1)
        .correlate(event_counters)
        .scalar_subquery()
    )
    latest_settlement = select(settlement_facts.c.received_at).order_by(settlement_facts.c.id.desc()).limit(1)
    async with database.read() as tx:
        event_times = [row.at for row in await tx.all(select(latest_event.label("at")).select_from(event_counters))]
        result = [*event_times, await last_received_at(tx), await tx.scalar(latest_settlement)]
    return max((item for item in result if item is not None), default=None)
