"""The autopilot on an account at a venue: limits walk, nothing is ordered twice, what goes wrong is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from mesolive.records import replace
from mesolive.trading.execution.halts import halt, resume
from mesolive.trading.execution.risk_limits import Limits
from mesolive.trading.execution.send_permits import SendLimits
from mesolive.venues.simulated.faults import Fault
from mesolive_sdk import models
from mesolive_sdk.automation import (
    POLICIES,
    Autopilot,
    Category,
    HalfFilled,
    Memory,
    MemoryInUseError,
    OrderPolicy,
    Orders,
    Style,
    TaskKind,
    TaskState,
)
from mesolive_testkit.autopilot import Play, everywhere, play_server
from mesolive_testkit.autopilot.mortal import Killed, Mortal
from mesolive_testkit.autopilot.put_spread import ONE, spread
from mesolive_testkit.signals import Json, ScriptedMarket, leg
from mesolive_testkit.venues.desk import SIM


@pytest.fixture
async def play(tmp_path: Path) -> AsyncGenerator[Play]:
    async with play_server(tmp_path) as stage:
        yield stage


@pytest.fixture
def memory(tmp_path: Path) -> Generator[Memory]:
    with Memory(tmp_path / "memory.sqlite3") as found:
        yield found


async def test_a_limit_begins_at_the_middle_and_walks_until_it_is_filled(play: Play, memory: Memory) -> None:
    await play.strategy(spread())
    pilot = play.pilot(memory, everywhere(max_concession=Decimal(1)))
    await play.evaluate()
    await play.rounds(pilot, 4)
    orders = await play.orders()
    assert [order.State.name for order in orders] == ["Replaced", "Replaced", "Filled"]
    (task,) = memory.tasks()
    assert task.state is TaskState.DONE
    (position,) = await play.positions()
    assert position.State is models.LivePositionState.Open
    assert await play.quantities(position.Id) == {"p": -1, "w": 1}


async def test_an_unfilled_price_walk_ends_at_its_last_price_without_a_position(tmp_path: Path, memory: Memory) -> None:
    async with play_server(tmp_path, slippage=Decimal(1)) as play:  # it fills at the natural price only
        await play.strategy(spread())
        pilot = play.pilot(memory, everywhere(max_concession=Decimal("0.5"), patience_seconds=60))
        await play.evaluate()
        await play.rounds(pilot, 7)
        orders = await play.orders()
        assert {order.State.name for order in orders[:-1]} == {"Replaced"}
        assert orders[-1].State is models.OrderState.Cancelled
        assert [order.LimitPrice for order in orders] == [
            Decimal("-22.80"),
            Decimal("-22.75"),
            Decimal("-22.70"),  # the last step reaches the concession
        ]
        assert [task.state for task in memory.tasks()] == [TaskState.UNFILLED]
        assert await play.positions() == []
        await play.evaluate()
        await play.rounds(pilot, 2)
        assert len(await play.orders()) == 3, "the signal was acted on"


async def test_an_exit_goes_to_the_natural_price_rather_than_stay(tmp_path: Path, memory: Memory) -> None:
    async with play_server(tmp_path, slippage=Decimal(1)) as play:
        await play.strategy(spread())
        pilot = play.pilot(memory, {**POLICIES, TaskKind.ENTRY: OrderPolicy(style=Style.MARKET)})
        await play.evaluate()
        await play.rounds(pilot, 2)
        play.market.move(4850)
        await play.evaluate()
        await play.rounds(pilot, 5)
        (position,) = await play.positions()
        assert position.State is models.LivePositionState.Closed
        *walked, last = [order for order in await play.orders() if order.OrderType is models.OrderType.Limit]
        assert [order.State.name for order in [*walked, last]] == ["Replaced"] * len(walked) + ["Filled"]
        assert walked[0].LimitPrice is not None
        assert last.LimitPrice is not None
        assert last.LimitPrice > walked[-1].LimitPrice > walked[0].LimitPrice  # type: ignore[operator] # limit orders


async def test_at_the_middle_it_waits_for_the_market_to_come(play: Play, memory: Memory) -> None:
    await play.strategy(spread())
    pilot = play.pilot(memory, everywhere(style=Style.MID))
    await play.evaluate()
    await play.rounds(pilot, 3)
    (order,) = await play.orders()
    assert (order.State, order.LimitPrice) == (models.OrderState.Submitted, Decimal("-22.80"))
    play.market.move(4985)
    await play.rounds(pilot, 2)
    (order,) = await play.orders()
    assert order.State is models.OrderState.Filled
    assert [task.state for task in memory.tasks()] == [TaskState.DONE]


async def test_partial_fills_are_counted_and_never_more_than_planned_is_ordered(tmp_path: Path, memory: Memory) -> None:
    async with play_server(tmp_path, displayed=Decimal(2)) as play:
        await play.strategy(spread(qty=5))
        pilot = play.pilot(memory, everywhere(max_concession=Decimal(1), patience_seconds=600))
        await play.evaluate()
        await play.rounds(pilot, 8)
        (position,) = await play.positions()
        assert await play.quantities(position.Id) == {"p": -5, "w": 5}
        assert sum(order.CumQty for order in await play.orders()) == 5
        assert [task.state for task in memory.tasks()] == [TaskState.DONE]
        assert [notice.details["Filled"] for notice in play.notices if notice.category is Category.FILL][-1] is not None


async def half_filled(play: Play, pilot: Autopilot) -> models.LivePosition:
    """Have two of five combos filled, and then no more."""
    await play.strategy(spread(qty=5))
    await play.evaluate()
    await pilot.catch_up()
    play.market.move(4970)
    await play.pass_time(1)
    play.market.move(5100)
    await play.rounds(pilot, 6)
    (position,) = await play.positions()
    return position


async def test_a_half_filled_position_is_reported_and_not_traded_any_more(tmp_path: Path, memory: Memory) -> None:
    async with play_server(tmp_path, displayed=Decimal(2)) as play:
        pilot = play.pilot(memory, everywhere(style=Style.MID, patience_seconds=45))
        position = await half_filled(play, pilot)
        assert await play.quantities(position.Id) == {"p": -2, "w": 2}
        (task,) = memory.tasks()
        assert task.state is TaskState.HALF_FILLED
        assert memory.stopped().keys() == {position.Id}
        assert any("left alone" in notice.text for notice in play.notices)
        exit_signal = replace(task, event_id="an exit", seq=10**6, kind=TaskKind.EXIT, position_id=position.Id)
        memory.take([replace(exit_signal, state=TaskState.WAITING, request=None)], [], memory.cursor)
        (worked,) = await pilot.catch_up()
        assert worked.state is TaskState.SKIPPED
        assert "left alone" in (worked.note or "")
        assert memory.release(position.Id)
        assert not memory.release(position.Id)


async def test_a_half_filled_plan_is_finished_at_the_natural_price_when_the_policy_says_so(
    tmp_path: Path, memory: Memory
) -> None:
    async with play_server(tmp_path, displayed=Decimal(2)) as play:
        policies = everywhere(style=Style.MID, patience_seconds=45, half_filled=HalfFilled.FINISH)
        pilot = play.pilot(memory, policies)
        position = await half_filled(play, pilot)
        await play.rounds(pilot, 4)
        assert await play.quantities(position.Id) == {"p": -5, "w": 5}
        assert [task.state for task in memory.tasks()] == [TaskState.DONE]


async def test_leg_groups_are_ordered_one_after_another(play: Play, memory: Memory) -> None:
    definition = spread()
    for item in definition["Structure"]["Legs"]:
        item["LegGroupId"] = 2
    definition["Structure"]["Legs"].append({**leg("hedge", 2, StrikePrice=4600), "LegGroupId": 1})
    await play.strategy(definition)
    pilot = play.pilot(memory, everywhere(max_concession=Decimal(1)))
    await play.evaluate()
    working: list[int] = []
    for _ in range(12):
        await pilot.catch_up()
        working.append(sum(not order.State.is_final for order in await play.orders()))
        await play.pass_time(15)
    assert max(working) == 1
    assert [task.state for task in memory.tasks()] == [TaskState.DONE]
    (position,) = await play.positions()
    assert await play.quantities(position.Id) == {"p": -1, "w": 1, "hedge": 2}
    assert position.State is models.LivePositionState.Open


async def test_an_order_refused_by_a_risk_limit_is_not_tried_again_and_its_code_is_named(
    play: Play, memory: Memory
) -> None:
    await play.desk.set_limits(Limits(max_contracts=Decimal(1)))
    await play.strategy(spread())
    await play.evaluate()
    await play.rounds(play.pilot(memory), 2)
    (task,) = memory.tasks()
    assert task.state is TaskState.FAILED
    assert "OrderTooLarge" in (task.note or "")
    assert await play.orders() == []


async def test_a_halted_exit_is_tried_again_when_trading_resumes(play: Play, memory: Memory) -> None:
    await play.strategy(spread())
    pilot = play.pilot(memory, everywhere(style=Style.MARKET))
    await play.evaluate()
    await play.rounds(pilot, 2)
    database, clock = play.desk.application.database, play.market.clock
    await halt(database, "a test", clock.now())
    play.market.move(4850)
    await play.evaluate()
    await play.rounds(pilot, 6)
    (task,) = memory.open_tasks()
    assert task.kind is TaskKind.EXIT
    assert any("code Halted" in notice.text for notice in play.notices)
    await resume(database, clock.now())
    await play.rounds(pilot, 10, 30)
    (position,) = await play.positions()
    assert position.State is models.LivePositionState.Closed


async def test_a_refusal_that_passes_is_waited_for(play: Play, memory: Memory) -> None:
    await play.desk.set_limits(Limits(max_orders_per_minute=0))
    await play.strategy(spread())
    await play.evaluate()
    pilot = play.pilot(memory, everywhere(max_concession=Decimal(1)))
    await play.rounds(pilot, 2)
    assert await play.orders() == []
    await play.desk.set_limits(Limits())
    await play.rounds(pilot, 4)
    assert [task.state for task in memory.tasks()] == [TaskState.DONE]
    assert any("TooManyOrders" in notice.text for notice in play.notices)


async def test_a_rejection_is_reported_with_its_reason(tmp_path: Path, memory: Memory) -> None:
    async with play_server(tmp_path) as play:
        play.venue.faults.ask(Fault.REJECT)
        await play.strategy(spread())
        await play.evaluate()
        await play.rounds(play.pilot(memory), 2)
        (task,) = memory.tasks()
        assert task.state is TaskState.FAILED
        assert "rejected by the venue's risk desk" in (task.note or "")
        assert len(await play.orders()) == 1


async def test_an_order_that_was_certainly_not_sent_is_sent_again_at_the_current_price(
    play: Play, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await play.strategy(spread())
    pilot = play.pilot(memory, everywhere(max_concession=Decimal(1)))
    await play.evaluate()
    await play.rounds(pilot, 4)
    entry = await play.orders()
    with monkeypatch.context() as patch:
        patch.setattr(
            play.desk.application.desk.permits, "limits", SendLimits(send_within=-1.0)
        )  # no order leaves the server in time
        play.market.move(4850)
        await play.evaluate()
        await play.rounds(pilot, 2)
    unsent = (await play.orders())[len(entry) :]
    assert [order.State for order in unsent] == [models.OrderState.Rejected] * len(unsent)
    assert len(unsent) > 1
    (task,) = memory.open_tasks()
    assert (task.kind, task.attempt) == (TaskKind.EXIT, 0), "the plan is a new one"
    play.market.move(4860)
    await play.rounds(pilot, 10)
    last = (await play.orders())[-1]
    assert last.State is models.OrderState.Filled
    assert last.LimitPrice != unsent[-1].LimitPrice
    (position,) = await play.positions()
    assert position.State is models.LivePositionState.Closed
    assert len(play.venue.ledger.executions) == 2


async def test_an_entry_that_can_never_be_sent_ends_with_the_patience(
    play: Play, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play.desk.application.desk.permits, "limits", SendLimits(send_within=-1.0))
    await play.strategy(spread())
    pilot = play.pilot(memory, everywhere(patience_seconds=60))
    await play.evaluate()
    await play.rounds(pilot, 8)
    (task,) = memory.tasks()
    assert task.state is TaskState.FAILED
    assert "it was not sent within" in (task.note or "")
    assert len(await play.orders()) > 2
    assert play.venue.ledger.orders == {}


async def test_an_order_cancelled_by_hand_is_not_sent_again(play: Play, memory: Memory) -> None:
    await play.strategy(spread())
    pilot = play.pilot(memory, everywhere(style=Style.MID))
    await play.evaluate()
    await play.rounds(pilot, 1)
    (order,) = await play.orders()
    await play.control.cancel_order(models.CancelOrderArgs(IdempotencyKey="by-hand", LiveOrderId=order.OrderId))
    await play.rounds(pilot, 2)
    assert len(await play.orders()) == 1
    (task,) = memory.tasks()
    assert task.state is TaskState.FAILED
    assert "cancelled by another program or person" in (task.note or "")


async def test_an_order_of_another_client_for_the_same_group_is_waited_for(play: Play, memory: Memory) -> None:
    await play.strategy(spread())
    pilot = play.pilot(memory, everywhere(style=Style.MID, patience_seconds=30))
    await play.evaluate()
    await play.rounds(pilot, 1)
    (order,) = await play.orders()
    await play.desk.send(
        models.SendOrderArgs(
            IdempotencyKey="by-hand",
            ReplacesOrder=order.OrderId,
            BrokerAccountId=SIM,
            ExecPlanId=order.ExecPlanId,
            LegGroupId=order.LegGroupId,
            LegGroupOrder=models.LegGroupOrder(
                OrderType=models.OrderType.Limit,
                TimeInForce=models.TimeInForce.Day,
                LimitPrice=Decimal("-23.50"),
                LegNames=["p", "w"],
            ),
        )
    )
    await play.rounds(pilot, 4)
    assert [item.State.name for item in await play.orders()] == ["Replaced", "Submitted"], "it is not ours to touch"
    play.market.move(4970)
    await play.rounds(pilot, 2)
    assert [task.state for task in memory.tasks()] == [TaskState.DONE]


async def test_an_exit_that_expires_with_the_session_is_tried_the_next_day(tmp_path: Path, memory: Memory) -> None:
    market = ScriptedMarket(datetime(2024, 3, 11, 19, 55, tzinfo=UTC))
    async with play_server(tmp_path, market) as play:
        await play.strategy(spread())
        mid = OrderPolicy(style=Style.MID, patience_seconds=3600)
        pilot = play.pilot(memory, {**everywhere(style=Style.MARKET), TaskKind.EXIT: mid})
        await play.evaluate()
        await play.rounds(pilot, 2)
        play.market.move(4850)
        await play.evaluate()
        await play.rounds(pilot, 2)
        await play.pass_time(600)
        await play.rounds(pilot, 3)
        *_, expired = await play.orders()
        assert expired.State is models.OrderState.Expired
        (task,) = memory.open_tasks()
        assert task.kind is TaskKind.EXIT
        assert task.due is not None
        await play.market.at(datetime(2024, 3, 12, 14, 0, tzinfo=UTC), spot=4850)
        await pilot.catch_up()
        play.market.move(4950)
        await play.rounds(pilot, 2)
        (position,) = await play.positions()
        assert position.State is models.LivePositionState.Closed


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.REQUEST_LOST, Fault.DISCONNECT_BEFORE])
async def test_an_unresolved_order_is_waited_for_and_never_doubled(
    tmp_path: Path, memory: Memory, fault: Fault
) -> None:
    async with play_server(tmp_path) as play:
        play.venue.faults.ask(fault)
        await play.strategy(spread())
        pilot = play.pilot(memory, everywhere(max_concession=Decimal(1)))
        await play.evaluate()
        await pilot.catch_up()
        await pilot.catch_up()
        assert len(await play.orders()) == 1
        for supervisor in play.desk.application.desk.supervisors:
            await supervisor.reconciled()
            await supervisor.reconcile()
        await play.rounds(pilot, 6)
        held = [await play.quantities(position.Id) for position in await play.positions()]
        assert held in ([], [{"p": -1, "w": 1}])
        assert sum(order.CumQty for order in await play.orders()) == len(held)
        assert all(task.state.is_final for task in memory.tasks())


async def test_an_exit_ends_the_walk_of_an_adjustment(play: Play, memory: Memory) -> None:
    """The adjustment's order is cancelled, and the exit follows."""
    condition = "underlying_price < 4950"
    adjusted: Json = {
        "ConditionalAdjustments": {condition: {"AddLegsAdjustment": {"Legs": [leg("h", 1, StrikePrice=4600)]}}}
    }
    await play.strategy(spread(Adjustment=adjusted))
    policies = {**everywhere(style=Style.MARKET), TaskKind.ADJUSTMENT: OrderPolicy(style=Style.MID)}
    del policies[TaskKind.EXIT]  # which is then ordered as without any policy
    pilot = play.pilot(memory, policies)
    await play.evaluate()
    await play.rounds(pilot, 2)
    play.market.move(4940)
    await play.evaluate()
    await play.rounds(pilot, 1)
    assert [task.kind for task in memory.open_tasks()] == [TaskKind.ADJUSTMENT]
    play.market.move(4850)
    await play.evaluate()
    await play.rounds(pilot, 8)
    states = {task.kind: task.state for task in memory.tasks()}
    assert states[TaskKind.ADJUSTMENT] is TaskState.UNFILLED
    assert states[TaskKind.EXIT] is TaskState.DONE
    (position,) = await play.positions()
    assert position.State is models.LivePositionState.Closed


