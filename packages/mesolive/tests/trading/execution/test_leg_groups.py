"""Plans of several leg groups, and of marker legs: one order per group, a position when all are filled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mesolive_sdk import models
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import LegStatus, LivePositionState, OrderState, StatusCode
from mesolive_testkit.venues import Desk, at_venue


def structure(*legs: dict[str, str]) -> dict[str, Any]:
    month = {"Name": "month", "DTE": "45", "Min": "30", "Max": "60", "Roots": {"Include": ["SPXW", "SPX"]}}
    return {
        "Structure": {
            "Name": "test",
            "Expirations": [month],
            "Legs": [
                {"OptionType": "Put", "ExpirationName": "month", **leg, "StrikeSelector": selector}
                for leg, selector in zip(legs, SELECTORS, strict=False)
            ],
        },
        "Entry": {"Schedule": {"AfterMarketOpenMinutes": "1"}},
        "Exit": {},
        "Adjustment": {},
    }


SELECTORS: list[dict[str, str]] = [
    {"Delta": "16"},
    {"StrikePrice": "leg_first_strike - 100"},
    {"Delta": "30"},
]
TWO_GROUPS = structure(
    {"Name": "first", "Qty": "-1", "LegGroupId": "1"}, {"Name": "second", "Qty": "1", "LegGroupId": "2"}
)
WITH_MARKERS = structure(
    {"Name": "first", "Qty": "-1", "LegGroupId": "1"},
    {"Name": "second", "Qty": "1", "LegGroupId": "1"},
    {"Name": "marker", "Qty": "0", "LegGroupId": "2"},
)


async def statuses(desk: Desk, status: LegStatus) -> set[str]:
    return {leg.Name for leg in (await desk.control.list_legs(models.ListLegsArgs(Status=status))).Legs}


async def test_a_position_is_opening_until_its_last_group_is_filled(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy(**TWO_GROUPS)).Id)
    sold = await desk.send(at_venue(entry, group=1))
    order = await desk.order_in(sold.LiveOrderId, OrderState.Filled)
    assert (order.Side, order.Qty, order.CumQty) == ("S", -1, -1)
    assert order.AvgFillPrice is not None
    assert order.AvgFillPrice < 0  # a credit
    await desk.position_in(LivePositionState.Opening)
    assert await statuses(desk, LegStatus.Opening) == {"first", "second"}
    bought = await desk.send(at_venue(entry, group=2))
    assert (await desk.order(bought.LiveOrderId)).Side == "B"
    opened = await desk.position_in(LivePositionState.Open)
    assert await statuses(desk, LegStatus.Open) == {"first", "second"}
    leave = await desk.prepare_exit(opened.Id)
    await desk.send(at_venue(leave, group=2))
    await desk.position_in(LivePositionState.Closing)
    await desk.send(at_venue(leave, group=1))
    await desk.position_in(LivePositionState.Closed)


async def test_all_groups_of_a_plan_have_one_multiplier(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy(**TWO_GROUPS)).Id)
    first = await desk.send(at_venue(entry, group=1, multiplier=Decimal(3)))
    await desk.order_in(first.LiveOrderId, OrderState.Filled)
    with pytest.raises(MesoLiveApiException) as refused:
        await desk.send(at_venue(entry, group=2, multiplier=Decimal(2)))
    assert refused.value.status is StatusCode.Conflict
    second = await desk.send(at_venue(entry, group=2))
    assert (await desk.order(second.LiveOrderId)).Qty == 3


async def test_a_group_of_marker_legs_is_filled_here_and_never_sent(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy(**WITH_MARKERS)).Id)
    marked = await desk.send(at_venue(entry, group=2))
    assert marked.State is OrderState.Filled
    assert desk.venue.ledger.orders == {}
    await desk.position_in(LivePositionState.Opening)
    await desk.send(at_venue(entry, group=1))
    opened = await desk.position_in(LivePositionState.Open)
    detail = await desk.control.get_position(models.GetPositionArgs(PositionId=opened.Id))
    assert {leg.Name: leg.Qty for leg in detail.Legs} == {"first": -1, "second": 1, "marker": 0}


@pytest.mark.parametrize("order", [[2, 1], [1, 2], [1]])
async def test_every_group_of_entry_and_exit_can_be_sent_in_any_order(desk: Desk, order: list[int]) -> None:
    """A client sends one order for each group of `LegGroups`, as the contract documents, or leaves the markers out."""
    entry = await desk.prepare_entry((await desk.strategy(**WITH_MARKERS)).Id)
    for group in order:
        sent = await desk.send(at_venue(entry, group=group))
        assert (await desk.order_in(sent.LiveOrderId, OrderState.Filled)).CumQty == (0 if group == 2 else 1)
    opened = await desk.position_in(LivePositionState.Open)
    assert await statuses(desk, LegStatus.Open) == {"first", "second", "marker"}
    leave = await desk.prepare_exit(opened.Id)
    for group in order:
        sent = await desk.send(at_venue(leave, group=group))
        await desk.order_in(sent.LiveOrderId, OrderState.Filled)
    await desk.position_in(LivePositionState.Closed)
    assert await statuses(desk, LegStatus.Closed) == {"first", "second", "marker"}
    closed = [
        event
        for event in await desk.log()
        if isinstance(event, models.PositionUpdateEvent) and event.Status is models.PositionStatus.Closed
    ]
    assert len(closed) == 1


async def test_markers_that_are_sent_after_their_plan_change_nothing_of_its_position(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy(**WITH_MARKERS)).Id)
    await desk.send(at_venue(entry, group=1))
    before = await desk.control.get_position(
        models.GetPositionArgs(PositionId=(await desk.position_in(LivePositionState.Open)).Id)
    )
    await desk.advance(60)
    marked = await desk.send(at_venue(entry, group=2))
    assert marked.State is OrderState.Filled
    after = await desk.control.get_position(models.GetPositionArgs(PositionId=before.Id))
    assert (after.State, after.Vars, after.Legs) == (before.State, before.Vars, before.Legs)
    with pytest.raises(MesoLiveApiException, match="is filled already") as again:
        await desk.send(at_venue(entry, group=2))
    assert again.value.status is StatusCode.Conflict


async def test_the_markers_of_an_exit_alone_leave_its_position_open(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy(**WITH_MARKERS)).Id)
    leave = await desk.prepare_exit(opened.Id)
    marked = await desk.send(at_venue(leave, group=2))
    assert marked.State is OrderState.Filled
    assert [position.State for position in await desk.positions()] == [LivePositionState.Open]


async def test_markers_fill_while_their_venue_cannot_be_reached(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy(**WITH_MARKERS)).Id)
    desk.venue.disconnect()
    assert (await desk.send(at_venue(entry, group=2))).State is OrderState.Filled


async def test_marker_legs_need_no_order(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy(**WITH_MARKERS)).Id)
    await desk.send(at_venue(entry, group=1))
    opened = await desk.position_in(LivePositionState.Open)
    leave = await desk.prepare_exit(opened.Id)
    await desk.send(at_venue(leave, group=1))
    await desk.position_in(LivePositionState.Closed)


async def test_an_exit_that_was_prepared_before_the_position_changed_is_refused(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy(**TWO_GROUPS)).Id)
    await desk.send(at_venue(entry, group=1))
    opening = await desk.position_in(LivePositionState.Opening)
    early = await desk.prepare_exit(opening.Id)
    await desk.send(at_venue(entry, group=2))
    await desk.position_in(LivePositionState.Open)
    late = await desk.prepare_exit(opening.Id)
    out = await desk.send(at_venue(late, group=1))
    await desk.order_in(out.LiveOrderId, OrderState.Filled)
    with pytest.raises(MesoLiveApiException, match="has changed"):
        await desk.send(at_venue(early, group=1))
