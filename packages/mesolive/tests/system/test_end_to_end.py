"""One whole trade over a real socket: prepare four legs, fill, stream, replay, exit.

The selected strikes are checked against a computation of this module's own, made from the quotes alone: on the
exchange's files straight from their lines, on the generated market from the quotes that it shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import math
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.clock import Clock, ManualClock
from mesolive.market.contracts import Right
from mesolive.market.providers.chain_files import read_export
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive_sdk import models
from mesolive_testkit.paths import SHARED_DATA
from mesolive_testkit.server import Kit, live_server, manual_market

CHAINS = SHARED_DATA / "cboe"
FILES = ("spx-2022-02-04.csv", "spx-2023-09-14.csv")

Quotes = Mapping[float, tuple[float, float]]
"""Bid and ask by strike."""


@dataclass(frozen=True)
class Chain:
    """Quotes of every PM-settled expiration, calls and puts, read without the product's code."""

    day: date
    spot: float
    calls: Mapping[date, Quotes]
    puts: Mapping[date, Quotes]

    def nearest_day(self, target: int, lowest: int, highest: int) -> date:
        days = [(abs((d - self.day).days - target), d) for d in self.calls if lowest <= (d - self.day).days <= highest]
        return min(days)[1]


def read_chain(path: Path) -> Chain:
    """Read an exchange's file with the csv module alone."""
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    spot = float(rows[0][1].removeprefix("Last:"))
    words = rows[1][0].removeprefix("Date:").replace(",", " ").split()
    day = datetime.strptime(" ".join(words[:3]), "%B %d %Y").date()  # noqa: DTZ007 - an exchange-local date
    calls: dict[date, dict[float, tuple[float, float]]] = {}
    puts: dict[date, dict[float, tuple[float, float]]] = {}
    for row in rows[3:]:
        if not row[1].startswith("SPXW"):
            continue
        expiration = datetime.strptime(row[0], "%a %b %d %Y").date()  # noqa: DTZ007 - an exchange-local date
        strike = float(row[11])
        calls.setdefault(expiration, {})[strike] = (float(row[4]), float(row[5]))
        puts.setdefault(expiration, {})[strike] = (float(row[15]), float(row[16]))
    return Chain(day, spot, calls, puts)


def chain_of(kit: Kit) -> Chain:
    """Return the same of a running market."""
    view = kit.application.market.view("SPX")
    sides: dict[Right, dict[date, Quotes]] = {Right.CALL: {}, Right.PUT: {}}
    for expiration in view.expirations:
        for right, side in sides.items():
            part = view.slice("SPXW", expiration.day, right)
            if part is not None:
                quotes = zip(part.strikes.tolist(), part.bid.tolist(), part.ask.tolist(), strict=True)
                side[expiration.day] = {strike: (bid, ask) for strike, bid, ask in quotes}
    spot = view.underlying.quote.mark
    assert spot is not None
    return Chain(view.now.date(), spot, sides[Right.CALL], sides[Right.PUT])


def mid(quote: tuple[float, float]) -> float:
    return (quote[0] + quote[1]) / 2


