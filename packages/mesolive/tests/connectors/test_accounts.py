"""Accounts of connections: who owns one, what its books begin with, and what stays when its connection is replaced."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mesolive.records import replace
from mesolive.signals.queries import load
from mesolive.store.tables.settlements import settlement_facts
from mesolive.store.tables.trading import executions
from mesolive.trading.execution.risk_limits import Limits, limits_of, set_limits
from mesolive.trading.portfolio.accounts import accounts_at_venue, find_account, move_cash
from mesolive.trading.portfolio.broker_accounts import begin_with_cash
from mesolive_sdk import MesoLiveApiException, models, new_idempotency_key
from mesolive_testkit.connectors import IN_SESSION, QUICK, enabled, prepared, running_live, send
from mesolive_testkit.server import Kit

NAME = "SIM1000"
ENABLE = models.EnableBrokerAccountArgs(Name="sim", BrokerAccountId=NAME)
DISABLE = models.DisableBrokerAccountArgs(Name="sim", BrokerAccountId=NAME)
SIM = models.ConnectorArgs(Name="sim")


async def books(kit: Kit) -> tuple[Decimal, Decimal, Limits]:
    """Return initial cash and cash of the books, and the limits of the account."""
    owner = await kit.application.access.user("trader")
    async with kit.application.database.read() as tx:
        account = await find_account(tx, owner.user_id, NAME)
        return account.initial_cash, account.cash, await limits_of(tx, account.id)


def lowest_price(plan: models.PreparePositionEntryResult) -> Decimal:
    """Return a limit that the price band lets pass and the market does not come to."""
    prices = next(iter(plan.LegGroupPrices.values()))
    assert prices.Bid is not None
    return prices.Bid - Decimal(1)


async def test_an_account_that_is_enabled_again_keeps_its_cash_and_its_limits(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit, cash="250000")
        await kit.control.enable_broker_account(ENABLE)
        owner = await kit.application.access.user("trader")
        tight = Limits(allow_live=False, max_contracts=Decimal(1))
        async with kit.application.database.write(owner.user_id) as tx:
            account = await find_account(tx, owner.user_id, NAME)
            await set_limits(tx, account.id, tight)
            await move_cash(tx, account, Decimal(-1000), kit.application.connectors.clock.now())
        await kit.control.remove_connector(SIM)
        await enabled(kit, cash="777777")
        await kit.control.enable_broker_account(ENABLE)
        assert await books(kit) == (Decimal(250_000), Decimal(249_000), tight)


async def test_books_begin_with_the_brokers_cash_as_soon_as_it_can_be_read(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit, nonsense_facts="true", cash="250000")
        await kit.control.enable_broker_account(ENABLE)
        assert (await books(kit))[:2] == (0, 0)
        await kit.control.update_connector(
            models.UpdateConnectorArgs(Name="sim", Settings={"nonsense_facts": "false"}, Secrets={})
        )
        async with asyncio.timeout(30):
            while True:
                if (await books(kit))[0] != 0:
                    break
                await asyncio.sleep(0.02)
        assert (await books(kit))[:2] == (250_000, 250_000)


async def test_books_that_were_booked_on_before_the_first_cash_begin_with_what_was_there_before(tmp_path: Path) -> None:
    # Market time runs fast: a statement of the minutes after a fill is not what the books begin with.
    async with running_live(tmp_path, supervision=replace(QUICK, facts_seconds=0.1)) as kit:
        await enabled(kit, nonsense_facts="true", cash="250000", speed="300")
        await kit.control.enable_broker_account(ENABLE)
        status = await prepared(kit)
        assert status.Result is not None, status.Error
        await send(kit, status.Result)
        initial, spent, _ = await books(kit)
        assert initial == 0
        assert spent != 0
        await kit.control.update_connector(
            models.UpdateConnectorArgs(Name="sim", Settings={"nonsense_facts": "false"}, Secrets={})
        )
        async with asyncio.timeout(60):
            while True:
                if (await books(kit))[0] != 0:
                    break
                await asyncio.sleep(0.02)
        assert (await books(kit))[:2] == (250_000, 250_000 + spent)
        account = await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=NAME))
        assert account.Cash == 250_000 + spent
        assert account.Books is None or account.Books.Cash == account.Cash


@pytest.mark.parametrize(("later", "begins"), [(timedelta(minutes=4), False), (timedelta(minutes=6), True)])
async def test_books_do_not_begin_with_a_statement_of_the_minutes_after_a_fill(
    tmp_path: Path, later: timedelta, *, begins: bool
) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit, nonsense_facts="true")
        await kit.control.enable_broker_account(ENABLE)
        status = await prepared(kit)
        assert status.Result is not None, status.Error
        await send(kit, status.Result)
        spent = (await books(kit))[1]
        owner = await kit.application.access.user("trader")
        async with kit.application.database.write(owner.user_id) as tx:
            account = await find_account(tx, owner.user_id, NAME)
            filled_at = await tx.scalar(select(func.max(executions.c.executed_at)))
            assert await begin_with_cash(tx, account.id, Decimal(50_000), filled_at + later) is begins
        assert (await books(kit))[:2] == ((50_000 - spent, 50_000) if begins else (0, spent))


@pytest.mark.parametrize(("days", "begins"), [(3, False), (4, True)])
async def test_books_do_not_begin_with_a_statement_of_the_days_after_a_settlement(
    tmp_path: Path, days: int, *, begins: bool
) -> None:
    settled_at = datetime(2026, 1, 5, 21, tzinfo=UTC)
    async with running_live(tmp_path) as kit:
        await enabled(kit, nonsense_facts="true")
        await kit.control.enable_broker_account(ENABLE)
        owner = await kit.application.access.user("trader")
        async with kit.application.database.write(owner.user_id) as tx:
            account = await find_account(tx, owner.user_id, NAME)
            await move_cash(tx, account, Decimal(-500), settled_at)
            row = {
                "user_id": owner.user_id,
                "account_id": account.id,
                "fact_id": "settled",
                "kind": "Settled",
                "body": "{}",
                "at": settled_at,
                "received_at": settled_at,
                "booked_qty": Decimal(1),
                "waits": False,
            }
            await tx.execute(settlement_facts.insert().values(row))
            as_of = settled_at + timedelta(days=days)
            assert await begin_with_cash(tx, account.id, Decimal(9_500), as_of) is begins
        assert (await books(kit))[:2] == ((10_000, 9_500) if begins else (0, -500))


async def test_books_that_have_begun_do_not_follow_the_brokers_cash(tmp_path: Path) -> None:
    async with running_live(tmp_path, supervision=replace(QUICK, facts_seconds=0.05)) as kit:
        await enabled(kit, cash="250000")
        await kit.control.enable_broker_account(ENABLE)
        await kit.control.update_connector(models.UpdateConnectorArgs(Name="sim", Settings={"cash": "9"}, Secrets={}))
        async with asyncio.timeout(30):
            while True:
                shown = await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=NAME))
                if shown.BrokerFacts is not None and shown.BrokerFacts.Cash == 9:
                    break
                await asyncio.sleep(0.02)
        assert (await books(kit))[:2] == (250_000, 250_000)


async def test_an_account_that_holds_positions_or_has_open_orders_is_not_disabled(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        await kit.control.enable_broker_account(ENABLE)
        status = await prepared(kit)
        assert status.Result is not None, status.Error
        group, names = next(iter(status.Result.LegGroups.items()))
        resting = models.LegGroupOrder(
            OrderType=models.OrderType.Limit,
            TimeInForce=models.TimeInForce.Day,
            LegNames=names,
            LimitPrice=lowest_price(status.Result),
        )
        sent = await kit.control.send_order(
            models.SendOrderArgs(
                IdempotencyKey=new_idempotency_key(),
                BrokerAccountId=NAME,
                ExecPlanId=status.Result.ExecPlanId,
                LegGroupId=group,
                LegGroupOrder=resting,
            )
        )
        with pytest.raises(MesoLiveApiException, match="has open orders; cancel them first") as refused:
            await kit.control.disable_broker_account(DISABLE)
        assert refused.value.error is not None
        assert refused.value.error.Code == "AccountInUse"
        await kit.control.cancel_order(
            models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=sent.LiveOrderId)
        )
        status = await prepared(kit, name="again")
        assert status.Result is not None, status.Error
        await send(kit, status.Result)
        with pytest.raises(MesoLiveApiException, match="holds open positions; close them first") as refused:
            await kit.control.disable_broker_account(DISABLE)
        assert refused.value.error is not None
        assert refused.value.error.Code == "AccountInUse"
        (account,) = (await kit.control.list_accounts()).Accounts
        assert account.DisabledAt is None, "a refusal changes nothing"


async def test_nothing_is_sent_prepared_or_watched_of_a_disabled_account_until_it_is_enabled_again(
    tmp_path: Path,
) -> None:
    async with running_live(tmp_path, supervision=replace(QUICK, facts_seconds=0.05)) as kit:
        await enabled(kit, cash="250000")
        await kit.control.enable_broker_account(ENABLE)
        before = await books(kit)
        status = await prepared(kit)
        assert status.Result is not None, status.Error
        account = await kit.control.disable_broker_account(DISABLE)
        assert account.DisabledAt is not None
        (connector,) = (await kit.control.list_connectors()).Connectors
        assert [item.Enabled for item in connector.Accounts] == [False]
        (agent,) = [item for item in (await kit.control.list_agents()).Agents if item.Name == "sim"]
        assert agent.BrokerAccountIds == []
        for refused in (send(kit, status.Result), prepared(kit, name="again")):
            with pytest.raises(MesoLiveApiException, match="account SIM1000 is disabled") as refusal:
                await refused
            assert refusal.value.error is not None
            assert refusal.value.error.Code == "AccountDisabled"
        async with kit.application.database.read() as tx:
            assert (await load(tx)).pairs == [], "no signal of it is evaluated"
            at_venue = await accounts_at_venue(tx, models.BrokerType.Simulated, 1)
        assert at_venue == {}, "it is not compared with the broker"
        with pytest.raises(MesoLiveApiException, match="is not enabled"):
            await kit.control.disable_broker_account(DISABLE)
        # In use again, with what it had: the plan of before can be sent.
        account = await kit.control.enable_broker_account(ENABLE)
        assert account.DisabledAt is None
        assert await books(kit) == before
        await send(kit, status.Result)


async def test_one_account_has_one_owner_however_many_users_enable_it_at_once(
    tmp_path: Path, ready_postgres_url: str
) -> None:
    names = [f"SIM{number}" for number in range(1000, 1010)]
    settings = {**IN_SESSION, "market_data": "false", "accounts": ",".join(names)}
    async with running_live(tmp_path, database=ready_postgres_url, secret_key="s" * 40) as kit:
        users = [kit.control, await kit.other_user("ann"), await kit.other_user("ben")]
        for user in users:
            await user.add_connector(
                models.AddConnectorArgs(Name="sim", Kind="simulated", Settings=settings, Secrets={})
            )
            await user.enable_connector(SIM)
            async with asyncio.timeout(30):
                while True:
                    if len((await user.list_connectors()).Connectors[0].Accounts) == len(names):
                        break
                    await asyncio.sleep(0.02)
        for name in names:
            answers = await asyncio.gather(
                *(
                    user.enable_broker_account(models.EnableBrokerAccountArgs(Name="sim", BrokerAccountId=name))
                    for user in users
                ),
                return_exceptions=True,
            )
            refused = [answer for answer in answers if isinstance(answer, BaseException)]
            assert len(refused) == len(users) - 1, name
            for refusal in refused:
                with pytest.raises(MesoLiveApiException, match="is reached by another connection"):
                    raise refusal
