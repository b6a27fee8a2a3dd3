"""Trading at a venue with faults while the server is killed again and again, and checks at the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

from sqlalchemy import select

from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.clock import ManualClock
from mesolive.store.database import Database
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.trading import exec_plans, order_facts
from mesolive.trading.execution.risk_limits import Limits, set_limits
from mesolive.trading.portfolio.accounts import create_simulated_account, find_account
from mesolive.venues.simulated.faults import Fault
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_testkit.store.crash_child import SECRET, START
from mesolive_testkit.venues.crash_checks import check, check_events
from mesolive_testkit.venues.crash_trader import Trader
from mesolive_testkit.venues.desk import CASH, SIM
from mesolive_testkit.venues.server_process import LIFE_SECONDS, life

RATES = {
    Fault.REQUEST_LOST: 0.03,
    Fault.ANSWER_LOST: 0.03,
    Fault.ANSWER_LATE: 0.03,
    Fault.REJECT: 0.03,
    Fault.DISCONNECT_BEFORE: 0.02,
    Fault.DISCONNECT_AFTER: 0.02,
    Fault.DUPLICATE_FILL: 0.1,
    Fault.REORDERED_FILL: 0.1,
    Fault.FILL_LOST: 0.1,
    Fault.DISCONNECT_AT_FILL: 0.03,
}


async def prepare(database_url: str) -> str:
    """Make a user and an account at the venue; return the user's token."""
    database = await Database.open(database_url)
    access = Access(database, ServerSecret(SECRET))
    made = await access.create_key("trader")
    owner = await access.user("trader")
    await create_simulated_account(database, ManualClock(START), owner, SIM, CASH)
    async with database.write() as tx:
        # At the usual limit most calls of a long run would be refused, and most kills would hit an idle server.
        account = await find_account(tx, owner.user_id, SIM)
        await set_limits(tx, account.id, Limits(max_orders_per_minute=1_000_000))
    await database.close()
    return made.token


async def run(database_url: str, venue: SimulatedVenue, port: int, kills: int, seed: int) -> Counter[str]:
    """Let a server live and die at least `kills` times, settle everything and check; return what the trader did."""
    random = Random(seed)  # noqa: S311 - to be repeated
    trader = Trader(await prepare(database_url), random)
    lives = 0
    # A short run may kill before anything was accepted: it goes on until an order was.
    while lives < kills or not trader.actions["send"]:
        lives += 1
        async with life(database_url, port, random.randint(1, 250)) as running:
            assert running is not None
            await trader.until_gone(running)
    venue.faults.rates.clear()
    async with life(database_url, port, None) as running:
        assert running is not None
        async with trader.connected(running.url) as control:
            await trader.finish(control)
        await settled(database_url, venue)
        await check_events(running.url, trader)
    await check(database_url, venue, trader)
    return trader.actions


async def settled(database_url: str, venue: SimulatedVenue) -> None:
    """Wait until all that the venue filled is booked and every call has its answer."""
    database = await Database.open(database_url)
    try:
        async with asyncio.timeout(LIFE_SECONDS):
            while True:
                async with database.read() as tx:
                    waiting = await tx.first(
                        select(idempotency_records.c.key).where(idempotency_records.c.status != "Completed")
                    )
                    facts = await tx.all(select(order_facts.c.id).where(order_facts.c.kind == "Executed"))
                    half = await tx.first(select(exec_plans.c.id).where(exec_plans.c.state == "Filled"))
                if waiting is None and half is None and len(facts) >= len(venue.ledger.executions):
                    return
                await asyncio.sleep(0.05)  # the server is another process: there is nothing to wait on but time
    finally:
        await database.close()
