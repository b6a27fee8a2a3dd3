"""Interactive Brokers in the crash test: the double of TWS with its state in a file, and the faults that it draws."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from mesolive.clock import ScaledClock
from mesolive.connectors.ibkr import IBKR
from mesolive.connectors.protocol import Connector, ConnectorRequest
from mesolive.doubles.tws.actions import act
from mesolive.doubles.tws.double import TwsDouble
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.market.contracts import OptionContract
from mesolive.records import replace
from mesolive_sdk.models import DataProviderType
from mesolive_testkit.broker_crash.drivers import BrokerOrder, BrokerTruth, Double, DoubleRequest, Driver
from mesolive_testkit.tws import few_options

ACCOUNT = "DU1234567"
SPEED = 5.0
"""How much shorter all times of waiting are than at a real TWS."""
STEP = timedelta(seconds=0.5)
DAYS = range(40, 51)
"""Expirations that the double lists beside the next three days: what the sample strategy trades is among them."""

RATES: dict[str, dict[str, Any]] = {
    "torn_frames": {"probability": 0.2},
    "doubled_messages": {"probability": 0.2, "message": "orderStatus"},
    "lost_messages": {"probability": 0.1, "message": "orderStatus"},
    "delayed_messages": {"probability": 0.1, "message": "openOrder", "seconds": 1},
    "order_ids_roll_back": {"probability": 0.2},
    "client_id_lingers": {"probability": 0.1, "seconds": 5},
    "order_lost_in_socket": {"probability": 0.02},
    "order_swallowed": {"probability": 0.02},
    "order_then_cut": {"probability": 0.04},
    "order_unacknowledged": {"probability": 0.03},
    "order_inactive": {"probability": 0.03, "seconds": 2},
    "order_rejected": {"probability": 0.03},
    "order_message": {"probability": 0.05},
    "preset_tif": {"probability": 0.1},
    "modification_rejected": {"probability": 0.1},
    "cancel_lost_to_fill": {"probability": 0.1},
    "cancel_unanswered": {"probability": 0.05},
    "cancel_pending": {"probability": 0.1, "seconds": 2},
    "cancel_refused": {"probability": 0.05},
    "cancel_by_error_only": {"probability": 0.1},
    "fill_after_cancel": {"probability": 0.1},
    "executions_first": {"probability": 0.2},
    "status_missing": {"probability": 0.2},
    "partial_fills": {"probability": 0.5},
    "leg_prefixes": {"probability": 0.1},
    "legs_split": {"probability": 0.1},
    "legs_late": {"probability": 0.1, "seconds": 2},
    "commission_first": {"probability": 0.2},
    "commission_unset": {"probability": 0.1},
    "executions_shuffled": {"probability": 0.3},
    "outage_fills_untold": {},
    "positions_late": {"probability": 0.1, "seconds": 3},
    "zero_rows": {"probability": 0.3},
}
"""Faults by their chance at each occasion."""


class CrashingTws:
    """A double of TWS; implements `Double`."""

    def __init__(self, double: TwsDouble) -> None:
        self.double = double

    @property
    def port(self) -> int:
        return self.double.port

    def set_faults(self, *, on: bool) -> None:
        for name, arguments in RATES.items():
            self.double.faults.switch_off(name)
            if on:
                self.double.faults.switch_on(name, **arguments)
        if not on and not self.double.gateway.link:
            act(self.double, "restore_link", {})

    def truth(self) -> BrokerTruth:
        return truth_of(self.double, ACCOUNT)


def truth_of(double: TwsDouble, account: str) -> BrokerTruth:
    """Return what really happened at a double of TWS with one account."""
    state = double.state

    def option(con_id: int) -> OptionContract:
        option_contract = state.instruments[con_id].option
        assert option_contract is not None
        return option_contract

    traded: dict[OptionContract, tuple[Decimal, Decimal]] = {}
    for execution in state.executions:
        if execution.of_bag:
            continue
        contract = option(execution.con_id)
        quantity, value = traded.get(contract, (Decimal(0), Decimal(0)))
        traded[contract] = (quantity + execution.signed, value + execution.signed * execution.price)
    return BrokerTruth(
        orders=[
            BrokerOrder(order.order_ref, str(order.perm_id), order.filled, order.live and not order.status.ended)
            for order in state.orders
            if order.perm_id
        ],
        traded=traded,
        positions={
            option(position.con_id): position.quantity
            for position in state.accounts[account].positions.values()
            if position.quantity
        },
        commissions=sum((commission.commission for commission in state.commissions.values()), Decimal(0)),
        fired=dict(double.faults.fired),
    )


@asynccontextmanager
async def open_double(request: DoubleRequest) -> AsyncGenerator[Double]:
    """Run the double of TWS on the state of the run before."""
    clock = ScaledClock(datetime.now(UTC) + timedelta(seconds=request.offset))
    markets = few_options(clock, ("SPX",), 7, STEP, days=DAYS)
    settings = DoubleSettings(
        accounts=(ACCOUNT,),
        cash=Decimal(100_000_000),
        messages_per_second=0,
        outage_seconds=5.0,
        state_path=request.folder / "tws.json",
        truth_path=request.folder / "truth.jsonl",
    )
    await markets.start()
    timer = ScaledClock(datetime(2000, 1, 1, tzinfo=UTC), SPEED)
    double = TwsDouble(markets, clock, settings, timer=timer, seed=request.seed, step=STEP)
    await double.start(port=request.port)
    try:
        yield CrashingTws(double)
    finally:
        await double.stop()
        await markets.stop()


def settings(port: int, offset: float) -> dict[str, str]:
    """Return the connector's settings."""
    return {
        "port": str(port),
        "clock_offset": f"{offset:.3f}",
        "restart_window": "",
        "lines": "60",
    }


def disturb(double: Double, chances: Random) -> None:
    """Lose and restore the connection to IB's servers, cut sockets, and break the farm of quotes for a while."""
    assert isinstance(double, CrashingTws)
    tws = double.double
    dice = chances.random()
    if not tws.gateway.link:
        if dice < 0.5:
            act(tws, "restore_link", {"code": "1102" if dice < 0.25 else "1101"})
    elif dice < 0.03:
        act(tws, "lose_link", {})
    elif dice < 0.07:
        act(tws, "cut", {"client": "10" if dice < 0.05 else "11"})
    elif dice < 0.08:
        act(tws, "flap_farm", {"seconds": "1"})


def _open(request: ConnectorRequest) -> Connector:
    from mesolive.connectors.ibkr.connector import IbkrConnector

    connector = IbkrConnector(request, timer=ScaledClock(datetime(2000, 1, 1, tzinfo=UTC), SPEED))
    connector.venue.listing_seconds /= SPEED
    return connector


DRIVER = Driver(
    kind=replace(IBKR, open=_open),
    account=ACCOUNT,
    open_double=open_double,
    settings=settings,
    disturb=disturb,
    quotes=DataProviderType.Ibkr,
)
