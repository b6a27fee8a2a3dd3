"""The double of TWS: processor time of ticks in a burst, of a market step at 80 lines, and of orders that are filled.

A double that is slower than the connector would hide what the connector can do. The client here reads and drops: the
figures are of the double and of the socket alone.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.report import Absolute, Row
from bench.yardsticks import python_loop
from mesolive.clock import ManualClock
from mesolive.doubles.markets import Markets
from mesolive.doubles.tws.double import TwsDouble
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.doubles.tws.wire import Message, frame
from mesolive.doubles.tws.wire_contract import ContractQuery

START = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
LINES = 80
TICKS = 100_000
SECOND_OF_TICKS = 20_000
STEPS = 30
ORDERS = 200
ANSWER = b"\0\0\0\x1049\x001\x00"
"""How the frame of the server's time begins, its length included: 16 bytes with ten digits of seconds."""


def run() -> Sequence[Row]:
    return asyncio.run(measure())


async def measure() -> list[Row]:
    """Measure a burst of ticks, steps of the market, and orders."""
    before = python_loop()
    clock = ManualClock(START)
    markets = Markets.simulated(clock, seed=7, symbols=("SPX",))
    await markets.start()
    double = TwsDouble(markets, clock, DoubleSettings(messages_per_second=0, margin_check=False))
    await double.start()
    client = await Drain.connected(double.port)
    query = ContractQuery(symbol="SPX", trading_class="SPXW", right="C", last_trade="20261218")
    options = double.gateway.instruments.find(query, clock.now())
    for number, option in enumerate(options[:LINES], 1):
        client.send((1, 11, number, *contract(option), 0, "", 0, 0, ""))
    await client.quiet()
    burst = await cost_of_burst(double, client)
    begun = time.process_time()
    for _ in range(STEPS):
        await clock.advance(1)
    await client.quiet()
    step = (time.process_time() - begun) / STEPS
    begun = time.process_time()
    for number in range(1, ORDERS + 1):
        client.send(order(number, options[len(options) // 2]))
    while len(double.truth.of("fill")) < ORDERS:
        await clock.advance(1)
        await client.quiet()
    orders = (time.process_time() - begun) / ORDERS
    client.close()
    await double.stop()
    await markets.stop()
    loop = sorted([before, python_loop(), python_loop()])[1]
    second = burst * SECOND_OF_TICKS / TICKS
    sides = (Absolute("2 M loop", loop * 1e3, "ms CPU"),)
    return [
        Row(
            f"{SECOND_OF_TICKS:,} ticks written to a socket, CPU : the 2 M loop",
            second / loop,
            target=3.0,
            moonshot=1.0,
            absolutes=[*sides, Absolute("them", second * 1e3, "ms CPU"), Absolute("ticks", TICKS / burst, "per s CPU")],
        ),
        Row(
            f"a step of the market with {LINES} lines, CPU : the 2 M loop",
            step / loop,
            absolutes=[*sides, Absolute("a step", step * 1e3, "ms CPU")],
        ),
        Row(
            "an order of a single option, from its frame to its fill, CPU : the 2 M loop",
            orders / loop,
            absolutes=[*sides, Absolute("an order", orders * 1e3, "ms CPU")],
        ),
    ]


async def cost_of_burst(double: TwsDouble, client: Drain) -> float:
    """Return the CPU seconds of a burst, until the client has read it."""
    begun = time.process_time()
    for _ in range(TICKS // 1000):
        double.data.burst(1000)
        double.gateway.commit()
        await asyncio.sleep(0)
    await client.quiet()
    return time.process_time() - begun


class Drain(asyncio.Protocol):
    """A client that drops what it reads, but for the answers to its requests of the time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.tail = b""
        self.answered = asyncio.Event()

    @classmethod
    async def connected(cls, port: int) -> Drain:
        """Return a client that has logged in."""
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(cls, "127.0.0.1", port)
        greeting = b"v157..178"
        assert client.transport is not None
        client.transport.write(b"API\0" + struct.pack(">I", len(greeting)) + greeting)
        client.send((71, 2, 10, ""))
        await client.quiet()
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.tail = (self.tail + data)[-64:]
        if ANSWER in self.tail:
            self.answered.set()

    def send(self, message: Message) -> None:
        assert self.transport is not None
        self.transport.write(frame(message))

    async def quiet(self) -> None:
        """Wait until everything that was asked before is answered."""
        self.answered.clear()
        self.tail = b""
        self.send((49, 1))
        await self.answered.wait()

    def close(self) -> None:
        assert self.transport is not None
        self.transport.close()


def contract(option: Instrument) -> Message:
    """Return the twelve fields that name an option by its conId."""
    return (option.con_id, "", "", "", 0.0, "", "", "SMART", "", "USD", "", "")


def order(number: int, option: Instrument) -> Message:
    """Return a purchase far above the market, as the client library writes it at version 178."""
    head = (3, number, *contract(option), "", "", "BUY", 1.0, "LMT", 900.0, "", "DAY", "", "", "", 0, f"b-{number}")
    flags = (1, 0, 0, 0, 0, 0, 0, 0)
    middle = ("", 0.0, "", "", "", "", "", "", 0, "", -1, 0, "", "", 0, "", "", 0, 0, "", 0, "", "", "", "", "", 0)
    volatility = ("", "", "", "")
    scale = (0, "", "", "", "", "", "", "", "", "", "")
    clearing = (0, "", "", 0, 0, "", "", 0, "", 0, 0, 0, 0)
    adjusted = ("", "", "", "", "", "", 0, "", "", "", "", "", "", "", "", 0, 0, 0, "")
    return (*head, *flags, *middle, *volatility, *scale, *clearing, *adjusted, "", "", 0, "", "")
