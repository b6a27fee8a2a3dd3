"""Accounts that a login at tastytrade loses: closed, or no longer permitted. Their orders and positions go on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mesolive.connectors.tastytrade.order_journal import OrderJournal
from mesolive.venues.base import Accepted, VenueUnreachableError
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.broker import NOW, FakeBroker, Traded, spread, trading
from mesolive_testkit.tastytrade.samples import ACCOUNT
from mesolive_testkit.tastytrade.sockets import FakeAccountStream

SINCE = NOW - timedelta(hours=1)
OTHER = "5WX00009"


async def assert_nothing_is_known(one: Traded) -> None:
    """Let the login lose its account, and see that every call about it says that nothing is known."""
    for path in ("orders/live", "orders", "positions", "transactions"):
        one.broker.rest.on("GET", f"/accounts/{OTHER}/{path}", samples.items())
    one.venue.come_up([OTHER])
    async with one.venue.session():
        for call in (one.venue.orders, one.venue.executions, one.venue.settlements):
            with pytest.raises(VenueUnreachableError, match="no more"):
                await call(ACCOUNT, SINCE)
        with pytest.raises(VenueUnreachableError, match="no more"):
            await one.venue.positions(ACCOUNT)
        with pytest.raises(VenueUnreachableError, match="no more"):
            await one.venue.cancel(ACCOUNT, "ref-1", None)


async def test_an_account_that_the_login_lost_is_unknown_and_not_empty() -> None:
    async with trading() as one:
        async with one.venue.session():
            assert isinstance(await one.venue.submit(spread()), Accepted)
        one.broker.stream = FakeAccountStream()
        await assert_nothing_is_known(one)


async def test_an_account_that_the_login_lost_is_unknown_after_a_restart_too(tmp_path: Path) -> None:
    broker, file = FakeBroker(), tmp_path / "orders.jsonl"
    async with trading(broker, journal=OrderJournal(file)) as one, one.venue.session():
        assert isinstance(await one.venue.submit(spread()), Accepted)
    broker.stream = FakeAccountStream()
    async with trading(broker, journal=OrderJournal(file)) as one:
        await assert_nothing_is_known(one)


async def test_an_account_that_neither_this_process_nor_the_journal_knows_is_unknown_and_not_empty() -> None:
    async with trading() as one:
        await assert_nothing_is_known(one)
