"""The venue is killed while it trades at a double that fails: what it lists in the end is what the broker did.

`make crash-test-tastytrade-venue` runs it long. A run is repeated with the seed that it prints. A kill abandons every
task of the venue at any point between two answers, tears the last line of the journal at times, and starts another
venue on the same journal. `system/test_broker_kills.py` kills the processes of server and double.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.connectors.tastytrade.symbols import contract_of
from mesolive.market.contracts import OptionContract
from mesolive.records import replace
from mesolive.venues.base import Execution, OrderStatus, VenueRequest, VenueUnreachableError
from mesolive_testkit.tastytrade.bench import MORNING, QUICK_SETTINGS, QUICK_TIMES, TastytradeBench, at_the_double
from mesolive_testkit.tastytrade.sockets import until
from mesolive_testkit.venues.benches import ACCOUNT

KILLS = int(os.environ.get("MESOLIVE_TASTYTRADE_VENUE_KILLS", "4"))
SEED = int(os.environ.get("MESOLIVE_TASTYTRADE_SEED", "1"))
RATES = {
    "answer_lost": 0.06,
    "request_lost": 0.04,
    "gateway_timeout": 0.03,
    "internal_error": 0.02,
    "throttled": 0.02,
    "token_dies_early": 0.02,
    "types_mixed": 0.2,
    "fields_added": 0.2,
    "cancel_lost_to_fill": 0.1,
    "replace_lost_to_fill": 0.1,
}
FRAME_RATES = {"frames_lost": 0.2, "frames_doubled": 0.2, "frames_swapped": 0.2}


@dataclass
class Trader:
    """Trades at a venue that is killed, and remembers what it was told."""

    bench: TastytradeBench
    rng: random.Random
    sent: dict[str, VenueRequest] = field(default_factory=dict)
    reported: dict[str, Execution] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter[str])
    is_sending: bool = True

    async def live(self) -> None:
        """Open sessions, as the server does, and trade in them."""
        while True:
            with suppress(VenueUnreachableError):
                async with self.bench.venue.session() as facts:
                    trading = asyncio.create_task(self._trade())
                    try:
                        async for fact in facts:
                            if isinstance(fact, Execution):
                                self.note(fact)
                    finally:
                        trading.cancel()
                        await asyncio.gather(trading, return_exceptions=True)
            await asyncio.sleep(0.02)

    def note(self, execution: Execution) -> None:
        """Remember an execution; one that was reported before must be the same."""
        known = self.reported.setdefault(execution.execution_id, execution)
        assert known == execution, "what was reported under an id has changed"

    async def _trade(self) -> None:
        venue = self.bench.venue
        while self.is_sending:
            action = self.rng.choice(["market", "market", "rest", "rest", "cancel", "replace", "wait"])
            self.done[action] += 1
            with suppress(VenueUnreachableError):
                match action:
                    case "market":
                        await venue.submit(self._remember(self.bench.order(self.rng.randint(1, 3))))
                    case "rest":
                        await venue.submit(self._remember(self.bench.resting(self.rng.randint(1, 2))))
                    case "cancel" if self.sent:
                        await venue.cancel(ACCOUNT, self.rng.choice(list(self.sent)), None)
                    case "replace" if self.sent:
                        old = self.sent[self.rng.choice(list(self.sent))]
                        await venue.replace(old.reference, Decimal(0), self._remember(self.bench.resting(int(old.qty))))
                    case _:
                        await asyncio.sleep(self.rng.uniform(0, 0.02))
            await self.bench.tick()

    def _remember(self, request: VenueRequest) -> VenueRequest:
        self.sent[request.reference] = request
        return request


def at_the_broker(bench: TastytradeBench) -> dict[str, list[int]]:
    """Return the ids of the double's orders by their identifier."""
    result: dict[str, list[int]] = {}
    for order in bench.double.desk.orders.values():
        if order.identifier is not None:
            result.setdefault(order.identifier, []).append(order.id)
    return result


