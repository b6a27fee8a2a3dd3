"""How far the market's time had come when the server was stopped: it does not go back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from mesolive.store.database import Database
from mesolive.store.tables.journal import event_counters, events
from mesolive.store.tables.settlements import settlement_facts
from mesolive.store.tables.trading import order_facts


async def latest_moment(database: Database) -> datetime | None:
    """Return the time of what was stored last, of events and of what venues told; `None` for an empty database.

    The last ones count, and not those with the latest times: another market may have run before.
    """
    latest_events = (
        select(func.max(events.c.event_time))
        .select_from(event_counters)
        .join(
            events,
            (events.c.user_id == event_counters.c.user_id) & (events.c.event_seq_id == event_counters.c.latest_seq_id),
        )
    )
    latest_fact = select(order_facts.c.received_at).order_by(order_facts.c.id.desc()).limit(1)
    latest_settlement = select(settlement_facts.c.received_at).order_by(settlement_facts.c.id.desc()).limit(1)
    async with database.read() as tx:
        found = [await tx.scalar(one) for one in (latest_events, latest_fact, latest_settlement)]
    return max((one for one in found if one is not None), default=None)
