"""Every request that the real client library can send is understood by the double of TWS."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesolive.doubles.tws.messages import NAMES
from mesolive.doubles.tws.place_order import PlaceOrder
from mesolive.doubles.tws.requests import Unserved, read_request
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.doubles.tws.wire import frame
from mesolive_testkit.tws import Recorder, bag, ib, ib_client, limit, running_double

VERSIONS = (157, 158, 160, 162, 166, 169, 170, 176, 177, 178)

CONTRACT: Any = ib.Contract(conId=416904, symbol="SPX", secType="IND", exchange="CBOE", currency="USD")

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "reqMktData": (1, CONTRACT, "100,101", False, False, []),
    "cancelMktData": (1,),
    "cancelOrder": (7,),
    "reqOpenOrders": (),
    "reqAccountUpdates": (True, "DU1234567"),
    "reqExecutions": (1, ib.ExecutionFilter()),
    "reqIds": (1,),
    "reqContractDetails": (1, CONTRACT),
    "setServerLogLevel": (2,),
    "reqAutoOpenOrders": (True,),
    "reqAllOpenOrders": (),
    "reqManagedAccts": (),
    "reqCurrentTime": (),
    "reqGlobalCancel": (),
    "reqMarketDataType": (3,),
    "reqPositions": (),
    "reqAccountSummary": (1, "All", "NetLiquidation"),
    "cancelAccountSummary": (1,),
    "cancelPositions": (),
    "startApi": (),
    "reqAccountUpdatesMulti": (1, "DU1234567", "", False),
    "cancelAccountUpdatesMulti": (1,),
    "reqSecDefOptParams": (1, "SPX", "", "IND", 416904),
    "reqMarketRule": (109,),
    "reqCompletedOrders": (False,),
}
"""Requests that are served, with arguments; placeOrder has a test of its own."""

UNSERVED: dict[str, tuple[Any, ...]] = {
    "reqMktDepth": (41, CONTRACT, 5, False, []),
    "reqHistoricalData": (41, CONTRACT, "", "1 D", "1 min", "TRADES", 1, 1, False, []),
    "exerciseOptions": (41, CONTRACT, 1, 1, "DU1234567", 0),
    "reqRealTimeBars": (41, CONTRACT, 5, "TRADES", True, []),
    "calculateImpliedVolatility": (41, CONTRACT, 1.0, 5000.0, []),
    "calculateOptionPrice": (41, CONTRACT, 0.2, 5000.0, []),
    "reqPositionsMulti": (41, "DU1234567", ""),
    "reqSoftDollarTiers": (41,),
    "reqMatchingSymbols": (41, "SPX"),
    "reqSmartComponents": (41, "9c0001"),
    "reqHeadTimeStamp": (41, CONTRACT, "TRADES", 0, 1),
    "reqHistogramData": (41, CONTRACT, True, "1 week"),
    "reqPnL": (41, "DU1234567", ""),
    "reqPnLSingle": (41, "DU1234567", "", 416904),
    "reqHistoricalTicks": (41, CONTRACT, "", "", 10, "TRADES", 1, False, []),
    "reqTickByTickData": (41, CONTRACT, "Last", 0, False),
}


class Wire:
    """A client of the library whose messages are kept in place of being sent."""

    def __init__(self, version: int) -> None:
        self.sent: list[bytes] = []
        self.api: Any = ib_client.Client(Recorder())
        self.api.connState = 2
        self.api._serverVersion = version
        self.api.clientId = 4
        self.api.MaxRequests = 0
        self.api.conn.sendMsg = self.sent.append

    def fields(self) -> list[str]:
        """Return the fields of the last message."""
        return self.sent[-1][4:-1].decode().split("\0")


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_request_is_read_to_its_last_field(version: int) -> None:
    wire = Wire(version)
    for name, arguments in ARGUMENTS.items():
        getattr(wire.api, name)(*arguments)
        request = read_request(wire.fields(), version)
        assert type(request).__name__.lower() in {name.lower(), f"{name.lower().removesuffix('accts')}accounts"}
    for name, arguments in UNSERVED.items():
        getattr(wire.api, name)(*arguments)
        assert read_request(wire.fields(), version) == Unserved(name, 41)


def number(low: int, high: int) -> st.SearchStrategy[float]:
    return st.integers(low, high).map(lambda cents: cents / 100)


ORDERS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["BUY", "SELL"]),
        "totalQuantity": st.integers(1, 999).map(float),
        "orderType": st.sampled_from(["LMT", "MKT", "STP", "STP LMT", "PEG BENCH", "PEG MID", "PEG BEST"]),
        "lmtPrice": number(-9999, 9999),
        "auxPrice": number(0, 9999),
        "tif": st.sampled_from(["DAY", "GTC", "GTD", "IOC"]),
        "account": st.sampled_from(["", "DU1"]),
        "orderRef": st.text("abcXYZ-/ 019é", max_size=30),
        "transmit": st.booleans(),
        "parentId": st.integers(0, 99),
        "outsideRth": st.booleans(),
        "whatIf": st.booleans(),
        "ocaGroup": st.sampled_from(["", "group"]),
        "goodTillDate": st.sampled_from(["", "20261218 16:00:00 US/Eastern"]),
        "allOrNone": st.booleans(),
        "algoStrategy": st.sampled_from(["", "Adaptive"]),
        "hedgeType": st.sampled_from(["", "D"]),
        "deltaNeutralOrderType": st.sampled_from(["", "MKT"]),
        "scalePriceIncrement": st.sampled_from([1.7976931348623157e308, 0.5]),
    }
)

CONDITIONS: st.SearchStrategy[list[Any]] = st.lists(
    st.sampled_from(
        [
            ib.order.PriceCondition(price=5000.0, conId=416904, exch="CBOE"),
            ib.order.TimeCondition(time="20261218 16:00:00"),
            ib.order.MarginCondition(percent=5),
            ib.order.ExecutionCondition(secType="STK", exch="SMART", symbol="SPY"),
            ib.order.VolumeCondition(volume=5, conId=1, exch="SMART"),
            ib.order.PercentChangeCondition(changePercent=1.0, conId=1, exch="SMART"),
        ]
    ),
    max_size=3,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ORDERS, CONDITIONS, st.integers(0, 4), st.integers(0, 2), st.sampled_from(VERSIONS))
async def test_an_order_is_read_as_the_library_wrote_it(
    fields: dict[str, Any], conditions: list[Any], legs: int, routing: int, version: int
) -> None:
    order = ib.Order(**fields, conditions=conditions)
    order.algoParams = [ib.TagValue("adaptivePriority", "Normal")]
    contract: Any = ib.Contract(conId=77, exchange="SMART")
    if legs:
        parts = [
            ib.ComboLeg(conId=number, ratio=number, action="SELL", exchange="CBOE") for number in range(1, legs + 1)
        ]
        contract = ib.Bag(symbol="SPX", exchange="SMART", currency="USD", comboLegs=parts)
        order.smartComboRoutingParams = [ib.TagValue(f"tag{number}", "1") for number in range(routing)]
    wire = Wire(version)
    wire.api.placeOrder(12, contract, order)
    got = read_request(wire.fields(), version)
    assert isinstance(got, PlaceOrder)
    assert (got.order_id, got.action, got.quantity) == (12, fields["action"], Decimal(fields["totalQuantity"]))
    assert (got.order_type, got.tif, got.account) == (fields["orderType"], fields["tif"], fields["account"])
    assert (got.limit_price, got.aux_price) == (Decimal(str(fields["lmtPrice"])), Decimal(str(fields["auxPrice"])))
    assert (got.order_ref, got.transmit, got.parent_id) == (fields["orderRef"], fields["transmit"], fields["parentId"])
    assert (got.outside_rth, got.what_if, got.oca_group) == (
        fields["outsideRth"],
        fields["whatIf"],
        fields["ocaGroup"],
    )
    assert (got.good_till_date, got.all_or_none) == (fields["goodTillDate"], fields["allOrNone"])
    assert (got.algo_strategy, got.conditions) == (fields["algoStrategy"], len(conditions))
    assert [(leg.con_id, leg.ratio, leg.action, leg.exchange) for leg in got.legs] == [
        (number, number, "SELL", "CBOE") for number in range(1, legs + 1)
    ]
    assert list(got.routing) == ([(f"tag{number}", "1") for number in range(routing)] if legs else [])


async def test_one_session_shows_the_library_every_message_of_the_protocol() -> None:
    """Each message is sent by the double and read by the library without a complaint of its decoder."""
    seen: set[str] = set()
    async with running_double(DoubleSettings(messages_per_second=0), step=timedelta(minutes=15)) as kit:
        client = await kit.client(0)
        client.api.decoder.handlers = {
            number: _noting(handler, NAMES.get(number, ""), seen)
            for number, handler in client.api.decoder.handlers.items()
        }
        option, other = kit.option(1.01), kit.option(1.03)
        client.api.reqManagedAccts()
        client.api.reqIds(1)
        client.api.reqMktData(91, ib.Contract(conId=option.con_id), "100,101,106,221", False, False, [])
        client.api.reqMktData(92, ib.Contract(conId=option.con_id), "", True, False, [])
        client.api.reqMktData(93, CONTRACT, "", False, False, [])
        client.api.reqPositions()
        client.api.reqAccountUpdates(True, "DU1234567")
        client.api.reqAccountSummary(94, "All", "NetLiquidation")
        client.api.reqAccountUpdatesMulti(95, "DU1234567", "", False)
        client.api.reqContractDetails(96, ib.Contract(conId=option.con_id))
        client.api.reqSecDefOptParams(97, "SPX", "", "IND", 416904)
        client.api.reqMarketRule(109)
        client.api.cancelOrder(4711)
        client.place(bag([(option, 1), (other, -1)]), limit(1, 60.0))
        kit.double.orders.by_hand("DU1234567", option.con_id, Decimal(1), Decimal("0.05"))
        client.api.reqAutoOpenOrders(True)
        client.api.reqOpenOrders()
        client.api.reqCompletedOrders(False)
        client.api.reqExecutions(98, ib.ExecutionFilter())
        await client.settle()
    assert set(NAMES.values()) - seen == set()


def _noting(handler: Any, name: str, seen: set[str]) -> Any:
    def handle(fields: Any) -> None:
        seen.add(name)
        handler(fields)

    return handle


def test_numbers_have_decimal_points_and_no_exponents() -> None:
    written = frame((1, 6800.0, Decimal("0.05"), Decimal("1E+3"), True, None))
    assert written[4:] == b"1\x006800.0\x000.05\x001000\x001\x00\x00"
