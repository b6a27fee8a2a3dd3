"""Clients of the double of TWS that send nonsense: it answers or hangs up, and serves the others."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.doubles.tws.requests import read_request
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.doubles.tws.wire import WireError
from mesolive_testkit.tws import TwsKit, bag, ib, limit, running_double

TEXTS = st.one_of(
    st.sampled_from(["", "0", "1", "-1", "BAG", "1.7976931348623157E308", "2147483647", "1e999999", "nan", "9" * 40]),
    st.integers(-(10**12), 10**12).map(str),
    st.text(max_size=6),
)


@given(st.integers(0, 120).map(str) | st.text(max_size=3), st.lists(TEXTS, max_size=160), st.integers(157, 178))
def test_fields_that_are_no_request_are_an_error_of_the_wire_and_nothing_else(
    message_id: str, fields: list[str], version: int
) -> None:
    with suppress(WireError):
        read_request([message_id, *fields], version)


def nonsense(kit: TwsKit, numbers: random.Random) -> tuple[Any, Any]:
    """Return an order in which some fields are wild."""
    legs = [(kit.option(numbers.choice([0.97, 1.0, 1.02]), numbers.choice("CP")), numbers.choice([1, -1, 2, 10**9]))]
    contract = bag(legs * numbers.randint(1, 3), symbol=numbers.choice(["SPX", "", "X" * 500, "\u65e5"]))
    if numbers.random() < 0.5:
        contract = ib.Contract(conId=numbers.choice([0, -5, 10**11, legs[0][0].con_id]), exchange="SMART")
    order = limit(1, 1.0)
    wild = {
        "totalQuantity": [1.0, 0.5, -3.0, 1e11, 5e-9],
        "lmtPrice": [1.0, -1e11, 1e11, 0.05, 1e-9],
        "auxPrice": [0.0, 1e11],
        "orderType": ["LMT", "MKT", "STP", "STP LMT", "", "X"],
        "tif": ["DAY", "GTC", "IOC", "FOK", "GTD", "?"],
        "account": ["", "DU1234567", "\u202e"],
        "goodTillDate": ["", "never", "20269999 00:00:00", "20261201 10:00:00 No/Zone"],
        "orderRef": ["", "x" * 5000],
        "action": ["BUY", "SELL", "HOLD"],
        "whatIf": [False, True],
    }
    for name, values in wild.items():
        if numbers.random() < 0.4:
            setattr(order, name, numbers.choice(values))
    return contract, order


@pytest.mark.parametrize("seed", range(3))
async def test_invalid_orders_are_answered_and_the_market_continues(seed: int) -> None:
    numbers = random.Random(seed)  # noqa: S311 - not for secrets
    async with running_double(DoubleSettings(messages_per_second=0)) as kit:
        client = await kit.client()
        for number in range(120):
            contract, order = nonsense(kit, numbers)
            order_id = client.next_id()
            client.place(contract, order, order_id)
            if numbers.random() < 0.2:
                client.api.cancelOrder(numbers.choice([order_id, -1, 2**40]))
            if number % 20 == 0:
                await kit.advance()
        await client.settle()
        assert client.api.isConnected()
        answered = {call[0] for call in client.named("error")} | {call[0] for call in client.named("openOrder")}
        assert len(answered) > 100
