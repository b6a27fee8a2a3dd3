"""Positions of two leg groups, what is asked for them by hand, and what is read of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.models import LivePositionState, OrderState
from mesolive_testkit.venues import Desk, at_venue

MONTH = {"Name": "month", "DTE": "45", "Min": "30", "Max": "60", "Roots": {"Include": ["SPXW", "SPX"]}}
TWO_GROUPS: dict[str, Any] = {
    "Structure": {
        "Name": "two groups",
        "Expirations": [MONTH],
        "Legs": [
            {
                "Name": "sold",
                "Qty": "-1",
                "OptionType": "Put",
                "ExpirationName": "month",
                "LegGroupId": "1",
                "StrikeSelector": {"Delta": "16"},
            },
            {
                "Name": "bought",
                "Qty": "1",
                "OptionType": "Put",
                "ExpirationName": "month",
                "LegGroupId": "2",
                "StrikeSelector": {"StrikePrice": "leg_sold_strike - 100"},
            },
        ],
    },
    "Entry": {"Schedule": {"AfterMarketOpenMinutes": "1"}},
    "Exit": {},
    "Adjustment": {},
}


async def detail(control: MesoLiveControlHubClient, position_id: int) -> models.LivePositionDetail:
    return await control.get_position(models.GetPositionArgs(PositionId=position_id))


async def enter_both(desk: Desk) -> models.LivePosition:
    """Enter a position of two leg groups."""
    entry = await desk.prepare_entry((await desk.strategy(**TWO_GROUPS)).Id)
    for group in (1, 2):
        sent = await desk.send(at_venue(entry, group=group))
        await desk.order_in(sent.LiveOrderId, OrderState.Filled)
    return await desk.position_in(LivePositionState.Open)


def liquidate_args(position_id: int, key: str | None = None) -> models.LiquidatePositionArgs:
    return models.LiquidatePositionArgs(IdempotencyKey=key or new_idempotency_key(), PositionId=position_id)


def closed_args(position_id: int, key: str | None = None) -> models.SetPositionClosedArgs:
    return models.SetPositionClosedArgs(IdempotencyKey=key or new_idempotency_key(), PositionId=position_id)


def pnl_args(leg_id: int, realized: str | None, key: str | None = None) -> models.AdjustLegPnLArgs:
    return models.AdjustLegPnLArgs(
        IdempotencyKey=key or new_idempotency_key(),
        LegId=leg_id,
        RealizedPnL=None if realized is None else Decimal(realized),
    )


async def record(control: MesoLiveControlHubClient, key: str) -> models.IdempotencyRecord:
    return await control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey=key))


async def orders_of(desk: Desk) -> list[models.Order]:
    return (await desk.control.list_orders(models.ListOrdersArgs(Limit=500))).Orders
