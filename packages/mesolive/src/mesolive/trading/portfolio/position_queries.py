"""Queries of positions and legs for other modules: holdings, open positions, expired contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import Column, Select, bindparam, func, select

from mesolive.errors import not_found
from mesolive.market.contracts import OptionContract
from mesolive.store.clauses import is_among, is_one_of
from mesolive.store.database import Transaction
from mesolive.store.tables.access import users
from mesolive.store.tables.samples import position_samples
from mesolive.store.tables.trading import accounts, exec_plans, legs, positions, strategies
from mesolive.store.types import UtcDateTime
from mesolive.trading.portfolio.contract_rows import TradedContract, from_row
from mesolive.trading.portfolio.plans import PlanKind, PlanState
from mesolive.trading.portfolio.positions import Leg, Position, find_position
from mesolive_sdk.models import LivePositionState

ZERO = Decimal(0)

_NOT_CLOSED = positions.c.state != LivePositionState.Closed.name
_OPEN = positions.c.state == LivePositionState.Open.name
_LIVING = tuple(state.name for state in LivePositionState if state is not LivePositionState.Closed)
# By the states, so that the index over strategy and state is used: years of closed positions are not read.
_IN_FLIGHT = select(
    strategies.c.definition,
    select(func.count())
    .select_from(positions)
    .where(
        positions.c.strategy_id == strategies.c.id,
        positions.c.account_id == bindparam("account"),
        is_one_of(positions.c.state, _LIVING),
    )
    .scalar_subquery()
    .label("positions"),
).where(strategies.c.user_id == bindparam("user"), strategies.c.id == bindparam("strategy"))
_LAST_TRADES = (
    select(
        positions.c.strategy_id,
        positions.c.account_id,
        func.max(positions.c.created_at).label("entry"),
        func.max(positions.c.closed_at).label("exit"),
    )
    .where(is_among(positions.c.strategy_id, "strategies"))
    .group_by(positions.c.strategy_id, positions.c.account_id)
)
_LAST_TRADES_ON = _LAST_TRADES.where(positions.c.account_id == bindparam("account"))
_OPEN_AMONG = (
    select(positions.c.id, positions.c.user_id)
    .where(is_among(positions.c.id, "ids"), _OPEN)
    .order_by(positions.c.id)
    .limit(bindparam("most"))
)
_ARE_OPEN = select(positions.c.id).where(is_among(positions.c.id, "ids"), _OPEN)
_WITH_POSITIONS = select(positions.c.strategy_id, positions.c.account_id).where(_NOT_CLOSED).distinct()
_STRATEGY_OF = select(positions.c.id, positions.c.strategy_id).where(is_among(positions.c.id, "ids"))
_DEFINITIONS = select(strategies.c.id, strategies.c.definition).where(is_among(strategies.c.id, "ids"))
_EXPIRED = (
    select(positions.c.id, positions.c.user_id, accounts.c.is_paper)
    .join(legs, legs.c.position_id == positions.c.id)
    .join(accounts, accounts.c.id == positions.c.account_id)
    .where(
        positions.c.id > bindparam("after"),
        _NOT_CLOSED,
        legs.c.closed_at.is_(None),
        legs.c.settles_at <= bindparam("now", type_=UtcDateTime),
    )
    .distinct()
    .order_by(positions.c.id)
    .limit(bindparam("most"))
)
_NEXT_EXPIRATION = (
    select(func.min(legs.c.settles_at))
    .join(positions, positions.c.id == legs.c.position_id)
    .where(_NOT_CLOSED, legs.c.closed_at.is_(None))
)


def _sampled() -> Select[Any, Any, Any, Any, Any]:
    sampled = (
        select(position_samples.c.pnl)
        .where(
            position_samples.c.position_id == positions.c.id,
            position_samples.c.at >= bindparam("first", type_=UtcDateTime),
            position_samples.c.at < bindparam("before", type_=UtcDateTime),
            position_samples.c.pnl.is_not(None),
        )
        .order_by(position_samples.c.at.desc())
        .limit(1)
        .correlate(positions)
        .scalar_subquery()
    )
    return select(
        positions.c.id,
        positions.c.account_id,
        positions.c.created_at,
        positions.c.realized_pnl,
        sampled.label("sampled_pnl"),
    )


_SAMPLED = _sampled().where(is_among(positions.c.id, "ids"))
_SAMPLED_OF_ACCOUNTS = _sampled().where(
    positions.c.user_id == bindparam("user"), is_among(positions.c.account_id, "accounts")
)
# Two statements, so that the index over user and state is used.
_SAMPLED_LIVING = _SAMPLED_OF_ACCOUNTS.where(is_one_of(positions.c.state, _LIVING))
_SAMPLED_CLOSED = _SAMPLED_OF_ACCOUNTS.where(
    positions.c.state == LivePositionState.Closed.name,
    positions.c.closed_at >= bindparam("closed", type_=UtcDateTime),
)


class SampledPosition(Struct, frozen=True):
    """A position with its PnL at the last sample of a span; `None` where it has none with a value."""

    id: int
    account_id: int
    created_at: datetime
    realized_pnl: Decimal
    sampled_pnl: Decimal | None


class LastTrades(Struct, frozen=True):
    """When a strategy last entered and last left a position on an account; `None` for never."""

    entry_at: datetime | None
    exit_at: datetime | None


class HeldLeg(Struct, frozen=True):
    """A leg with a holding, and its position."""

    leg: Leg
    position: Position

    @property
    def qty(self) -> Decimal:
        """Signed contracts."""
        return self.leg.holding.qty


# --- positions --------------------------------------------------------------------------------------------------------


async def positions_in_flight(tx: Transaction, user_id: int, strategy_id: int, account_id: int) -> tuple[str, int]:
    """Return the definition of a user's strategy, and how many of its positions on an account are not closed.

    Both in one statement: they are read within the transaction that sends orders.

    Raises
    ------
    ServiceError
        `NotFound` when there is no strategy of that id for this user.
    """
    row = await tx.first(_IN_FLIGHT, {"user": user_id, "strategy": strategy_id, "account": account_id})
    if row is None:
        raise not_found(f"strategy {strategy_id}")
    return row.definition, row.positions


async def last_trades(
    tx: Transaction, strategy_ids: Iterable[int], account_id: int | None = None
) -> dict[tuple[int, int], LastTrades]:
    """Return by strategy and account when positions were last entered and left.

    Parameters
    ----------
    account_id
        On this account only; `None` for all.
    """
    among = list(set(strategy_ids))
    if account_id is None:
        rows = await tx.all(_LAST_TRADES, {"strategies": among})
    else:
        rows = await tx.all(_LAST_TRADES_ON, {"strategies": among, "account": account_id})
    return {(row.strategy_id, row.account_id): LastTrades(row.entry, row.exit) for row in rows}


async def open_positions_among(tx: Transaction, position_ids: Iterable[int | None], limit: int) -> dict[int, int]:
    """Return the first `limit` of some positions that are open: their owners' user ids by position id."""
    among = {item for item in position_ids if item is not None}
    if not among:
        return {}
    rows = await tx.all(_OPEN_AMONG, {"ids": list(among), "most": limit})
    return {row.id: row.user_id for row in rows}


