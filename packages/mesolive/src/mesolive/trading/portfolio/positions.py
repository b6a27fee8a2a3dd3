"""Reads of positions and legs: by id, in lists for the hubs, for evaluation and for the streams."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, Select, bindparam, select

from mesolive.access.context import UserContext
from mesolive.errors import not_found, validation
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.language.decision import LegState, PositionState
from mesolive.records import replace
from mesolive.store.clauses import is_among
from mesolive.store.database import Database, Transaction
from mesolive.store.paging import Pager
from mesolive.store.tables.trading import accounts, legs, positions, strategies
from mesolive.trading.portfolio.accounting import Holding
from mesolive.trading.portfolio.contract_rows import TradedContract, from_row
from mesolive.trading.portfolio.plans import distinct_names
from mesolive_sdk import models

CLOSED = models.LivePositionState.Closed


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of a position as it is stored.

    Attributes
    ----------
    qty
        Signed contracts as entered; 0 is a marker leg. It stays when the leg closes.
    holding
        What is still held, at its exact cost.
    provider
        Whose quotes value it: see `provider_of`.
    entry_price
        Average per unit with commission; for a marker leg the mark at its selection.
    """

    id: int
    position_id: int
    name: str
    traded: TradedContract
    status: models.LegStatus
    qty: Decimal
    holding: Holding
    entry_price: Decimal
    leg_group_id: int
    expiration_name: str | None
    realized_pnl: Decimal
    user_realized_pnl: Decimal | None
    created_at: datetime
    closed_at: datetime | None
    broker_account_id: str
    provider: models.DataProviderType | None = None

    @property
    def is_open(self) -> bool:
        """Whether the leg still belongs to the running position."""
        return self.closed_at is None

    @property
    def shown_pnl(self) -> Decimal:
        """Realised PnL: the amount that the owner set, else the tracked amount."""
        return self.realized_pnl if self.user_realized_pnl is None else self.user_realized_pnl

    @property
    def live(self) -> models.LiveLeg:
        """The leg as the wire shows it."""
        return models.LiveLeg(
            Id=self.id,
            Name=self.name,
            LiveContract=self.traded.live,
            LegGroupId=self.leg_group_id,
            CreatedAt=self.created_at,
            ClosedAt=self.closed_at,
            LivePositionId=self.position_id,
            AccountId=self.broker_account_id,
            Underlying=self.traded.contract.underlying,
            Qty=self.qty,
            AvgEntryPrice=self.entry_price,
            UserSetRealizedPnL=self.user_realized_pnl,
            TrackedRealizedPnL=self.realized_pnl,
        )

    @property
    def state(self) -> LegState:
        """The leg as strategies read it, with its remaining holding."""
        return LegState(
            name=self.name,
            contract=self.traded.contract,
            qty=self.holding.qty,
            opened_at=self.created_at,
            entry_price=self.entry_price,
            closed_at=self.closed_at,
            realized_pnl=self.shown_pnl,
            leg_group_id=self.leg_group_id,
            expiration_name=self.expiration_name,
        )


