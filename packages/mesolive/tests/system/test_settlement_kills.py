"""The server is killed with SIGKILL while it books what its venue settled: it is booked once, whole, and told once."""

from __future__ import annotations

import multiprocessing
import signal
from decimal import Decimal
from pathlib import Path

from mesolive_sdk import models
from mesolive_testkit.settlement import afterwards, run
from mesolive_testkit.signals import Json, ScriptedMarket, leg, short_put
from mesolive_testkit.venues import SIM, at_venue, desk_server

STEPS = (1, 8, 14, 20, 26)
"""Where the process dies, one life after the other; a life that has less to write ends by itself."""


def expiring(qty: int) -> Json:
    """Return a definition that trades puts which expire in four days, beside a bought one at another strike."""
    return short_put(
        StrategyName=f"{qty}",
        Structure={
            "Expirations": [{"Name": "e", "DTE": "4", "Roots": {"Include": ["SPXW"]}}],
            "Legs": [leg("p", qty, StrikePrice=5100), leg("far", 1, StrikePrice=4900)],
        },
    )


async def test_a_server_that_is_killed_again_and_again_books_each_settlement_once(tmp_path: Path) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        for number, qty in enumerate((-3, 1)):
            made = await desk.control.create_strategy(
                models.CreateStrategyArgs(StrategyDefinition=expiring(qty), ActiveOnAccounts=[SIM])
            )
            await desk.listen()
            any_leg = models.LiveLegSelectionConstraint.None_
            plan = await desk.prepare_entry(made.Id, f"p{number}", constraint=any_leg)
            await desk.send(at_venue(plan))
            await desk.until(lambda number=number: opened(desk.events) == number + 1)
        traded = sum(
            -item.qty * item.price * 100 - item.commission
            for execution in desk.venue.ledger.executions
            for item in execution.legs
        )
        before = len(await desk.log())
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mesolive_testkit.settlement"])
    killed = 0
    for die_at in STEPS:
        ours, theirs = context.Pipe()
        process = context.Process(target=run, args=(tmp_path, theirs, die_at))
        process.start()
        process.join(60)
        assert process.exitcode in {0, -signal.SIGKILL}
        killed += process.exitcode != 0
        ours.close()
        theirs.close()
        if process.exitcode == 0:
            break
    assert killed >= 3
    later = afterwards()
    async with desk_server(tmp_path, market=(later.market, later.clock)) as desk:
        await desk.application.desk.supervisors[0].reconciled()
        positions = await desk.positions()
        assert [item.State for item in positions] == [models.LivePositionState.Closed] * 2
        account = await desk.control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))
        assert account.Cash is not None
        assert account.Cash - 100_000 == traded - 2 * 20 * 100
        for position in positions:
            executions = await desk.control.list_executions(models.ListExecutionsArgs(PositionId=position.Id))
            settled = sorted((item.LegName, item.Price) for item in executions.Executions if item.LiveOrderId is None)
            assert settled == [("far", Decimal(0)), ("p", Decimal(20))]
        reported = (await desk.log())[before:]
        closings = [event for event in reported if isinstance(event, models.PositionUpdateEvent)]
        assert [closing.Status for closing in closings].count(models.PositionStatus.Closed) == 2
        legs = [(event.PositionId, event.LegName) for event in reported if isinstance(event, models.LegUpdateEvent)]
        assert len(legs) == len(set(legs)) == 4


def opened(events: list[models.MesoLiveEvent]) -> int:
    return sum(
        isinstance(event, models.LegUpdateEvent) and event.LegName == "p" and event.Status is models.LegStatus.Open
        for event in events
    )