async def are_open(tx: Transaction, position_ids: Iterable[int]) -> set[int]:
    """Return those of some positions that are open."""
    among = list(set(position_ids))
    if not among:
        return set()
    rows = await tx.all(_ARE_OPEN, {"ids": among})
    return {row.id for row in rows}


async def strategies_with_positions(tx: Transaction) -> set[tuple[int, int]]:
    """Return strategy and account, of all users, wherever a position is not closed."""
    return {(row.strategy_id, row.account_id) for row in await tx.all(_WITH_POSITIONS)}


async def strategy_of_positions(tx: Transaction, position_ids: Iterable[int]) -> dict[int, int]:
    """Return the ids of positions' strategies by position id."""
    among = list(set(position_ids))
    if not among:
        return {}
    rows = await tx.all(_STRATEGY_OF, {"ids": among})
    return {row.id: row.strategy_id for row in rows}


async def definitions_of(tx: Transaction, strategy_ids: Iterable[int]) -> dict[int, str]:
    """Return the definitions of strategies that have positions, as they are stored, by strategy id."""
    among = list(set(strategy_ids))
    if not among:
        return {}
    rows = await tx.all(_DEFINITIONS, {"ids": among})
    return {row.id: row.definition for row in rows}


async def count_by_strategy(tx: Transaction, user_id: int, strategy_ids: Iterable[int]) -> dict[int, int]:
    """Return how many of the user's positions are not closed, by strategy; one that has none is not there."""
    return await _count(tx, positions.c.strategy_id, user_id, strategy_ids)


