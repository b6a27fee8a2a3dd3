"""Orders that tests place at the double of TWS, and what its client was sent about them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mesolive.doubles.tws.instruments import Instrument
from mesolive_testkit.tws import Call, TwsClient, TwsKit, bag, limit


def spread(kit: TwsKit) -> list[tuple[Instrument, int]]:
    """Return a call spread: the nearer strike bought, the farther sold."""
    return [(kit.option(1.01), 1), (kit.option(1.03), -1)]


def condor(kit: TwsKit) -> list[tuple[Instrument, int]]:
    """Return an iron condor with unequal ratios."""
    return [
        (kit.option(0.94, "P"), 2),
        (kit.option(0.96, "P"), -1),
        (kit.option(1.03), -1),
        (kit.option(1.05), 1),
    ]


def statuses(client: TwsClient) -> list[tuple[str, float, float]]:
    """Return what orderStatus said: status, filled, remaining."""
    return [(call[1], call[2], call[3]) for call in client.named("orderStatus")]


async def filled(client: TwsClient, order_id: int) -> Call:
    """Wait until an order is filled; return its last orderStatus."""
    return await client.get("orderStatus", lambda call: call[0] == order_id and call[1] == "Filled")


async def working(kit: TwsKit, client: TwsClient, price: float = 0.05, quantity: int = 3, **fields: Any) -> int:
    """Return a combo order that rests far from the market."""
    order_id = client.place(bag(spread(kit)), limit(quantity, price, **fields))
    await client.get("orderStatus", lambda call: call[0] == order_id and call[1] == "Submitted")
    return order_id


LONG_STEP = timedelta(minutes=15)
