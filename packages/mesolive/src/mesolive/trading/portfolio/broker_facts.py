"""Repository of broker facts: what brokers stated last about accounts, and their form on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, insert, select

from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.connectors import broker_facts
from mesolive.venues.account_facts import BrokerFacts
from mesolive_sdk import models


async def store_facts(tx: WriteTransaction, account_id: int, facts: BrokerFacts, received_at: datetime) -> None:
    """Store what the broker states now about an account in place of what it stated before."""
    await tx.execute(delete(broker_facts).where(broker_facts.c.account_id == account_id))
    await tx.execute(
        insert(broker_facts).values(
            account_id=account_id,
            as_of=facts.as_of,
            received_at=received_at,
            net_liquidation=facts.net_liquidation,
            cash=facts.cash,
            initial_margin=facts.initial_margin,
            maintenance_margin=facts.maintenance_margin,
            buying_power=facts.buying_power,
            excess_liquidity=facts.excess_liquidity,
            day_trades_left=facts.day_trades_left,
        )
    )


async def facts_of_accounts(tx: Transaction, account_ids: Iterable[int]) -> dict[int, BrokerFacts]:
    """Return what brokers stated last, by account id; accounts without facts are left out."""
    rows = await tx.all(select(broker_facts).where(broker_facts.c.account_id.in_(list(account_ids))))
    return {
        row.account_id: BrokerFacts(
            as_of=row.as_of,
            net_liquidation=row.net_liquidation,
            cash=row.cash,
            initial_margin=row.initial_margin,
            maintenance_margin=row.maintenance_margin,
            buying_power=row.buying_power,
            excess_liquidity=row.excess_liquidity,
            day_trades_left=row.day_trades_left,
        )
        for row in rows
    }


def live_facts(facts: BrokerFacts) -> models.LiveBrokerFacts:
    """Return broker facts as the wire shows them."""
    return models.LiveBrokerFacts(
        AsOf=facts.as_of,
        NetLiquidation=facts.net_liquidation,
        Cash=facts.cash,
        InitialMargin=facts.initial_margin,
        MaintenanceMargin=facts.maintenance_margin,
        BuyingPower=facts.buying_power,
        ExcessLiquidity=facts.excess_liquidity,
        DayTradesLeft=facts.day_trades_left,
    )


def with_facts(account: models.LiveAccount, facts: BrokerFacts | None) -> models.LiveAccount:
    """Show the broker's figures of an account, and those of the books beside them where they differ."""
    if facts is None:
        return account
    books = models.AccountFigures(
        NetLiquidation=account.NetLiquidationValue, MaintenanceMargin=account.MaintenanceMarginReq, Cash=account.Cash
    )
    account.BrokerFacts = live_facts(facts)
    if facts.net_liquidation is not None:
        account.NetLiquidationValue = facts.net_liquidation
    if facts.maintenance_margin is not None:
        account.MaintenanceMarginReq = facts.maintenance_margin
    if facts.cash is not None:
        account.Cash = facts.cash
    account.LastUpdated = facts.as_of
    shown = (account.NetLiquidationValue, account.MaintenanceMarginReq, account.Cash)
    if (books.NetLiquidation, books.MaintenanceMargin, books.Cash) != shown:
        account.Books = books
    return account
