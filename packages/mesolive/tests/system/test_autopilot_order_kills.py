"""The autopilot killed at any call, and at a venue with faults: nothing is ordered twice, the books balance."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import cast

import pytest

from mesolive.trading.execution.risk_limits import Limits
from mesolive.venues.simulated.faults import Fault, Faults
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.automation import (
    HalfFilled,
    Memory,
    OrderPolicy,
    TaskKind,
)
from mesolive_testkit.autopilot import Play, everywhere, play_server
from mesolive_testkit.autopilot.mortal import Killed, Mortal
from mesolive_testkit.autopilot.put_spread import ONE, spread
from mesolive_testkit.signals import Json
from mesolive_testkit.venues.desk import SIM


@pytest.mark.long
async def test_a_walk_killed_after_any_call_resumes_and_orders_nothing_twice(tmp_path: Path) -> None:
    """Every call to the server and every change of its memory is once the last of a process."""
    last, survived = 0, False
    policies = everywhere(max_concession=Decimal(1), step_ticks=2, patience_seconds=600)
    async with play_server(tmp_path, displayed=Decimal(1)) as play:
        await play.desk.set_limits(Limits(max_orders_per_minute=10_000))
        while not survived:
            last += 1
            play.market.move(5000)
            settings: Json = {"Core": {"LegSelectionConstraint": "None"}}
            strategy = await play.strategy(spread(qty=2, Entry=ONE, Settings=settings))
            await play.evaluate()
            survived = await lives(play, tmp_path, strategy.Id, policies, last)
            play.market.move(4850)
            await play.evaluate()
            survived = await lives(play, tmp_path, strategy.Id, policies, last) and survived
            (own,) = [position for position in await play.positions() if position.LiveStrategyId == strategy.Id]
            assert own.State.name == "Closed", f"killed after call {last}"
            traded: dict[str, Decimal] = {}
            args = models.ListExecutionsArgs(PositionId=own.Id)
            for execution in (await play.control.list_executions(args)).Executions:
                traded[execution.LegName] = traded.get(execution.LegName, Decimal(0)) + abs(execution.Qty)
            assert traded == {"p": 4, "w": 4}, f"killed after call {last}: both combos entered and left once"
            assert await play.venue.positions(SIM) == {}
            await play.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=strategy.Id))
    assert last > 15, "it was killed at several calls of the walk"


async def lives(play: Play, folder: Path, strategy_id: int, policies: dict[TaskKind, OrderPolicy], last: int) -> bool:
    """Let the autopilot work until it is killed, then another one with its memory; return whether it lived through."""
    file = folder / f"{strategy_id}.sqlite3"
    survived = True
    with Memory(file) as real:
        calls = [0]
        control = cast("MesoLiveControlHubClient", Mortal(play.control, calls, last, after=True))
        memory = cast("Memory", Mortal(real, calls, last, after=True))
        try:
            await play.to_the_end(play.pilot(memory, policies, control=control, strategies=[strategy_id]), real)
        except Killed:
            survived = False
    with Memory(file) as real:
        await play.to_the_end(play.pilot(real, policies, strategies=[strategy_id]), real)
    return survived


FAULTY = {
    Fault.ANSWER_LOST: 0.06,
    Fault.ANSWER_LATE: 0.06,
    Fault.REQUEST_LOST: 0.06,
    Fault.REJECT: 0.04,
    Fault.DISCONNECT_BEFORE: 0.04,
    Fault.DISCONNECT_AFTER: 0.04,
    Fault.FILL_LOST: 0.1,
    Fault.DUPLICATE_FILL: 0.1,
    Fault.DISCONNECT_AT_FILL: 0.05,
}


@pytest.mark.parametrize("seed", [1, 2])
async def test_with_faults_at_the_venue_and_killed_again_and_again_the_books_are_the_venues(
    tmp_path: Path, seed: int
) -> None:
    dice = Random(seed)  # noqa: S311 - where it is killed, not a secret
    policies = everywhere(max_concession=Decimal(1), patience_seconds=90, half_filled=HalfFilled.FINISH)
    settings: Json = {"Core": {"LegSelectionConstraint": "None"}}
    async with play_server(tmp_path, faults=Faults(seed=seed), displayed=Decimal(1)) as play:
        await play.desk.set_limits(Limits(max_orders_per_minute=10_000))
        file = tmp_path / "autopilot.sqlite3"
        made = [await play.strategy(spread(qty=2, Entry=ONE, Settings=settings)) for _ in range(3)]
        play.venue.faults.rates = FAULTY
        for spot in (5000, 4850):
            play.market.move(spot)
            await play.evaluate()
            for _ in range(12):
                with Memory(file) as real:
                    calls, last = [0], dice.randint(1, 12)
                    control = cast("MesoLiveControlHubClient", Mortal(play.control, calls, last, after=True))
                    memory = cast("Memory", Mortal(real, calls, last, after=True))
                    with contextlib.suppress(Killed):
                        await play.rounds(play.pilot(memory, policies, control=control), 2)
                await play.reconcile()
        play.venue.faults.rates = {}
        with Memory(file) as memory:
            await play.rounds(play.pilot(memory, policies), 20, 30)
            await play.reconcile()
            # An exit that was rejected is tried again later, for as long as its signal is on.
            assert all(task.kind is TaskKind.EXIT for task in memory.open_tasks())
        held: dict[str, int] = {}
        for position in await play.positions():
            for name, qty in (await play.quantities(position.Id)).items():
                held[name] = held.get(name, 0) + qty
        strikes = {Decimal(4800): "p", Decimal(4700): "w"}
        at_venue = {strikes[item.strike]: int(qty) for item, qty in (await play.venue.positions(SIM)).items()}
        assert {name: qty for name, qty in held.items() if qty} == at_venue, "the books are the venue's"
        for strategy in made:
            own = [item for item in await play.positions() if item.LiveStrategyId == strategy.Id]
            assert len(own) <= 1, "no signal is acted on twice"
        combos: dict[tuple[int, int], Decimal] = {}
        for order in await play.orders():
            group = (order.ExecPlanId, order.LegGroupId)
            combos[group] = combos.get(group, Decimal(0)) + order.CumQty
        assert max(combos.values()) <= 2, "never more than planned"
