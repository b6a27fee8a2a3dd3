"""The order rate in memory is what counting the rows would give, over restarts and clocks that go back."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesolive.store.database import Database
from mesolive.trading.execution.order_rate import OrderRate
from mesolive.trading.execution.send_permits import SendPermits
from mesolive_testkit.server import START
from mesolive_testkit.venues.stored_orders import Book, fill

MINUTE = timedelta(minutes=1)


class Server:
    """A server that counts what it stores, and the moments at which orders were stored."""

    def __init__(self, book: Book, now: datetime) -> None:
        self.book = book
        self.now = now
        self.stored: list[datetime] = []
        self.rate = OrderRate()

    async def counted(self) -> int:
        async with self.book.database.write(self.book.user_id) as tx:
            return await self.rate.count(tx, self.book.account.id, self.now)

    async def send(self, number: int) -> None:
        """Store orders as one transaction of the order service does, in which their account was counted."""
        await self.counted()
        for reference in range(number):
            await self.book.order(
                SendPermits(self.book.database), f"{self.now}-{len(self.stored)}-{reference}", self.now
            )
        self.rate.add(self.book.account.id, self.now, number)
        self.stored += [self.now] * number

    def expected(self) -> int:
        return sum(self.now - MINUTE < at <= self.now for at in self.stored)


class Shop(NamedTuple):
    """A database for all examples; each has days of its own."""

    loop: asyncio.AbstractEventLoop
    book: Book
    days: count[int]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shop]:
    loop = asyncio.new_event_loop()
    file: Path = tmp_path_factory.mktemp("rate") / "orders.sqlite3"
    database = loop.run_until_complete(Database.open(f"sqlite:///{file}", transient=True))
    yield Shop(loop, loop.run_until_complete(fill(database)), count())
    loop.run_until_complete(database.close())
    loop.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([0.001, 1, 29.5, 30, 59.999, 60, 60.001, 200])),
        st.tuples(st.just("send"), st.integers(1, 3)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("clear"), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_the_orders_of_the_last_minute_are_counted_as_the_database_has_them(
    shop: Shop, steps: list[tuple[str, float]]
) -> None:
    async def play() -> None:
        server = Server(shop.book, START + timedelta(days=next(shop.days)))
        for kind, amount in steps:
            if kind == "wait":
                server.now += timedelta(seconds=amount)
            elif kind == "send":
                await server.send(int(amount))
            elif kind == "restart":
                server.rate = OrderRate()
            else:
                server.rate.clear()
            assert await server.counted() == server.expected()

    shop.loop.run_until_complete(play())


async def test_a_market_that_goes_back_does_not_count_the_orders_of_its_later_times(database: Database) -> None:
    server = Server(await fill(database), START)
    await server.send(2)
    server.now += timedelta(seconds=90)
    await server.send(3)
    assert await server.counted() == 3
    server.now = START + timedelta(seconds=30)
    assert await server.counted() == 2
    await server.send(1)
    assert await server.counted() == 3
    server.now += timedelta(seconds=31)
    assert await server.counted() == 1