@dataclass(frozen=True, slots=True)
class Position:
    """A position with all its legs, open and closed, in the order of their ids."""

    id: int
    user_id: int
    account_id: int
    broker_account_id: str
    strategy_id: int
    strategy_name: str
    entry_plan_id: int
    name: str
    state: models.LivePositionState
    qty_multiplier: Decimal | None
    variables: Mapping[str, Decimal]
    realized_pnl: Decimal
    adjustment_count: int
    created_at: datetime
    closed_at: datetime | None
    legs: tuple[Leg, ...]

    @property
    def open_legs(self) -> tuple[Leg, ...]:
        """The legs that still belong to it, marker legs included."""
        return tuple(leg for leg in self.legs if leg.is_open)

    @property
    def provider(self) -> models.DataProviderType | None:
        """The provider whose quotes value it: its account's; `None` for the one that serves the underlying."""
        return self.legs[0].provider if self.legs else None

    @property
    def open_by_name(self) -> dict[str, Leg]:
        """The open legs, each by a name of its own.

        Two have one name while a move is filled in part: the one that is opened bears it, the one that is closed has
        `CLOSING` behind it.
        """
        result = {leg.name: leg for leg in self.open_legs}
        if len(result) == len(self.open_legs):
            return result
        newest_first = self.open_legs[::-1]
        names = distinct_names(leg.name for leg in newest_first)
        return dict(reversed(list(zip(names, newest_first, strict=True))))

    @property
    def live(self) -> models.LivePosition:
        """The position as lists on the wire show it."""
        return models.LivePosition(
            Id=self.id,
            State=self.state,
            CreatedAt=self.created_at,
            ClosedAt=self.closed_at,
            Name=self.name,
            BrokerAccountId=self.broker_account_id,
            LiveStrategyId=self.strategy_id,
            StrategyName=self.strategy_name,
            QtyMultiplier=self.qty_multiplier,
            RealizedPnL=self.realized_pnl,
            Symbol=self.legs[0].traded.contract.underlying if self.legs else None,
            AdjustmentCount=self.adjustment_count,
            Expirations=sorted({leg.traded.settles_at for leg in self.open_legs}),
        )

    @property
    def language_state(self) -> PositionState:
        """The position as the language reads it."""
        return PositionState(
            legs=tuple(
                leg.state if leg.name == name else replace(leg.state, name=name)
                for name, leg in self.open_by_name.items()
            ),
            variables=self.variables,
            opened_at=self.created_at,
            realized_pnl=self.realized_pnl,
            qty_multiplier=self.qty_multiplier if self.qty_multiplier is not None else Decimal(1),
            adjustment_count=self.adjustment_count,
        )

    def event(self, status: models.PositionStatus, realized: Decimal) -> models.PositionUpdateEvent:
        """Return the event of a changed position."""
        return models.PositionUpdateEvent(
            EventTime=UNSTAMPED,
            PositionId=self.id,
            StrategyId=self.strategy_id,
            StrategyName=self.strategy_name,
            PositionName=self.name,
            BrokerAccountId=self.broker_account_id,
            Status=status,
            RealizedPnL=realized,
        )

    def leg_event(self, leg: Leg, status: models.LegStatus, realized: Decimal) -> models.LegUpdateEvent:
        """Return the event of a changed leg of the position."""
        return models.LegUpdateEvent(
            EventTime=UNSTAMPED,
            BrokerAccountId=self.broker_account_id,
            PositionId=self.id,
            PositionName=self.name,
            StrategyId=self.strategy_id,
            StrategyName=self.strategy_name,
            LegId=leg.id,
            LegName=leg.name,
            Contract=leg.traded.live,
            Status=status,
            Qty=leg.qty,
            RealizedPnL=realized,
        )


def provider_of(
    broker: models.BrokerType, connection_id: int | None, chosen: models.DataProviderType | None
) -> models.DataProviderType | None:
    """Return the provider whose quotes value an account; `None` for the one that serves the underlying.

    What its owner has chosen; else its broker's own market data. Paper accounts, and simulated accounts without a
    connection, trade on the market that the server was started with.
    """
    if chosen is not None:
        return chosen
    if broker is models.BrokerType.MesoLive or connection_id is None:
        return None
    return models.DataProviderType[broker.name]


def _joined() -> Select[Any]:
    return (
        select(
            positions,
            accounts.c.broker_account_id,
            strategies.c.name.label("strategy_name"),
        )
        .join(accounts, accounts.c.id == positions.c.account_id)
        .join(strategies, strategies.c.id == positions.c.strategy_id)
    )


def leg_of(row: Row[Any]) -> Leg:
    """Return the leg that a row of `legs` joined with columns of its account holds."""
    return Leg(
        id=row.id,
        position_id=row.position_id,
        name=row.name,
        traded=from_row(row),
        status=models.LegStatus[row.status],
        qty=row.qty,
        holding=Holding(row.held_qty, row.cost, row.multiplier),
        entry_price=row.average_entry_price,
        leg_group_id=row.leg_group_id,
        expiration_name=row.expiration_name,
        realized_pnl=row.tracked_realized_pnl,
        user_realized_pnl=row.user_realized_pnl,
        created_at=row.created_at,
        closed_at=row.closed_at,
        broker_account_id=row.broker_account_id,
        provider=provider_of(
            models.BrokerType[row.broker_type],
            row.connection_id,
            None if row.data_provider is None else models.DataProviderType[row.data_provider],
        ),
    )


def _position_of(row: Row[Any], its_legs: Sequence[Leg]) -> Position:
    return Position(
        id=row.id,
        user_id=row.user_id,
        account_id=row.account_id,
        broker_account_id=row.broker_account_id,
        strategy_id=row.strategy_id,
        strategy_name=row.strategy_name,
        entry_plan_id=row.entry_plan_id,
        name=row.name,
        state=models.LivePositionState[row.state],
        qty_multiplier=row.qty_multiplier,
        variables={name: Decimal(value) for name, value in row.variables.items()},
        realized_pnl=row.realized_pnl,
        adjustment_count=row.adjustment_count,
        created_at=row.created_at,
        closed_at=row.closed_at,
        legs=tuple(its_legs),
    )


