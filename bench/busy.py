"""A busy server for as long as it is told: ticks into streams, orders, cancels and events; memory, and what calls wait.

10,000 ticks a second move 200 open positions, each followed by a stream; 20 orders a second are sent and cancelled, and
a client hears of them. The server is a process of its own, and so are the followers of the streams and the caller whose
calls are timed: first while nothing happens, then meanwhile.

It takes a minute; `MESOLIVE_BENCH_SECONDS=3600` makes it an hour. Memory is looked at after collections of garbage, and
compared between the second fifth of the time and the last: before, caches fill.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from bench._busy_server import Ready, State
from bench._callers import Call, Callers
from bench._rounds import quantile
from bench._stream_readers import StreamReaders
from bench.report import Absolute, Row
from mesolive.records import replace
from mesolive_sdk import (
    MesoLiveApiException,
    MesoLiveControlHubClient,
    MesoLiveEventHubClient,
    models,
    new_idempotency_key,
)

SECONDS = float(os.environ.get("MESOLIVE_BENCH_SECONDS", "60"))
RATE = 10_000
POSITIONS = 200
PLANS = 32
CONNECTIONS = 4
ORDERS_PER_SECOND = 20.0
WARM_UP_SECONDS = 5.0
SAMPLES = 50
"""Looks at the memory: fewer where the machine is so slow that calls take longer than the time between two."""
CALLS = 20
"""Calls between two looks at the clock."""
CALL = Call("GetUnderlyingSnapshot", [{"Underlying": {"Symbol": "SPX"}}])


class BusyServer:
    """Runs `bench._busy_server`."""

    def __init__(self, folder: str) -> None:
        self._command = [sys.executable, "-m", "bench._busy_server", folder, str(POSITIONS), str(PLANS)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self.ready = msgspec.json.decode(self._output.readline(), type=Ready)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._input.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tick(self, rate: int) -> State:
        """Have the market tick so many times a second."""
        return self._ask(f"rate {rate}")

    def state(self) -> State:
        """Return what it holds and has taken."""
        return self._ask("state")

    def _ask(self, line: str) -> State:
        self._input.write(f"{line}\n".encode())
        self._input.flush()
        return msgspec.json.decode(self._output.readline(), type=State)


@dataclass
class Trader:
    """Sends resting orders and cancels them, one after another, and hears of them.

    Attributes
    ----------
    sent, cancelled
        Seconds that the calls took.
    refused
        Calls that were answered with an error, as on a machine that is too slow for the limits of time.
    heard
        Events of orders.
    """

    control: MesoLiveControlHubClient
    orders: Sequence[models.SendOrderArgs]
    sent: list[float] = field(default_factory=list[float])
    cancelled: list[float] = field(default_factory=list[float])
    refused: int = 0
    heard: int = 0

    def hear(self, _: models.OrderUpdateEvent) -> None:
        """Count an event."""
        self.heard += 1

    async def trade(self) -> None:
        """Send and cancel orders until it is cancelled."""
        due = time.perf_counter()
        while True:
            for order in self.orders:
                due = max(due + 1 / ORDERS_PER_SECOND, time.perf_counter())
                await asyncio.sleep(due - time.perf_counter())
                try:
                    await self._send_and_cancel(replace(order, IdempotencyKey=new_idempotency_key()))
                except MesoLiveApiException:
                    self.refused += 1

    async def _send_and_cancel(self, order: models.SendOrderArgs) -> None:
        began = time.perf_counter()
        made = await self.control.send_order(order)
        answered = time.perf_counter()
        await self.control.cancel_order(
            models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=made.LiveOrderId)
        )
        self.sent.append(answered - began)
        self.cancelled.append(time.perf_counter() - answered)


async def measure() -> list[Row]:
    """Start a server, keep it busy, and return the figures."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(BusyServer(str(folder)))
        ready = server.ready
        port, query = int(ready.url.rpartition(":")[2]), f"?access_token={ready.token}"
        data = f"/hubs/data/v1{query}"
        caller = stack.enter_context(Callers(port, data, 1))
        await asyncio.to_thread(_call, caller, 2.0)
        idle = await asyncio.to_thread(_call, caller, WARM_UP_SECONDS)

        control = await stack.enter_async_context(MesoLiveControlHubClient(ready.url, ready.token))
        events = await stack.enter_async_context(MesoLiveEventHubClient(ready.url, ready.token))
        trader = Trader(control, ready.orders)
        events.on_order_update(trader.hear)
        await events.subscribe_to_strategies()
        server.tick(RATE)
        streams = [("StreamPositionData", [{"PositionId": number}]) for number in ready.positions]
        readers = await asyncio.to_thread(stack.enter_context, StreamReaders(port, data, CONNECTIONS, streams))
        trading = asyncio.create_task(trader.trade())
        try:
            await asyncio.to_thread(_call, caller, WARM_UP_SECONDS)
            return await asyncio.to_thread(_watch, server, caller, readers, trader, idle)
        finally:
            trading.cancel()
            # What has stopped the trader is the bench's own failure.
            outcome = (await asyncio.gather(trading, return_exceptions=True))[0]
            if isinstance(outcome, Exception):
                raise outcome