def held(bench: TastytradeBench) -> dict[OptionContract, Decimal]:
    account = bench.double.desk.account(ACCOUNT)
    result: dict[OptionContract, Decimal] = {}
    for symbol, position in account.positions.items():
        contract = contract_of(symbol)
        if contract is not None and position.quantity:
            result[contract] = Decimal(position.quantity)
    return result


async def requested(bench: TastytradeBench, count: int) -> None:
    """Wait until the broker has been asked so many more times: what a life comprises depends on no machine's speed."""
    last = len(bench.double.truth.of("request")) + count
    await until(lambda: len(bench.double.truth.of("request")) >= last)


async def settled(trader: Trader) -> None:
    """Let every doubt be resolved over sessions without faults, and compare with the broker."""
    bench = trader.bench
    for name in (*RATES, *FRAME_RATES):
        bench.double.faults.switch_off(name)
    living = asyncio.create_task(trader.live())
    trader.is_sending = False
    try:
        async with asyncio.timeout(100):
            while True:
                await bench.tick()
                await asyncio.sleep(0.05)
                with suppress(VenueUnreachableError):
                    orders = await bench.venue.orders(ACCOUNT, MORNING)
                    executions = await bench.venue.executions(ACCOUNT, MORNING)
                    doubts = [item for item in orders if item.status is OrderStatus.IN_DOUBT]
                    if not doubts and {item.execution_id for item in executions} >= trader.reported.keys():
                        break
        for execution in executions:
            trader.note(execution)
        listed = {item.reference: item for item in orders if item.reference is not None}
        real = at_the_broker(bench)
        for reference, ids in real.items():
            assert len(ids) == 1, f"{reference} was sent {len(ids)} times"
            assert listed[reference].venue_id == str(ids[0])
        for reference in trader.sent.keys() - real.keys():
            assert reference not in listed or listed[reference].status is OrderStatus.REJECTED
        for order in bench.double.desk.orders.values():
            combos = [item for item in executions if item.venue_id == str(order.id)]
            assert len(combos) == order.filled, f"order {order.id}"
        booked: dict[OptionContract, Decimal] = {}
        for leg in (leg for execution in executions for leg in execution.legs):
            booked[leg.contract] = booked.get(leg.contract, Decimal(0)) + leg.qty
        assert {contract: qty for contract, qty in booked.items() if qty} == held(bench)
        assert await bench.venue.positions(ACCOUNT) == held(bench)
    finally:
        trader.is_sending = True
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)


@pytest.mark.slow
@pytest.mark.timeout(300 + 5 * KILLS)
async def test_a_venue_that_is_killed_again_and_again_lists_what_the_broker_did(tmp_path: Path) -> None:
    print(f"tastytrade crash test: {KILLS} kills, seed {SEED}")  # noqa: T201 - the seed repeats the run
    rng = random.Random(SEED)  # noqa: S311 - a test's own chances
    times = replace(QUICK_TIMES, quarantine=0.4, settle=0.3, commission=0.3)
    settings = replace(QUICK_SETTINGS, flight_seconds=0.002, live_seconds=0.002, cancel_seconds=0.005)
    async with at_the_double(tmp_path, MORNING, times=times, settings=settings) as bench:
        trader = Trader(bench, rng)
        for kill in range(KILLS):
            if kill % 10 == 0:
                for name, rate in RATES.items():
                    bench.double.faults.switch_on(name, probability=rate)
                for name, rate in FRAME_RATES.items():
                    bench.double.faults.switch_on(name, probability=rate, message="Order")
            living = asyncio.create_task(trader.live())
            await requested(bench, rng.randint(10, 60))
            await asyncio.sleep(rng.uniform(0, 0.01))  # also between two requests
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)
            await bench.close_venue()
            if rng.random() < 0.2:
                with (tmp_path / "orders.jsonl").open("ab") as file:
                    file.write(b'{"type": "Se')  # torn as the machine lost its power
            await bench.open_venue()
            if kill % 10 == 9 or kill == KILLS - 1:
                await settled(trader)
    print(f"tastytrade crash test: {dict(trader.done)}, {len(trader.reported)} executions")  # noqa: T201
    assert trader.done["market"] > 0
    assert trader.reported
