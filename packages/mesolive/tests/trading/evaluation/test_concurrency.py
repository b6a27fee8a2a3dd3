"""An entry beyond MaxPositionsInFlight is carried out, and the answer says so."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from sqlalchemy import select

from mesolive.store.tables.trading import audit_entries
from mesolive_sdk import models
from mesolive_sdk.models import LivePositionState, OrderType
from mesolive_testkit.server import ACCOUNT, fills_args
from mesolive_testkit.venues import SIM, Desk, at_venue
from signalr_asyncio import HubConnection


def allowing(number: int) -> dict[str, object]:
    """Return what makes of the sample a strategy of so many positions at a time."""
    return {"Entry": {"Concurrency": {"MaxPositionsInFlight": number}}, "Exit": {}}


async def answer(desk: Desk, method: str, args: msgspec.Struct) -> dict[str, object]:
    """Call a method and return its whole envelope."""
    connection: HubConnection = desk.control._connection
    raw = await connection.invoke(method, args, result_type=msgspec.Raw)
    result: dict[str, object] = msgspec.json.decode(raw)
    return result


async def test_an_order_beyond_the_strategys_position_limit_is_sent_and_reported(desk: Desk) -> None:
    strategy = await desk.strategy(**allowing(1))
    first, second = [await desk.prepare_entry(strategy.Id, name) for name in ("first", "second")]
    limit = at_venue(first, kind=OrderType.Limit, limit=Decimal(-99))
    assert (await answer(desk, "SendOrder", limit))["Message"] is None
    reported = await answer(desk, "SendOrder", at_venue(second))
    assert reported["Status"] == models.StatusCode.Success.value
    assert "MaxPositionsInFlight is 1, and 1 position is in flight or being entered on SIM1000" in str(
        reported["Message"]
    )
    await desk.position_in(LivePositionState.Open)
    async with desk.application.database.read() as tx:
        entry = await tx.first(select(audit_entries).where(audit_entries.c.action == "Warned"))
    assert entry is not None


async def test_paper_fills_beyond_the_strategys_position_limit_are_booked_and_reported(desk: Desk) -> None:
    owner = await desk.application.access.user("trader")
    await desk.application.accounts.create_paper(owner, ACCOUNT, Decimal(100_000))
    strategy = await desk.strategy(**allowing(1))
    plans = [await desk.prepare_entry(strategy.Id, name, account=ACCOUNT) for name in ("first", "second")]
    messages = [
        (await answer(desk, "ApplyPaperFills", fills_args(plan.ExecPlanId, plan.SelectedLegs, plan.LegPrices)))[
            "Message"
        ]
        for plan in plans
    ]
    assert messages[0] is None
    assert "this entry goes against its strategy" in str(messages[1])


async def test_an_entry_within_the_strategys_number_and_an_exit_are_not_warned_of(desk: Desk) -> None:
    strategy = await desk.strategy(**allowing(2))
    position = await desk.enter(strategy.Id)
    second = await desk.prepare_entry(strategy.Id, "second")
    assert (await answer(desk, "SendOrder", at_venue(second)))["Message"] is None
    leave = await desk.prepare_exit(position.Id)
    assert (await answer(desk, "SendOrder", at_venue(leave)))["Message"] is None
    assert leave.BrokerAccountId == SIM
