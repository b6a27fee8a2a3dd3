"""Events to journal."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import insert

from mesolive.journal.unstamped import UNSTAMPED
from mesolive.store.database import Database
from mesolive.store.tables.access import users
from mesolive.store.tables.trading import strategies
from mesolive_sdk import models

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def add_user(database: Database, name: str) -> int:
    """Make a user and return his id."""
    async with database.write() as tx:
        return await tx.scalar(insert(users).values(name=name, created_at=EPOCH).returning(users.c.id))


async def add_strategy(database: Database, user_id: int, name: str = "a strategy") -> int:
    """Make a strategy of a user and return its id."""
    async with database.write(user_id) as tx:
        row = {
            "user_id": user_id,
            "name": name,
            "symbol": "SPX",
            "definition": "{}",
            "created_at": EPOCH,
            "updated_at": EPOCH,
        }
        return await tx.scalar(insert(strategies).values(row).returning(strategies.c.id))


def position_update(strategy_id: int = 1, position_id: int = 1) -> models.PositionUpdateEvent:
    """Return an event of a strategy."""
    return models.PositionUpdateEvent(
        EventTime=UNSTAMPED,
        PositionId=position_id,
        StrategyId=strategy_id,
        StrategyName="a strategy",
        PositionName="a position",
        BrokerAccountId="ML1000",
        Status=models.PositionStatus.Created,
        RealizedPnL=Decimal("-12.50"),
    )


def agent_status(message: str = "all is well") -> models.AgentStatusEvent:
    """Return an event of no strategy."""
    return models.AgentStatusEvent(
        EventTime=UNSTAMPED,
        Status=models.AgentStatus.Connected,
        Message=message,
        Connector=models.AgentConnector.Simulated,
    )


def entry_signal(*, on: bool, strategy_id: int = 1, account: str = "ML1000") -> models.EntrySignalEvent:
    """Return the begin or the end of an entry signal."""
    return models.EntrySignalEvent(
        EventTime=UNSTAMPED,
        State=_state(on=on),
        StrategyId=strategy_id,
        StrategyName="a strategy",
        BrokerAccountId=account,
    )


def exit_signal(*, on: bool, position_id: int = 1) -> models.ExitSignalEvent:
    """Return the begin or the end of an exit signal."""
    return models.ExitSignalEvent(
        EventTime=UNSTAMPED,
        State=_state(on=on),
        StrategyId=1,
        StrategyName="a strategy",
        PositionId=position_id,
        PositionName="a position",
    )


def adjustment_signal(*, on: bool, position_id: int = 1, statement: str = "a > b") -> models.AdjustmentSignalEvent:
    """Return the begin or the end of an adjustment signal."""
    return models.AdjustmentSignalEvent(
        EventTime=UNSTAMPED,
        State=_state(on=on),
        StrategyId=1,
        StrategyName="a strategy",
        PositionId=position_id,
        PositionName="a position",
        AdjustmentTimeOk=True,
        Condition=models.ConditionEvaluation(
            Type=models.ConditionType.Adjustment, Statement=statement, Result=on, Vars={"a": Decimal("0.10")}
        ),
    )


def error(*, on: bool, number: int = 1) -> models.ErrorEvent:
    """Return the begin or the end of an error."""
    state = models.ErrorState.Active if on else models.ErrorState.Resolved
    return models.ErrorEvent(EventTime=UNSTAMPED, State=state, ErrorId=UUID(int=number), Message="something is wrong")


def _state(*, on: bool) -> models.SignalState:
    return models.SignalState.On if on else models.SignalState.Off
