"""What must hold after a server was killed again and again: books, venue and events agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from mesolive.market.contracts import OptionContract
from mesolive.store.database import Database
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.signals import adjustment_plans
from mesolive.store.tables.trading import accounts, exec_plans, executions, order_facts, orders, positions
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.venues.simulated.ledger import VenueLedger
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import MesoLiveEventHubClient, models
from mesolive_sdk.models import OrderState, PositionStatus
from mesolive_testkit.venues.crash_trader import ENDED, Operation, Trader
from mesolive_testkit.venues.desk import CASH, SIM


@dataclass(frozen=True)
class Books:
    """What the database says at the end."""

    account: Any
    contracts: Mapping[OptionContract, Decimal]
    facts: Sequence[str]
    booked: Sequence[Any]
    sent: Sequence[Any]
    records: Sequence[Any]
    plans: Sequence[Any]
    moving: frozenset[int]
    positions: Sequence[Any]

    @property
    def spent(self) -> Decimal:
        """What was paid, commissions included."""
        return sum((row.price * row.qty * row.multiplier + row.commission for row in self.booked), Decimal(0))


async def read_books(database_url: str) -> Books:
    """Read what the check compares from the database of a server that may run; there is one account."""
    database = await Database.open(database_url)
    try:
        return await books_of(database)
    finally:
        await database.close()


async def books_of(database: Database) -> Books:
    """Return what a database says; there is one account."""
    async with database.read() as tx:
        account = await tx.first(select(accounts))
        assert account is not None
        facts = select(order_facts.c.execution_id).where(order_facts.c.kind == "Executed")
        moved = select(adjustment_plans.c.plan_id).where(adjustment_plans.c.operation == Operation.MoveLeg.name)
        return Books(
            account=account,
            contracts=await held_in_books(tx, account.id),
            facts=[row.execution_id for row in await tx.all(facts)],
            booked=await tx.all(select(executions)),
            sent=await tx.all(select(orders)),
            records=await tx.all(select(idempotency_records)),
            plans=await tx.all(select(exec_plans)),
            moving=frozenset(row.plan_id for row in await tx.all(moved)),
            positions=await tx.all(select(positions)),
        )


async def check(database_url: str, venue: SimulatedVenue, trader: Trader) -> None:
    """Hold the books against the venue, once nothing is on its way any more."""
    books = await read_books(database_url)
    check_against_ledger(books, venue.ledger)
    check_books(books, trader)


def check_against_ledger(books: Books, ledger: VenueLedger) -> None:
    """Hold the books against the venue's ledger: contracts, fills, orders and cash are the same."""
    assert books.contracts == ledger.positions_of(SIM), "the books and the venue hold different things"
    assert sorted(books.facts) == sorted(execution.execution_id for execution in ledger.executions), (
        "a fill is missing or doubled"
    )
    legs = {
        f"{execution.execution_id}/{leg.name}": (leg.qty, leg.price)
        for execution in ledger.executions
        for leg in execution.legs
    }
    assert {row.broker_execution_id: (row.qty, row.price) for row in books.booked} == legs
    assert len(books.booked) == len(legs)
    by_reference = {row.reference: row for row in books.sent}
    assert set(ledger.orders) <= set(by_reference), "the venue has an order that we do not know"
    for reference, order in ledger.orders.items():
        assert abs(by_reference[reference].filled_qty) == order.filled
        assert order.filled <= order.request.qty
    assert books.account.cash == CASH - books.spent


def check_books(books: Books, trader: Trader) -> None:
    """Check what must hold of the books alone, whatever venue was traded at."""
    references = Counter(row.reference for row in books.sent)
    assert all(number == 1 for number in references.values())
    whole: dict[tuple[int, int], tuple[Decimal, Decimal]] = {}
    for row in books.sent:
        key = (row.plan_id, row.leg_group_id)
        filled, most = whole.get(key, (Decimal(0), Decimal(0)))
        # The first order of a group is of all of it.
        whole[key] = (filled + abs(row.filled_qty), max(most, abs(row.qty)))
    assert all(filled <= most for filled, most in whole.values()), "a group was bought twice"
    assert "Filled" not in {row.state for row in books.plans}, "an adjustment was not completed"
    done = Counter(row.position_id for row in books.plans if (row.kind, row.state) == ("Adjustment", "Executed"))
    assert {row.id: row.adjustment_count for row in books.positions if row.adjustment_count} == done
    open_now = [row for row in books.positions if row.state == "Open"]
    assert {row.id: trader.adjusted[row.id] for row in open_now} == {row.id: done[row.id] for row in open_now}
    moves = Counter(plan.position_id for plan in books.plans if plan.state == "Executed" and plan.id in books.moving)
    for row in open_now:
        # Also where a fill was booked while no quotes came, such as before their connection was there.
        assert int(row.variables["moves"]) == moves[row.id], "variables were not set once"
    unsettled = [(row.operation, row.key) for row in books.records if row.status != "Completed"]
    assert not unsettled, unsettled


async def check_events(url: str, trader: Trader) -> None:
    """Every event is there once and in order, and all that was heard is among them."""
    events: list[models.MesoLiveEvent] = []
    async with MesoLiveEventHubClient(url, trader.token, reconnect=None) as hub:
        latest = (await hub.get_latest_event_seq_id()).LatestEventSeqId
        since = 0
        while since < latest:
            page = await hub.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=since, Limit=1000))
            events += [envelope.Event for envelope in page.Events]
            since = events[-1].EventSeqId
    assert [event.EventSeqId for event in events] == list(range(1, len(events) + 1))
    by_number = {event.EventSeqId: event for event in events}
    for number, received in trader.heard.items():
        assert by_number[number] == received, "an event was announced that is not in the log"
    ended: dict[int, models.OrderUpdateEvent] = {}
    for event in events:
        if not isinstance(event, models.OrderUpdateEvent):
            continue
        before = ended.get(event.OrderId)
        if before is not None:
            more = abs(event.FilledQty or 0) > abs(before.FilledQty or 0)
            late = event.State in {before.State, OrderState.Filled} and more
            assert late, "an order ended twice, and not because a fill was reported after its end"
        if event.State in ENDED:
            ended[event.OrderId] = event
    changes = [event for event in events if isinstance(event, models.PositionUpdateEvent)]
    trader.adjusted = Counter(event.PositionId for event in changes if event.Status is PositionStatus.Adjusted)
    closed = Counter(event.PositionId for event in changes if event.Status is PositionStatus.Closed)
    assert all(number == 1 for number in closed.values()), "a position was closed twice"
