"""tastytrade in the crash test: the double of its servers with its books in a file, and the faults that it draws."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from mesolive.clock import ScaledClock
from mesolive.connectors.protocol import Connector, ConnectorRequest
from mesolive.connectors.tastytrade import TASTYTRADE
from mesolive.connectors.tastytrade.venue_core import VenueTimes
from mesolive.doubles.markets import Markets
from mesolive.doubles.tastytrade.actions import act
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.doubles.tastytrade.settings import DoubleSettings
from mesolive.market.contracts import OptionContract
from mesolive.records import replace
from mesolive.tastytrade_client import ClientConfig, DxLinkConfig, FeedConfig, StreamConfig
from mesolive.tastytrade_client.rate_limits import ALL
from mesolive.tastytrade_client.rate_limits import RATES as LIMITS
from mesolive_testkit.broker_crash.drivers import BrokerOrder, BrokerTruth, Double, DoubleRequest, Driver

ACCOUNT = "5WX00001"
OFTEN: dict[str, Any] = {"probability": 0.2}
RATES: dict[str, dict[str, Any]] = {
    "answer_lost": {"probability": 0.03},
    "request_lost": {"probability": 0.03},
    "answer_torn": {"probability": 0.02},
    "answer_garbled": {"probability": 0.02},
    "gateway_timeout": {"probability": 0.02},
    "bad_gateway": {"probability": 0.01},
    "internal_error": {"probability": 0.02},
    "throttled": {"probability": 0.02},
    "token_dies_early": {"probability": 0.02},
    "refresh_refused": {"probability": 0.05},
    "types_mixed": OFTEN,
    "fields_added": OFTEN,
    "fields_left_out": {"probability": 0.1},
    "order_rejected_later": {"probability": 0.03},
    "order_listed_late": {"probability": 0.05, "seconds": 0.5},
    "order_read_late": {"probability": 0.05, "seconds": 0.3},
    "unknown_status": {"probability": 0.1},
    "ledger_late": {"probability": 0.1, "seconds": 1},
    "cancel_lost_to_fill": {"probability": 0.1},
    "cancel_late": {"probability": 0.1, "seconds": 1},
    "replace_lost_to_fill": {"probability": 0.1},
    "replace_answer_bare": OFTEN,
    "partial_fills": {"probability": 0.5},
    "legs_shown_late": {"probability": 0.1, "seconds": 0.5},
    "fill_split": OFTEN,
    "fills_unsorted": OFTEN,
    "transactions_late": {"probability": 0.05, "seconds": 1},
    "positions_late": {"probability": 0.1, "seconds": 1},
    "zero_rows": OFTEN,
    "connect_unanswered": {"probability": 0.05},
    "frames_lost": {"probability": 0.1, "message": "Order"},
    "frames_doubled": {"probability": 0.2, "message": "Order"},
    "frames_late": {"probability": 0.1, "message": "Order", "seconds": 0.5},
    "frames_gathered": OFTEN,
    "frames_malformed": {"probability": 0.02, "message": "Order"},
    "request_id_missing": OFTEN,
}
"""Faults by their chance at each occasion."""

TIMES = VenueTimes(
    search_pauses=(0.1, 0.2, 0.5),
    quarantine=3.0,
    quiet=0.3,
    commission=5.0,
    fills_missing=20.0,
    ledger=4.0,
    settle=1.0,
    work=0.05,
    settlements=10.0,
    settlements_due=10.0,
)
CLIENT = ClientConfig(
    call_seconds=5.0,
    order_seconds=3.0,
    read_pause_seconds=0.05,
    refresh_pause_seconds=0.2,
    max_refresh_pause_seconds=1.0,
    rates=dict.fromkeys([ALL, *(rate.name for rate in LIMITS)], 10_000.0),
)
STREAM = StreamConfig(heartbeat_seconds=1.0, connect_seconds=3.0)


class CrashingTastytrade:
    """A double of tastytrade; implements `Double`."""

    def __init__(self, double: TastytradeDouble) -> None:
        self.double = double

    @property
    def port(self) -> int:
        return self.double.port

    def set_faults(self, *, on: bool) -> None:
        for name, arguments in RATES.items():
            self.double.faults.switch_off(name)
            if on:
                self.double.faults.switch_on(name, **arguments)

    def truth(self) -> BrokerTruth:
        return truth_of(self.double, ACCOUNT)


def truth_of(double: TastytradeDouble, account: str) -> BrokerTruth:
    """Return what a double of tastytrade did."""
    desk = double.desk

    def option_of(symbol: str) -> OptionContract:
        option = desk.instrument(symbol).option
        assert option is not None
        return option

    traded: dict[OptionContract, tuple[Decimal, Decimal]] = {}
    for order in desk.orders.values():
        for leg in order.legs:
            for fill in leg.fills:
                contract = option_of(leg.symbol)
                quantity, value = traded.get(contract, (Decimal(0), Decimal(0)))
                signed = Decimal(leg.sign * fill.quantity)
                traded[contract] = (quantity + signed, value + signed * fill.price)
    paid = (Decimal(str(fact["commission"])) + Decimal(str(fact["fees"])) for fact in double.truth.of("fill"))
    return BrokerTruth(
        orders=[
            BrokerOrder(order.identifier or "", str(order.id), Decimal(order.filled), not order.is_terminal)
            for order in desk.orders.values()
        ],
        traded=traded,
        positions={
            option_of(symbol): Decimal(position.quantity)
            for symbol, position in desk.account(account).positions.items()
            if position.quantity
        },
        commissions=sum(paid, Decimal(0)),
        fired=dict(double.faults.fired),
    )


@asynccontextmanager
async def open_double(request: DoubleRequest) -> AsyncGenerator[Double]:
    """Run the double of tastytrade on the books of the run before."""
    clock = ScaledClock(datetime.now(UTC) + timedelta(seconds=request.offset))
    markets = Markets.simulated(clock, seed=7, symbols=("SPX",))
    settings = DoubleSettings(
        accounts=(ACCOUNT,),
        cash=Decimal(100_000_000),
        rate_limits=False,
        position_lag=0.1,
        ledger_lag=0.3,
        transaction_lag=0.2,
        state_path=request.folder / "tastytrade.state",
        truth_path=request.folder / "truth.jsonl",
    )
    await markets.start()
    double = TastytradeDouble(markets, clock, settings, seed=request.seed, step=timedelta(seconds=0.5))
    await double.start(port=request.port)
    try:
        yield CrashingTastytrade(double)
    finally:
        await double.stop()
        await markets.stop()


def settings(port: int, offset: float) -> dict[str, str]:
    """Return the connector's settings; the books' quotes are another connection's."""
    return {
        "rest_url": f"http://127.0.0.1:{port}",
        "stream_url": f"ws://127.0.0.1:{port}/streamer",
        "clock_offset": f"{offset:.3f}",
        "dry_run": "always",
        "days": "40",
        "strikes_percent": "9",
    }