def _watch(server: BusyServer, caller: Callers, readers: StreamReaders, trader: Trader, idle: list[float]) -> list[Row]:
    before, items, sent = server.state(), readers.items(), len(trader.sent)
    began = time.perf_counter()
    busy: list[float] = []
    held: list[float] = []
    while (passed := time.perf_counter() - began) < SECONDS:
        busy += _call(caller, SECONDS / SAMPLES - passed % (SECONDS / SAMPLES))
        held.append(server.state().resident_bytes / 1e6)
    after, elapsed = server.state(), time.perf_counter() - began
    fifth = max(len(held) // 5, 1)
    early, late = statistics.median(held[fifth : 2 * fifth + 1]), statistics.median(held[-fifth:])
    minutes = elapsed * 0.6 / 60  # from the middle of the second fifth to that of the last
    answered = len(trader.sent) - sent
    return [
        Row(
            f"memory grown in {SECONDS:,.0f} s, from the second fifth to the last",
            late - early,
            10,
            unit=" MB",
            absolutes=[
                Absolute("second fifth", early, "MB"),
                Absolute("last fifth", late, "MB"),
                Absolute("growth", (late - early) / minutes, "MB a minute"),
                Absolute("processor time of the server", 100 * (after.cpu_seconds - before.cpu_seconds) / elapsed, "%"),
                Absolute("ticks", (after.ticks - before.ticks) / elapsed, "1/s"),
                Absolute("items of streams", (readers.items() - items) / elapsed, "1/s"),
                Absolute("orders sent and cancelled", answered / elapsed, "1/s"),
                Absolute("calls refused", trader.refused, ""),
                Absolute("events heard of an order", trader.heard / max(len(trader.sent), 1), ""),
            ],
        ),
        Row(
            "p99 of calls meanwhile : p99 of calls while nothing happens",
            quantile(busy, 0.99) / quantile(idle, 0.99),
            5,
            absolutes=[
                Absolute(f"{name}, {shown}", quantile(took, part) * 1e3, "ms")
                for name, took in (
                    ("idle", idle),
                    ("busy", busy),
                    ("SendOrder", trader.sent),
                    ("CancelOrder", trader.cancelled),
                )
                for shown, part in (("p50", 0.5), ("p99", 0.99))
            ],
        ),
    ]


def _call(caller: Callers, seconds: float) -> list[float]:
    """Make calls for some seconds, one after another; return the seconds that each took."""
    took: list[float] = []
    until = time.perf_counter() + seconds
    while not took or time.perf_counter() < until:
        took += caller.play([[CALL] * CALLS]).took
    return took


def run() -> Sequence[Row]:
    """Measure."""
    return asyncio.run(measure())