async def test_an_adjustment_that_is_half_filled_gives_way_to_the_exit_which_closes_all(
    tmp_path: Path, memory: Memory
) -> None:
    condition = "underlying_price < 4950"
    legs = [leg("h", 2, StrikePrice=4600)]
    adjusted: Json = {"ConditionalAdjustments": {condition: {"AddLegsAdjustment": {"Legs": legs}}}}
    async with play_server(tmp_path, displayed=Decimal(1)) as play:
        await play.strategy(spread(Adjustment=adjusted))
        policies = {**everywhere(style=Style.MARKET), TaskKind.ADJUSTMENT: OrderPolicy(style=Style.MID)}
        pilot = play.pilot(memory, policies)
        await play.evaluate()
        await play.rounds(pilot, 2)
        play.market.move(4940)
        await play.evaluate()
        await pilot.catch_up()
        play.market.move(4960)  # the put is cheaper here: one is bought
        await play.settle()
        play.market.move(4850)
        await play.evaluate()
        await play.rounds(pilot, 6)
        states = {task.kind: task.state for task in memory.tasks()}
        assert states[TaskKind.ADJUSTMENT] is TaskState.FAILED
        assert states[TaskKind.EXIT] is TaskState.DONE
        assert memory.stopped() == {}
        (position,) = await play.positions()
        assert position.State is models.LivePositionState.Closed
        assert await play.venue.positions(SIM) == {}