async def count_by_account(tx: Transaction, user_id: int, account_ids: Iterable[int]) -> dict[int, int]:
    """Return how many of the user's positions are not closed, by account; one that has none is not there."""
    return await _count(tx, positions.c.account_id, user_id, account_ids)


async def count_living(tx: Transaction) -> int:
    """Return how many positions of all users are not closed."""
    # By user, so that the index over user and state is used: years of closed positions are not read.
    query = (
        select(func.count())
        .select_from(positions)
        .where(positions.c.user_id.in_(select(users.c.id)), positions.c.state.in_(_LIVING))
    )
    return int(await tx.scalar(query))


async def sampled_positions(
    tx: Transaction, position_ids: Iterable[int], first: datetime, before: datetime
) -> list[SampledPosition]:
    """Return some positions, each with its PnL at its last sample from `first` until before `before`."""
    rows = await tx.all(_SAMPLED, {"ids": list(position_ids), "first": first, "before": before})
    return [SampledPosition(*row) for row in rows]


async def sampled_positions_of_accounts(
    tx: Transaction,
    user_id: int,
    account_ids: Iterable[int],
    first: datetime,
    before: datetime,
    closed: datetime,
) -> list[SampledPosition]:
    """Return the same for a user's accounts: positions that are not closed, or were since `closed`."""
    parameters = {"user": user_id, "accounts": list(account_ids), "first": first, "before": before}
    living = await tx.all(_SAMPLED_LIVING, parameters)
    return [SampledPosition(*row) for row in (*living, *await tx.all(_SAMPLED_CLOSED, parameters | {"closed": closed}))]


async def entries_to_complete(tx: Transaction) -> list[tuple[int, int]]:
    """Return user id and plan id of each entry that is filled and whose position is not open yet."""
    rows = await tx.all(
        select(exec_plans.c.user_id, exec_plans.c.id)
        .join(positions, positions.c.entry_plan_id == exec_plans.c.id)
        .where(
            exec_plans.c.kind == PlanKind.ENTRY.value,
            exec_plans.c.state == PlanState.EXECUTED.value,
            positions.c.state == LivePositionState.Opening.name,
        )
        .order_by(exec_plans.c.id)
    )
    return [(row.user_id, row.id) for row in rows]


async def _count(tx: Transaction, by: Column[int], user_id: int, ids: Iterable[int]) -> dict[int, int]:
    rows = await tx.all(
        select(by.label("owner"), func.count().label("number"))
        .where(positions.c.user_id == user_id, by.in_(set(ids)), _NOT_CLOSED)
        .group_by(by)
    )
    return {row.owner: row.number for row in rows}


# --- legs -------------------------------------------------------------------------------------------------------------


async def position_of_leg(tx: Transaction, user_id: int, leg_id: int) -> tuple[Position, Leg]:
    """Return one of the user's legs with its position, or raise `NotFound`."""
    owner = await tx.scalar(select(legs.c.position_id).where(legs.c.user_id == user_id, legs.c.id == leg_id))
    if owner is None:
        raise not_found(f"leg {leg_id}")
    position = await find_position(tx, user_id, owner)
    return position, next(leg for leg in position.legs if leg.id == leg_id)