def disturb(double: Double, chances: Random) -> None:
    """Cut sockets, and let access tokens die."""
    assert isinstance(double, CrashingTastytrade)
    dice = chances.random()
    if dice < 0.03:
        act(double.double, "cut", {"socket": "account" if dice < 0.02 else "all"})
    elif dice < 0.04:
        act(double.double, "revoke_tokens", {"kind": "access"})


def _open(request: ConnectorRequest) -> Connector:
    from mesolive.connectors.tastytrade.connector import TastytradeConnector
    from mesolive.connectors.tastytrade.provider import ProviderConfig

    # The pauses between frames spare the broker: here each life would wait for some seventy of them.
    link = DxLinkConfig(frame_pause_seconds=0.0)
    feed = FeedConfig(connection=link, first_pause_seconds=0.2, max_pause_seconds=1.0)
    quotes = ProviderConfig(days=40, strikes=0.09, greeks=False, start_seconds=60.0, still_seconds=0.3, feed=feed)
    return TastytradeConnector(request, client=CLIENT, stream=STREAM, times=TIMES, market_data=quotes)


DRIVER = Driver(
    kind=replace(TASTYTRADE, open=_open),
    account=ACCOUNT,
    open_double=open_double,
    settings=settings,
    disturb=disturb,
    secrets={"client_secret": "double-client-secret", "refresh_token": "double-refresh-token"},
)