async def test_a_plan_that_was_not_begun_is_not_begun_long_afterwards(play: Play, memory: Memory) -> None:
    """Killed between the decision and the first order, and started again the next day."""
    await play.strategy(spread())
    await play.evaluate()
    mortal = cast("Memory", Mortal(memory, [0], 2, after=True))
    with pytest.raises(Killed):
        await play.pilot(mortal).catch_up()
    (task,) = memory.open_tasks()
    assert task.state is TaskState.EXECUTING
    await play.market.at(datetime(2024, 3, 12, 15, 0, tzinfo=UTC), spot=4850)
    await play.evaluate()
    await play.rounds(play.pilot(memory), 2)
    assert await play.orders() == []
    (task,) = memory.tasks()
    assert task.state is TaskState.WITHDRAWN
    assert "out of date" in (task.note or "")


async def test_all_actions_of_an_adjustment_are_carried_out_by_orders(play: Play, memory: Memory) -> None:
    actions: Json = {
        "RemoveLegsAdjustment": {"LegNames": ["w"]},
        "MoveLegAdjustment": {"LegName": "p", "StrikeSelector": {"StrikePrice": "leg_p_strike - 100"}},
        "AddLegsAdjustment": {"Legs": [leg("hedge", 1, StrikePrice=4600)]},
        "UpdateVarsAdjustment": {"VarDefines": {"done": "1"}},
    }
    definition = spread(
        Entry={**ONE, "VarDefines": {"done": "0"}},
        Exit={},
        Adjustment={"ConditionalAdjustments": {"underlying_price < 4900 and done == 0": actions}},
    )
    await play.strategy(definition)
    pilot = play.pilot(memory, everywhere(max_concession=Decimal(1), step_ticks=3))
    await play.evaluate()
    await play.rounds(pilot, 4)
    play.market.move(4850)
    await play.evaluate()
    await play.rounds(pilot, 12)
    assert [(task.state, task.note) for task in memory.tasks()] == [(TaskState.DONE, None)] * 2
    (position,) = await play.positions()
    assert await play.quantities(position.Id) == {"p": -1, "hedge": 1}
    detail = await play.control.get_position(models.GetPositionArgs(PositionId=position.Id))
    assert detail.Vars["done"] == 1
    await play.evaluate()
    await play.rounds(pilot, 2)
    assert await play.quantities(position.Id) == {"p": -1, "hedge": 1}


async def test_accounts_of_real_money_need_their_name_and_a_second_option(play: Play, memory: Memory) -> None:
    account = await play.control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))
    live = replace(account, BrokerAccountId="U1", BrokerType=models.BrokerType.Ibkr)

    def refusal(account: models.LiveAccount, *named: str, real_money: bool = False) -> str | None:
        orders = Orders(play.data, named, real_money=real_money)
        return Autopilot(play.control, play.events, memory, orders=orders).refusal_of(account)

    assert Autopilot(play.control, play.events, memory).refusal_of(account) is not None
    assert refusal(account, "SIM2000") is not None
    assert refusal(account, SIM) is None
    assert "real money" in (refusal(live, "U1") or "")
    assert refusal(live, SIM, real_money=True) is not None
    assert refusal(live, "U1", real_money=True) is None


async def test_a_second_autopilot_with_the_same_memory_is_refused(play: Play, tmp_path: Path, memory: Memory) -> None:
    with (
        memory.claimed(),
        Memory(tmp_path / "memory.sqlite3") as other,
        pytest.raises(MemoryInUseError, match="another"),
    ):
        await play.pilot(other).run()
