"""Streams of accounts: an item a second at most, at once when the account changes, with the figures read with it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from decimal import Decimal

import pytest

from mesolive.errors import not_found
from mesolive.records import replace
from mesolive.trading.portfolio.watched_accounts import WatchedAccount
from mesolive.venues.account_facts import BrokerFacts
from mesolive_sdk import models
from mesolive_testkit.streams import CALL, PUT, Follower, Running, follow, leg, refused, running, settled, strangle

NAME = "ML1000"


class FakeAccounts:
    """Serves one account."""

    def __init__(self) -> None:
        legs = (leg(1, CALL, -1, "60"), leg(2, PUT, -1, "70"))
        self.account = WatchedAccount(Decimal(100_000), legs, 1, Decimal(20_000), Decimal(-50), None)
        self.reads = 0

    async def read(self, user_id: int, broker_account_id: str) -> WatchedAccount:
        self.reads += 1
        if (user_id, broker_account_id) != (1, NAME):
            raise not_found(f"account {broker_account_id!r}")
        return self.account


@pytest.fixture
def accounts() -> FakeAccounts:
    return FakeAccounts()


@pytest.fixture
async def live(accounts: FakeAccounts) -> AsyncGenerator[Running]:
    async with running(strangle(), accounts=accounts) as play:
        yield play


async def watch(live: Running) -> Follower:
    return await follow(live.streams.account(live.user, models.StreamAccountDataArgs(BrokerAccountId=NAME)))


async def test_an_account_is_its_cash_and_what_it_holds_at_the_mark(live: Running) -> None:
    live.quote(CALL, 50.0, 51.0)
    live.quote(PUT, 60.0, 61.0)
    first = (await watch(live)).last_of_account()
    assert first.UnrealizedPnL == Decimal(6000 + 7000 - 5050 - 6050)
    assert first.NetLiquidationValue == 100_000 - 5050 - 6050
    assert (first.Cash, first.MaintenanceMarginReq, first.ActivePositions) == (100_000, 20_000, 1)
    assert first.DayPnL == Decimal(6000 + 7000 - 5050 - 6050 - 50)
    assert first.Greeks.Mark is not None
    assert first.Greeks.Mark.Theta is not None
    assert first.Greeks.Bid is None


async def test_many_changes_within_a_second_are_one_item(live: Running) -> None:
    follower = await watch(live)
    for step in range(9):
        live.quote(CALL, 50.0 + step, 51.0 + step)
        await live.window(0.1)
    assert len(follower.items) == 1
    await live.window(0.2)
    assert len(follower.items) == 2
    assert follower.last_of_account().UnrealizedPnL is not None
    for _ in range(3):
        await live.window(1.0)
    assert len(follower.items) == 2, "nothing has changed"


async def test_a_change_of_the_account_is_shown_at_once(live: Running, accounts: FakeAccounts) -> None:
    follower = await watch(live)
    accounts.account = replace(accounts.account, cash=Decimal(99_000), legs=accounts.account.legs[:1])
    await live.tell()
    assert len(follower.items) == 2
    assert follower.last_of_account().Cash == 99_000
    accounts.account = replace(accounts.account, legs=(), active_positions=0)
    await live.tell()
    empty = follower.last_of_account()
    assert (empty.NetLiquidationValue, empty.UnrealizedPnL, empty.ActivePositions) == (99_000, 0, 0)


async def test_margin_and_the_brokers_figures_are_read_again_without_an_event(
    live: Running, accounts: FakeAccounts
) -> None:
    follower = await watch(live)
    accounts.account = replace(
        accounts.account,
        facts=BrokerFacts(as_of=live.chain.clock.now(), net_liquidation=Decimal(123), cash=None),
    )
    for _ in range(5):
        await live.window(1.0)
    await settled()
    last = follower.last_of_account()
    assert (last.NetLiquidationValue, last.Cash, last.MaintenanceMarginReq) == (123, 100_000, 20_000)


async def test_followers_share_what_is_read_and_an_unknown_account_is_refused(
    live: Running, accounts: FakeAccounts
) -> None:
    await watch(live)
    await watch(live)
    assert accounts.reads == 1
    error = await refused(live.streams.account(live.user, models.StreamAccountDataArgs(BrokerAccountId="ML2")))
    assert error.status is models.StatusCode.NotFound