def forward_of(calls: Quotes, puts: Quotes, spot: float) -> float:
    """Return the forward that put-call parity gives at the strikes near the spot (median, discounting left out)."""
    near = sorted(calls.keys() & puts.keys(), key=lambda strike: abs(strike - spot))[:11]
    result = sorted(strike + mid(calls[strike]) - mid(puts[strike]) for strike in near)
    return result[len(result) // 2]


def put_value(forward: float, strike: float, deviation: float) -> float:
    d1 = math.log(forward / strike) / deviation + deviation / 2
    return strike * normal(deviation - d1) - forward * normal(-d1)


def normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def put_delta(forward: float, strike: float, price: float) -> float:
    """Return 100 times the absolute delta by bisection on the total deviation; time and rates drop out nearly."""
    low, high = 1e-4, 5.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if put_value(forward, strike, middle) < price else (low, middle)
    return 100 * normal(-(math.log(forward / strike) / low + low / 2))


def strategy_definition() -> dict[str, Any]:
    def leg(name: str, qty: int, kind: str, selector: dict[str, str]) -> dict[str, Any]:
        return {
            "Name": name,
            "Qty": str(qty),
            "OptionType": kind,
            "ExpirationName": "m",
            "LegGroupId": "1" if kind == "Put" else "2",
            "StrikeSelector": selector,
        }

    return {
        "MesoSimVersion": "3.0",
        "StrategyName": "two spreads",
        "Symbol": "SPX",
        "Structure": {
            "Expirations": [{"Name": "m", "DTE": "45", "Min": "20", "Max": "70", "Roots": {"Include": ["SPXW"]}}],
            "Legs": [
                leg("sp", -2, "Put", {"Delta": "16"}),
                leg("lp", 2, "Put", {"StrikePrice": "leg_sp_strike - 100"}),
                leg("sc", -1, "Call", {"MidPrice": "8"}),
                leg("lc", 1, "Call", {"StrikePrice": "leg_sc_strike + 100"}),
            ],
        },
        "Entry": {
            "Schedule": {"AfterMarketOpenMinutes": 60, "Every": "day"},
            "VarDefines": {"credit": "100 * (2 * leg_sp_price + leg_sc_price - 2 * leg_lp_price - leg_lc_price)"},
            "AbortConditions": ["credit < 0"],
        },
        "Exit": {
            "Schedule": {"AfterMarketOpenMinutes": 60, "Every": "day"},
            "ProfitTarget": "credit / 2",
            "StopLoss": "2 * credit",
        },
    }


def expected_strikes(chain: Chain) -> tuple[date, dict[str, float]]:
    """Return the expiration and the strikes that the definition asks for, found by looking at every strike."""
    day = chain.nearest_day(45, 20, 70)
    calls, puts = chain.calls[day], chain.puts[day]
    forward = forward_of(calls, puts, chain.spot)
    out_of_the_money = {k: q for k, q in puts.items() if forward * 0.7 < k < forward and q[0] > 0}
    sp = min(out_of_the_money, key=lambda k: abs(put_delta(forward, k, mid(out_of_the_money[k])) - 16))
    lp = min(puts, key=lambda k: (abs(k - (sp - 100)), k))
    sc = min((k for k, q in calls.items() if 0 < q[0] <= q[1]), key=lambda k: (abs(mid(calls[k]) - 8), -k))
    lc = min(calls, key=lambda k: (abs(k - (sc + 100)), -k))
    return day, {"sp": sp, "lp": lp, "sc": sc, "lc": lc}


@pytest.fixture(params=["generated", *FILES])
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[tuple[Kit, Chain]]:
    """Run a server on each market."""
    if request.param == "generated":
        async with live_server(tmp_path, manual_market()) as kit:
            yield kit, chain_of(kit)
        return
    path = CHAINS / request.param
    if not path.exists():
        pytest.skip(f"the recorded chain {request.param} is not beside this checkout")
    export = read_export(path)
    clock: Clock = ManualClock(export.exported_at)
    market = Market([SimulatedProvider.from_export(export, clock, seed=3)])
    async with live_server(tmp_path, (market, clock)) as kit:
        yield kit, read_chain(path)


async def test_a_four_leg_trade_goes_from_the_definition_to_the_closed_position(case: tuple[Kit, Chain]) -> None:
    kit, chain = case
    made = await kit.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=strategy_definition(), ActiveOnAccounts=["ML1000"])
    )
    events = await kit.events()
    received: asyncio.Queue[models.PositionUpdateEvent] = asyncio.Queue()
    events.on_position_update(received.put_nowait)
    await events.subscribe_to_strategies(models.SubscribeToStrategiesArgs(Strategies=[made.Id]))

    prepared = (await kit.prepare_entry(made.Id)).Result
    assert prepared is not None
    # The market stands still, outside of the schedule or of the session: that is advice, the conditions do not refuse.
    assert [condition.Result for condition in prepared.AbortConditions] == [False]
    day, strikes = expected_strikes(chain)
    selected = {name: leg.LiveContract for name, leg in prepared.SelectedLegs.items()}
    assert {name: float(contract.Strike or 0) for name, contract in selected.items()} == strikes
    assert {contract.Root for contract in selected.values()} == {"SPXW"}
    for contract in selected.values():
        assert contract.Expiration is not None
        assert (contract.Expiration - timedelta(hours=5)).date() == day
    for name, contract in selected.items():
        side = chain.puts if contract.OptionType is models.MesoOptionType.Put else chain.calls
        quote = prepared.LegPrices[name]
        assert (float(quote.Bid or 0), float(quote.Ask or 0)) == side[day][strikes[name]]
    assert prepared.LegGroups == {1: ["sp", "lp"], 2: ["sc", "lc"]}
    assert prepared.LegGroupQtys[1].Qty == 2

    entered = await kit.enter(made.Id)
    data = await kit.data()
    args = models.StreamPositionDataArgs(
        PositionId=entered.PositionId,
        IncludePosition=models.LiveDataInclude.All,
        IncludeLegs=models.LiveDataInclude.All,
        IncludeLegGroups=models.LiveDataInclude.All,
    )
    async with contextlib.aclosing(data.stream_position_data(args)) as stream:
        first = await anext(stream)
        assert first.LegPrices is not None
        assert len(first.LegPrices) == 4
        assert first.PositionPnLs is not None
        assert first.PositionPnLs.Mark is not None
        assert abs(first.PositionPnLs.Mark + Decimal("3.90")) < 30, "just filled at the marks: the commissions are lost"
        await kit.advance(60)
        second = await anext(stream)
        assert second.PositionPrices != first.PositionPrices
        assert second.PositionGreeks is not None
        assert first.LegGroupPrices is not None
        assert first.LegGroupPrices.keys() == {1, 2}

    await kit.leave(entered.PositionId)
    position = await kit.control.get_position(models.GetPositionArgs(PositionId=entered.PositionId))
    assert position.State is models.LivePositionState.Closed
    account = await kit.control.get_account(models.GetAccountArgs(BrokerAccountId="ML1000"))
    assert account.Cash == account.NetLiquidationValue == 100_000 + position.RealizedPnL

    replay = (await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))).Events
    assert [event.EventSeqId for event in replay] == list(range(1, len(replay) + 1))
    updates = [event.Event for event in replay if event.EventType == "OnPositionUpdate"]
    assert [update.Status for update in updates] == [models.PositionStatus.Created, models.PositionStatus.Closed]
    async with asyncio.timeout(60):
        assert [(await received.get()).EventId for _ in updates] == [update.EventId for update in updates]