async def last_opening(tx: Transaction, position_id: int) -> datetime | None:
    """Return when the position's newest leg was opened; `None` when it has no leg."""
    return await tx.scalar(select(func.max(legs.c.created_at)).where(legs.c.position_id == position_id))


async def held_in_books(tx: Transaction, account_id: int) -> dict[OptionContract, Decimal]:
    """Return an account's holdings in the books: signed contracts, none of them zero."""
    rows = await tx.all(select(legs).where(legs.c.account_id == account_id, legs.c.held_qty != ZERO))
    quantities: dict[OptionContract, Decimal] = {}
    for row in rows:
        contract = from_row(row).contract
        quantities[contract] = quantities.get(contract, ZERO) + row.held_qty
    return {contract: qty for contract, qty in quantities.items() if qty != 0}


async def held_since(tx: Transaction, account_id: int) -> datetime | None:
    """Return when the oldest leg was opened of which the account holds something; `None` when it holds nothing."""
    query = select(func.min(legs.c.created_at)).where(legs.c.account_id == account_id, legs.c.held_qty != ZERO)
    return await tx.scalar(query)


async def held_of_underlying(tx: Transaction, symbol: str) -> list[TradedContract]:
    """Return the contracts on an underlying that any account holds."""
    rows = await tx.all(select(legs).where(legs.c.underlying == symbol, legs.c.held_qty != ZERO))
    return [from_row(row) for row in rows]


async def held_contracts(tx: Transaction) -> list[OptionContract]:
    """Return the contracts that any account holds, each once."""
    rows = await tx.all(select(legs).where(legs.c.held_qty != ZERO))
    return list(dict.fromkeys(from_row(row).contract for row in rows))


async def legs_holding(tx: Transaction, user_id: int, account_id: int, contract: OptionContract) -> list[HeldLeg]:
    """Return the legs of an account that hold a contract, the oldest first."""
    rows = await tx.all(
        select(legs.c.id, legs.c.position_id)
        .where(
            legs.c.account_id == account_id,
            legs.c.root == contract.root,
            legs.c.expiration_day == contract.day,
            legs.c.strike == contract.strike,
            legs.c.contract_right == contract.right.value,
            legs.c.held_qty != ZERO,
        )
        .order_by(legs.c.id)
    )
    result: list[HeldLeg] = []
    for position_id in dict.fromkeys(row.position_id for row in rows):
        position = await find_position(tx, user_id, position_id)
        result += [
            HeldLeg(leg, position) for leg in position.legs if leg.traded.contract == contract and leg.holding.qty != 0
        ]
    return sorted(result, key=lambda item: item.leg.id)


async def expired_contracts(tx: Transaction, account_id: int, until: datetime) -> Mapping[OptionContract, datetime]:
    """Return the contracts that legs of an account hold though they have settled by a moment, with when they did."""
    rows = await tx.all(
        select(legs)
        .where(legs.c.account_id == account_id, legs.c.held_qty != ZERO, legs.c.settles_at <= until)
        .order_by(legs.c.id)
    )
    return {from_row(row).contract: row.settles_at for row in rows}


async def next_expiration(tx: Transaction) -> datetime | None:
    """Return when the first open leg of a position that is not closed settles; `None` when there is none."""
    settles_at: datetime | None = await tx.scalar(_NEXT_EXPIRATION)
    return settles_at


async def expired_positions(tx: Transaction, now: datetime, after: int, limit: int) -> list[tuple[bool, Position]]:
    """Return positions that are not closed and have a leg that has expired, and whether each is on a paper account.

    Parameters
    ----------
    after, limit
        The first `limit` of those with a larger id.
    """
    rows = await tx.all(_EXPIRED, {"after": after, "now": now, "most": limit})
    return [(row.is_paper, await find_position(tx, row.user_id, row.id)) for row in rows]
