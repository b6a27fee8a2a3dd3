"""Orders through the hub, the books and the simulated venue."""

from __future__ import annotations

from pathlib import Path

from broker_testkit import SIM, at_venue, desk_server
from mesolive_sdk import models


async def test_an_entry_and_an_exit_go_through_the_venue_and_leave_books_that_balance(tmp_path: Path) -> None:
    async with desk_server(tmp_path) as desk:
        strategy = await desk.strategy()
        await desk.listen()
        entry = await desk.prepare_entry(strategy.Id)
        sent = await desk.send(at_venue(entry))
        assert sent.State is models.OrderState.Submitted
        opened = await desk.position_in(models.LivePositionState.Open)
        detail = await desk.control.get_position(models.GetPositionArgs(PositionId=opened.Id))
        assert {leg.Name: leg.Qty for leg in detail.Legs} == {n: leg.Qty for n, leg in entry.SelectedLegs.items()}
        assert detail.Vars
        leave = await desk.prepare_exit(opened.Id)
        await desk.send(at_venue(leave))
        await desk.position_in(models.LivePositionState.Closed)
        account = await desk.control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))
        closed = await desk.control.get_position(models.GetPositionArgs(PositionId=opened.Id))
        assert account.Cash == 100_000 + closed.RealizedPnL
        assert desk.venue.ledger.held(SIM) == {}
        await desk.until(
            lambda: any(
                isinstance(e, models.PositionUpdateEvent) and e.Status is models.PositionStatus.Closed
                for e in desk.events
            )
        )
        states = [e.State.name for e in desk.events if isinstance(e, models.OrderUpdateEvent)]
        assert states == ["PendingSubmit", "Submitted", "Filled"] * 2