def _legs_with_account() -> Select[Any]:
    return select(
        legs,
        accounts.c.broker_account_id,
        accounts.c.broker_type,
        accounts.c.connection_id,
        accounts.c.data_provider,
    ).join(accounts, accounts.c.id == legs.c.account_id)


_LEGS_OF = _legs_with_account().where(is_among(legs.c.position_id, "ids")).order_by(legs.c.id)
_CONTRACTS_OF = select(legs.c.position_id, legs.c.underlying, legs.c.settles_at, legs.c.closed_at).where(
    is_among(legs.c.position_id, "ids")
)
_BY_ID = _joined().where(positions.c.user_id == bindparam("user"), positions.c.id == bindparam("position"))
_BY_IDS = _joined().where(positions.c.user_id == bindparam("user"), is_among(positions.c.id, "ids"))
_OPEN_OF_ACCOUNT = (
    _joined()
    .where(
        positions.c.user_id == bindparam("user"),
        positions.c.account_id == bindparam("account"),
        positions.c.state != CLOSED.name,
    )
    .order_by(positions.c.id)
)


async def _load(tx: Transaction, query: Select[Any], parameters: Mapping[str, object]) -> list[Position]:
    """Return the positions that `query` (made from `_joined`) yields, each with its legs."""
    rows = await tx.all(query, parameters)
    if not rows:
        return []
    by_position: dict[int, list[Leg]] = {}
    for row in await tx.all(_LEGS_OF, {"ids": [row.id for row in rows]}):
        by_position.setdefault(row.position_id, []).append(leg_of(row))
    return [_position_of(row, by_position.get(row.id, [])) for row in rows]


async def find_position(tx: Transaction, user_id: int, position_id: int) -> Position:
    """Return the user's position with its legs; `NotFound` when there is none of that id for this user."""
    result = await _load(tx, _BY_ID, {"user": user_id, "position": position_id})
    if not result:
        raise not_found(f"position {position_id}")
    return result[0]


async def positions_by_id(tx: Transaction, user_id: int, position_ids: Iterable[int]) -> dict[int, Position]:
    """Return those of the user's positions that are among `position_ids`, with their legs, by id."""
    among = list(position_ids)
    return {position.id: position for position in await _load(tx, _BY_IDS, {"user": user_id, "ids": among})}


async def open_positions_of_account(tx: Transaction, user_id: int, account_id: int) -> list[Position]:
    """Return the account's positions that are not closed, oldest first."""
    return await _load(tx, _OPEN_OF_ACCOUNT, {"user": user_id, "account": account_id})


async def open_position_ids(
    tx: Transaction, user_id: int, strategy_id: int | None, account_id: int | None, limit: int
) -> list[int]:
    """Return the ids of the user's positions that are not closed, of a strategy and of an account, oldest first."""
    query = select(positions.c.id).where(positions.c.user_id == user_id, positions.c.state != CLOSED.name)
    if strategy_id is not None:
        query = query.where(positions.c.strategy_id == strategy_id)
    if account_id is not None:
        query = query.where(positions.c.account_id == account_id)
    return [row.id for row in await tx.all(query.order_by(positions.c.id).limit(limit))]


async def open_legs_of_accounts(tx: Transaction, user_id: int, account_ids: Sequence[int]) -> dict[int, list[Leg]]:
    """Return what the user holds on each of the accounts: the legs that are not closed, by account id."""
    rows = await tx.all(
        _legs_with_account().where(
            legs.c.user_id == user_id, legs.c.account_id.in_(account_ids), legs.c.closed_at.is_(None)
        )
    )
    by_account: dict[int, list[Leg]] = {}
    for row in rows:
        by_account.setdefault(row.account_id, []).append(leg_of(row))
    return by_account


async def _add_contracts(tx: Transaction, listed: Mapping[int, models.LivePosition]) -> None:
    """Give positions that were read without their legs the underlying and the expirations: one query for all."""
    if not listed:
        return
    expirations: dict[int, set[datetime]] = {}
    for row in await tx.all(_CONTRACTS_OF, {"ids": list(listed)}):
        listed[row.position_id].Symbol = row.underlying
        if row.closed_at is None:
            expirations.setdefault(row.position_id, set()).add(row.settles_at)
    for position_id, position in listed.items():
        position.Expirations = sorted(expirations.get(position_id, ()))


