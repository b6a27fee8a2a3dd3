"""The autopilot when the class of an order is closed: exits and adjustments are prepared anew when it opens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.automation import Autopilot, Memory, Style, TaskKind, TaskState
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_testkit.autopilot import Play, everywhere, play_server
from mesolive_testkit.signals import Json, leg, short_put

CLOSE = datetime(2024, 3, 11, 20, 0, tzinfo=UTC)
"""16:00 in New York."""
OPENING = datetime(2024, 3, 12, 13, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE: Json = {"Concurrency": {"MaxPositionsInFlight": 1}, "ReentryDays": 5, "Conditions": ["underlying_price > 4900"]}
FALLEN = 4850.0
LEAVING: Json = {"Conditions": ["underlying_price < 4900"]}
MOVING: Json = {
    "ConditionalAdjustments": {
        "underlying_price < 4900": {
            "MoveLegAdjustment": {"LegName": "p", "StrikeSelector": {"StrikePrice": "leg_p_strike - 100"}}
        }
    }
}


@pytest.fixture
async def play(tmp_path: Path) -> AsyncGenerator[Play]:
    async with play_server(tmp_path) as stage:
        yield stage


@pytest.fixture
def memory(tmp_path: Path) -> Generator[Memory]:
    with Memory(tmp_path / "memory.sqlite3") as found:
        yield found


async def go_to(play: Play, pilot: Autopilot, moment: datetime, spot: float | None = None) -> None:
    """Go to a moment, and let the autopilot act before anything is evaluated there."""
    await play.market.at(moment, spot=spot)
    await play.settle()
    await pilot.catch_up()


async def act(play: Play, pilot: Autopilot) -> None:
    """Evaluate, and let the autopilot act and its orders be filled."""
    await play.evaluate()
    for _ in range(4):
        await pilot.catch_up()
        await play.pass_time(5)


async def signalled_at_the_close(play: Play, memory: Memory, definition: Json) -> Autopilot:
    """Return an autopilot that has read a signal of the last minute, when the session has ended."""
    definition["Structure"]["Legs"] = [leg("p", -1, StrikePrice=4800), leg("w", 1, StrikePrice=4600)]
    await play.strategy(definition)
    pilot = play.pilot(memory, everywhere(style=Style.MARKET))
    await act(play, pilot)
    await play.market.at(CLOSE - MINUTE, spot=FALLEN)
    await play.evaluate()
    await go_to(play, pilot, CLOSE)
    await play.pass_time(5)
    await pilot.catch_up()
    return pilot


@pytest.mark.parametrize(
    ("sections", "kind"),
    [({"Exit": LEAVING}, TaskKind.EXIT), ({"Adjustment": MOVING}, TaskKind.ADJUSTMENT)],
    ids=["an exit", "an adjustment"],
)
async def test_what_was_refused_for_its_hours_is_prepared_and_sent_anew_at_the_opening(
    play: Play, memory: Memory, sections: Json, kind: TaskKind
) -> None:
    pilot = await signalled_at_the_close(play, memory, short_put(Entry=ONE, **sections))
    task = memory.tasks()[-1]
    assert (task.kind, task.state, task.due) == (kind, TaskState.WAITING, OPENING)
    assert "OutsideTradingHours" in (task.note or "")
    plan = max(order.ExecPlanId for order in await play.orders())
    for hours in (1, 6, 17):
        await go_to(play, pilot, CLOSE + timedelta(hours=hours))
    refused = [notice for notice in play.notices if "the order was refused" in notice.text]
    assert len(refused) == 1, "nothing is tried while the class is closed"
    await go_to(play, pilot, OPENING, FALLEN)
    await act(play, pilot)
    (position,) = await play.positions()
    assert memory.tasks()[-1].state is TaskState.DONE
    last = (await play.orders())[-1]
    assert (last.State, last.ExecPlanId > plan) == (models.OrderState.Filled, True)
    if kind is TaskKind.EXIT:
        assert position.State is models.LivePositionState.Closed
    else:
        legs = (await play.control.get_position(models.GetPositionArgs(PositionId=position.Id))).Legs
        assert {int(item.LiveContract.Strike or 0) for item in legs if item.ClosedAt is None and item.Qty} == {
            4600,
            4700,
        }


async def test_a_signal_that_ends_overnight_sends_nothing(play: Play, memory: Memory) -> None:
    pilot = await signalled_at_the_close(play, memory, short_put(Entry=ONE, Exit=LEAVING))
    sent = len(await play.orders())
    await go_to(play, pilot, OPENING, 5000.0)
    await act(play, pilot)
    assert memory.tasks()[-1].state is TaskState.WITHDRAWN
    assert len(await play.orders()) == sent


async def test_an_exit_that_waits_for_the_opening_is_sent_by_an_autopilot_that_was_started_again(
    play: Play, memory: Memory
) -> None:
    await signalled_at_the_close(play, memory, short_put(Entry=ONE, Exit=LEAVING))
    pilot = play.pilot(memory, everywhere(style=Style.MARKET))
    await go_to(play, pilot, OPENING, FALLEN)
    await act(play, pilot)
    (position,) = await play.positions()
    assert position.State is models.LivePositionState.Closed


async def test_an_exit_is_sent_two_minutes_after_the_opening_where_nothing_could_be_evaluated(
    play: Play, memory: Memory
) -> None:
    pilot = await signalled_at_the_close(play, memory, short_put(Entry=ONE, Exit=LEAVING))
    await play.desk.application.signals.stop()
    sent = len(await play.orders())
    await go_to(play, pilot, OPENING + MINUTE, FALLEN)
    assert len(await play.orders()) == sent
    await go_to(play, pilot, OPENING + 2 * MINUTE, FALLEN)
    for _ in range(4):
        await pilot.catch_up()
        await play.pass_time(5)
    (position,) = await play.positions()
    assert position.State is models.LivePositionState.Closed


async def test_a_strategy_that_is_deleted_overnight_keeps_no_exit_of_another_from_being_sent(
    play: Play, memory: Memory
) -> None:
    first = short_put(StrategyName="first", Entry=ONE, Exit=LEAVING)
    first["Structure"]["Legs"] = [leg("p", -1, StrikePrice=4800), leg("w", 1, StrikePrice=4600)]
    deleted = await play.strategy(first)
    pilot = await signalled_at_the_close(play, memory, short_put(StrategyName="second", Entry=ONE, Exit=LEAVING))
    assert [task.state for task in memory.open_tasks()] == [TaskState.WAITING] * 2
    await play.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=deleted.Id, Force=True))
    await go_to(play, pilot, OPENING, FALLEN)
    await act(play, pilot)
    states = {position.LiveStrategyId: position.State for position in await play.positions()}
    assert states.pop(deleted.Id) is models.LivePositionState.Open
    assert set(states.values()) == {models.LivePositionState.Closed}
    assert memory.open_tasks() == []


class Refuses:
    """A client whose server refuses one method."""

    def __init__(self, play: Play, method: str, status: models.StatusCode) -> None:
        self._play = play
        self._method = method
        self._status = status

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._play.control, name)

        async def refuse(_args: object) -> None:
            raise MesoLiveApiException(self._status, "not now", None, None, name)

        return refuse


@pytest.mark.parametrize("method", ["get_strategy", "get_session", "get_evaluations"])
@pytest.mark.parametrize("status", [models.StatusCode.RateLimited, models.StatusCode.InternalError])
async def test_what_the_server_does_not_answer_of_a_waiting_exit_is_asked_again_and_ends_nothing(
    play: Play, memory: Memory, method: str, status: models.StatusCode
) -> None:
    await signalled_at_the_close(play, memory, short_put(Entry=ONE, Exit=LEAVING))
    before = memory.open_tasks()
    await play.market.at(OPENING, spot=FALLEN)
    refusing = play.pilot(memory, control=cast("MesoLiveControlHubClient", Refuses(play, method, status)))
    assert await refusing.catch_up() == before
    assert memory.open_tasks() == before
    await act(play, play.pilot(memory, everywhere(style=Style.MARKET)))
    (position,) = await play.positions()
    assert position.State is models.LivePositionState.Closed


class ClosesBefore:
    """A client whose first order reaches the server after the close."""

    def __init__(self, play: Play) -> None:
        self._play = play

    def __getattr__(self, name: str) -> Any:
        return getattr(self._play.control, name)

    async def send_order(self, args: models.SendOrderArgs) -> models.SendOrderResult:
        if self._play.now() < CLOSE:
            await self._play.market.at(CLOSE)
        return await self._play.control.send_order(args)


async def test_an_entry_that_was_refused_for_its_hours_waits_for_its_own_next_time(play: Play, memory: Memory) -> None:
    schedule: Json = {"BeforeMarketCloseMinutes": 5, "Every": "day"}
    await play.strategy(short_put(Entry={**ONE, "ReentryDays": 0, "Schedule": schedule}))
    control = cast("MesoLiveControlHubClient", ClosesBefore(play))
    pilot = play.pilot(memory, everywhere(style=Style.MARKET), control=control)
    await play.market.at(CLOSE - 5 * MINUTE)
    await act(play, pilot)
    (task,) = memory.tasks()
    assert (task.state, task.due) == (TaskState.SKIPPED, None)
    assert "considered anew at the next scheduled time" in (task.note or "")
    await play.market.at(OPENING)
    await act(play, pilot)
    assert await play.orders() == []
    await play.market.at(CLOSE + timedelta(days=1) - 5 * MINUTE)
    await act(play, pilot)
    (order,) = await play.orders()
    assert order.State is models.OrderState.Filled