class Positions:
    """Position and leg queries of the hubs. Live values are added by the caller."""

    def __init__(self, database: Database, pager: Pager) -> None:
        self._database = database
        self._pager = pager

    async def read(self, user_id: int, position_id: int) -> Position:
        """Return one position of the user, or raise `NotFound`."""
        async with self._database.read() as tx:
            return await find_position(tx, user_id, position_id)

    async def read_many(self, user_id: int, position_ids: Collection[int]) -> Mapping[int, Position]:
        """Return those of the user's positions that are among `position_ids`, by id."""
        async with self._database.read() as tx:
            return await positions_by_id(tx, user_id, position_ids)

    async def read_legs(self, user_id: int, leg_ids: Sequence[int]) -> list[Leg]:
        """Return those of the user's legs that are among `leg_ids`, in the order asked; unknown ids are left out."""
        async with self._database.read() as tx:
            rows = await tx.all(_legs_with_account().where(legs.c.user_id == user_id, legs.c.id.in_(leg_ids)))
        by_id = {row.id: leg_of(row) for row in rows}
        return [by_id[leg_id] for leg_id in dict.fromkeys(leg_ids) if leg_id in by_id]

    async def list(self, user: UserContext, args: models.ListPositionsArgs) -> models.ListPositionsResult:
        """Return the user's positions that pass every given filter, oldest first.

        Raises
        ------
        ServiceError
            `ValidationError` for a span of closing times that ends before it begins.
        """
        if args.ClosedFrom is not None and args.ClosedTo is not None and args.ClosedFrom > args.ClosedTo:
            first, last = args.ClosedFrom.isoformat(), args.ClosedTo.isoformat()
            raise validation({"ClosedTo": [f"expected a time not before ClosedFrom, {first}, got {last}"]})
        page = self._pager.page(user.user_id, "ListPositions", args)
        query = (
            _joined()
            .where(positions.c.user_id == user.user_id, positions.c.id > page.after)
            .order_by(positions.c.id)
            .limit(page.limit + 1)
        )
        if args.LiveStrategyId is not None:
            query = query.where(positions.c.strategy_id == args.LiveStrategyId)
        if args.LiveExecPlanId is not None:
            query = query.where(positions.c.entry_plan_id == args.LiveExecPlanId)
        if args.BrokerAccountId is not None:
            query = query.where(accounts.c.broker_account_id == args.BrokerAccountId)
        if args.State is not None:
            query = query.where(positions.c.state == args.State.name)
        if args.ClosedFrom is not None:
            query = query.where(positions.c.closed_at >= args.ClosedFrom)
        if args.ClosedTo is not None:
            query = query.where(positions.c.closed_at <= args.ClosedTo)
        async with self._database.read() as tx:
            shown, token = page.cut(await tx.all(query))
            result = {row.id: _position_of(row, ()).live for row in shown}
            await _add_contracts(tx, result)
        return models.ListPositionsResult(Positions=list(result.values()), ContinuationToken=token)

    async def list_legs(self, user: UserContext, args: models.ListLegsArgs) -> models.ListLegsResult:
        """Return the user's legs that pass every given filter, oldest first."""
        page = self._pager.page(user.user_id, "ListLegs", args)
        query = (
            _legs_with_account()
            .where(legs.c.user_id == user.user_id, legs.c.id > page.after)
            .order_by(legs.c.id)
            .limit(page.limit + 1)
        )
        if args.PositionId is not None:
            query = query.where(legs.c.position_id == args.PositionId)
        if args.BrokerAccountId is not None:
            query = query.where(accounts.c.broker_account_id == args.BrokerAccountId)
        if args.Status is not None:
            query = query.where(legs.c.status == args.Status.name)
        async with self._database.read() as tx:
            shown, token = page.cut(await tx.all(query))
        return models.ListLegsResult(Legs=[leg_of(row).live for row in shown], ContinuationToken=token)

    async def get_leg(self, user: UserContext, args: models.GetLegArgs) -> models.LiveLeg:
        """Return one leg of the user, or raise `NotFound`."""
        result = await self.read_legs(user.user_id, [args.LegId])
        if not result:
            raise not_found(f"leg {args.LegId}")
        return result[0].live

    async def get_legs(self, user: UserContext, args: models.GetLegsArgs) -> models.GetLegsResult:
        """Return the legs asked for, and the ids that the user does not have."""
        result = await self.read_legs(user.user_id, args.LegIds)
        known = {leg.id for leg in result}
        missing = [leg_id for leg_id in dict.fromkeys(args.LegIds) if leg_id not in known]
        return models.GetLegsResult(Legs=[leg.live for leg in result], MissingLegIds=missing)
