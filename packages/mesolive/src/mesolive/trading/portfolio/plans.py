"""Repository of exec plans: the result of a preparation, executed at most once."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, bindparam, func, select, update

from mesolive.errors import ServiceError, conflict, not_found
from mesolive.market.contracts import OptionContract
from mesolive.records import replace
from mesolive.store.clauses import is_among
from mesolive.store.connection import LONG
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.row_cache import CacheKind
from mesolive.store.rows import insert
from mesolive.store.tables.signals import adjustment_plans
from mesolive.store.tables.trading import accounts, exec_plan_legs, exec_plans, strategies
from mesolive.store.types import stored_decimal, stored_moment
from mesolive.trading.portfolio.accounting import GroupQuantity, group_quantity
from mesolive.trading.portfolio.contract_rows import TradedContract, as_stored, from_row
from mesolive_sdk import models

MAX_CACHED_PLANS = 2048
"""How many plans are kept in memory; one takes some 5 KB."""

CLOSING = ":close"
"""Marks the leg that a move closes, to distinguish it from the opened leg of that name. Leg names hold no colon."""


# What of a plan changes, and what others say about it.
_STANDINGS = (
    select(
        exec_plans.c.id,
        exec_plans.c.user_id,
        exec_plans.c.state,
        exec_plans.c.position_id,
        exec_plans.c.executed_at,
        accounts.c.broker_account_id,
        strategies.c.name.label("strategy_name"),
        strategies.c.deleted_at.label("strategy_deleted_at"),
    )
    .select_from(exec_plans)
    .join(accounts, accounts.c.id == exec_plans.c.account_id)
    .join(strategies, strategies.c.id == exec_plans.c.strategy_id)
    # By ids alone: with the user as a condition too, SQLite reads all plans that the user ever had.
    .where(is_among(exec_plans.c.id, "plans"))
)
_CONTENTS = select(
    exec_plans.c.id,
    exec_plans.c.kind,
    exec_plans.c.strategy_id,
    exec_plans.c.account_id,
    exec_plans.c.position_name,
    exec_plans.c.data_provider,
    exec_plans.c.qty_multiplier,
    exec_plans.c.created_at,
).where(is_among(exec_plans.c.id, "plans"))
_LEGS = (
    select(*(column for column in exec_plan_legs.columns if column.name != "opened_id"))
    .where(is_among(exec_plan_legs.c.plan_id, "plans"))
    .order_by(exec_plan_legs.c.plan_id, exec_plan_legs.c.place)
)
_OPENED_IDS = select(exec_plan_legs.c.plan_id, exec_plan_legs.c.name, exec_plan_legs.c.opened_id).where(
    is_among(exec_plan_legs.c.plan_id, "plans"), exec_plan_legs.c.opened_id.is_not(None)
)


_OPENED = (
    update(exec_plan_legs)
    .where(exec_plan_legs.c.plan_id == bindparam("of_plan"), exec_plan_legs.c.name == bindparam("leg"))
    .values(opened_id=bindparam("opened"))
)


class PlanKind(enum.Enum):
    """What executing the plan does."""

    ENTRY = "Entry"
    EXIT = "Exit"
    ADJUSTMENT = "Adjustment"


class PlanState(enum.Enum):
    """Where the plan stands: it is executed once.

    An adjustment by orders is `FILLED` between its last fill and the transaction that sets its variables and publishes
    it.
    """

    PREPARED = "Prepared"
    FILLED = "Filled"
    EXECUTED = "Executed"


_THE_PLAN = exec_plans.c.id == bindparam("plan")
_OPEN_POSITION = (
    update(exec_plans).where(_THE_PLAN, exec_plans.c.position_id.is_(None)).values(position_id=bindparam("position"))
)
_FILL = (
    update(exec_plans)
    .where(_THE_PLAN, exec_plans.c.state == PlanState.PREPARED.value)
    .values(state=PlanState.FILLED.value)
)
_EXECUTE = (
    update(exec_plans)
    .where(_THE_PLAN, exec_plans.c.state != PlanState.EXECUTED.value)
    .values(state=PlanState.EXECUTED.value, executed_at=bindparam("at"), position_id=bindparam("position"))
)
_BEING_COMPLETED = select(exec_plans.c.id).where(
    exec_plans.c.position_id == bindparam("position"), exec_plans.c.state == PlanState.FILLED.value
)


@dataclass(frozen=True, slots=True)
class PlanLeg:
    """One leg that a plan trades.

    Attributes
    ----------
    name
        The leg's own, or that with `CLOSING` behind it: what is closed when the plan also opens a leg of the name.
    qty
        Signed contracts of the trade itself (an exit's are the position's reversed), before the plan's multiplier;
        0 for a marker leg, which is never traded.
    leg_id
        The leg of the position that is closed; `None` when the plan opens one.
    opened_id
        The leg of the position that an adjustment's orders have opened; `None` before its first fill.
    mark
        The mark per unit at preparation: the entry price of a marker leg.
    """

    name: str
    traded: TradedContract
    qty: Decimal
    leg_group_id: int
    expiration_name: str | None = None
    leg_id: int | None = None
    mark: Decimal | None = None
    opened_id: int | None = None

    @property
    def own_name(self) -> str:
        """The name of the position's leg."""
        return self.name.partition(":")[0]


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan that is not stored yet."""

    kind: PlanKind
    strategy_id: int
    account_id: int
    position_id: int | None
    position_name: str
    data_provider: models.DataProviderType | None
    qty_multiplier: Decimal | None
    legs: tuple[PlanLeg, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PlanContent:
    """What preparation stored of a plan: it never changes, only its state, its position and its opened legs do."""

    kind: PlanKind
    strategy_id: int
    account_id: int
    position_name: str
    data_provider: models.DataProviderType | None
    qty_multiplier: Decimal | None
    legs: tuple[PlanLeg, ...]
    created_at: datetime


_CACHE: CacheKind[int, PlanContent] = CacheKind("exec plans", MAX_CACHED_PLANS)


class Plan(Struct, frozen=True):
    """A stored plan."""

    id: int
    kind: PlanKind
    state: PlanState
    strategy_id: int
    strategy_name: str
    account_id: int
    broker_account_id: str
    position_id: int | None
    position_name: str
    data_provider: models.DataProviderType | None
    qty_multiplier: Decimal | None
    legs: tuple[PlanLeg, ...]
    created_at: datetime
    strategy_deleted: bool = False
    executed_at: datetime | None = None


def distinct_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return a name of its own for each of some legs, of which several may have one name.

    The first of a name keeps it unless it is `taken`; those after it have `CLOSING` behind it, and a number from the
    third on.
    """
    used = set(taken)
    result: list[str] = []
    for name in names:
        own, number = name, 1
        while own in used:
            own = f"{name}{CLOSING}{number if number > 1 else ''}"
            number += 1
        used.add(own)
        result.append(own)
    return result


def groups_of(legs: Iterable[tuple[str, int]]) -> dict[int, list[str]]:
    """Return the leg names of each group, out of names with their group ids; groups ascending, legs in their order.

    Legs that name no group are together in group 0: one combo order.
    """
    groups: dict[int, list[str]] = {}
    for name, group in sorted(legs, key=lambda leg: leg[1]):
        groups.setdefault(group, []).append(name)
    return groups


def leg_groups(legs: Sequence[PlanLeg]) -> dict[int, list[str]]:
    """Return the leg names of each group of a plan."""
    return groups_of((leg.name, leg.leg_group_id) for leg in legs)


def group_quantities(legs: Sequence[PlanLeg], multiplier: Decimal) -> dict[int, GroupQuantity]:
    """Return each group as combos and ratios, quantities scaled by `multiplier`."""
    by_name = {leg.name: leg for leg in legs}
    return {
        group: group_quantity({name: by_name[name].qty * multiplier for name in names})
        for group, names in leg_groups(legs).items()
    }


async def store_plan(tx: WriteTransaction, user_id: int, plan: NewPlan) -> int:
    """Store a plan within the transaction and return its id."""
    plan_id = await insert(
        tx,
        exec_plans,
        user_id=user_id,
        kind=plan.kind.value,
        state=PlanState.PREPARED.value,
        strategy_id=plan.strategy_id,
        account_id=plan.account_id,
        position_id=plan.position_id,
        position_name=plan.position_name,
        data_provider=None if plan.data_provider is None else plan.data_provider.name,
        qty_multiplier=plan.qty_multiplier,
        created_at=plan.created_at,
    )
    tx.keep(_CACHE, {plan_id: _as_stored(plan)})
    if not plan.legs:
        return plan_id  # an adjustment that sets variables only
    await tx.execute(
        exec_plan_legs.insert(),
        [
            {
                "plan_id": plan_id,
                "place": place,
                "name": leg.name,
                **leg.traded.columns,
                "qty": leg.qty,
                "leg_group_id": leg.leg_group_id,
                "expiration_name": leg.expiration_name,
                "leg_id": leg.leg_id,
                "mark": leg.mark,
            }
            for place, leg in enumerate(plan.legs)
        ],
    )
    return plan_id


def _as_stored(plan: NewPlan) -> PlanContent:
    """Return the plan as reading it from the database would give it."""
    return PlanContent(
        kind=plan.kind,
        strategy_id=plan.strategy_id,
        account_id=plan.account_id,
        position_name=plan.position_name,
        data_provider=plan.data_provider,
        qty_multiplier=None if plan.qty_multiplier is None else stored_decimal(plan.qty_multiplier),
        legs=tuple(
            PlanLeg(
                name=leg.name,
                traded=as_stored(leg.traded),
                qty=stored_decimal(leg.qty),
                leg_group_id=leg.leg_group_id,
                expiration_name=leg.expiration_name,
                leg_id=leg.leg_id,
                mark=None if leg.mark is None else stored_decimal(leg.mark),
            )
            for leg in plan.legs
        ),
        created_at=stored_moment(plan.created_at),
    )


async def find_plan(tx: Transaction, user_id: int, plan_id: int) -> Plan:
    """Return the user's plan; `NotFound` when there is none of that id for this user."""
    result = await find_plans(tx, user_id, [plan_id])
    if plan_id not in result:
        raise no_plan(plan_id)
    return result[plan_id]


async def newest_plans(
    tx: Transaction,
    user_id: int,
    limit: int,
    *,
    position_id: int | None = None,
    strategy_id: int | None = None,
    broker_account_id: str | None = None,
    only_open: bool = True,
) -> list[Plan]:
    """Return the user's newest plans, newest first; `None` is any, `only_open` leaves out those executed."""
    query = select(exec_plans.c.id).where(exec_plans.c.user_id == user_id)
    if position_id is not None:
        query = query.where(exec_plans.c.position_id == position_id)
    if strategy_id is not None:
        query = query.where(exec_plans.c.strategy_id == strategy_id)
    if broker_account_id is not None:
        query = query.join(accounts, accounts.c.id == exec_plans.c.account_id)
        query = query.where(accounts.c.broker_account_id == broker_account_id)
    if only_open:
        query = query.where(exec_plans.c.state != PlanState.EXECUTED.value)
    ids = [row.id for row in await tx.all(query.order_by(exec_plans.c.id.desc()).limit(limit))]
    plans = await find_plans(tx, user_id, ids)
    return [plans[plan_id] for plan_id in ids]


async def find_plans(tx: Transaction, user_id: int, plan_ids: Iterable[int]) -> dict[int, Plan]:
    """Return those of the plans that are the user's, by their ids.

    What preparation stored of a plan never changes, so it is kept in memory; its state is read each time.
    """
    rows = [row for row in await tx.all(_STANDINGS, {"plans": list(plan_ids)}) if row.user_id == user_id]
    contents = await _contents(tx, [row.id for row in rows])
    opened: dict[int, dict[str, int]] = {}
    adjustments = [plan_id for plan_id, content in contents.items() if content.kind is PlanKind.ADJUSTMENT]
    if adjustments:
        for row in await tx.all(_OPENED_IDS, {"plans": adjustments}):
            opened.setdefault(row.plan_id, {})[row.name] = row.opened_id
    return {row.id: _plan_of(row, contents[row.id], opened.get(row.id, {})) for row in rows}


async def _contents(tx: Transaction, plan_ids: Sequence[int]) -> dict[int, PlanContent]:
    contents = tx.find_kept(_CACHE, plan_ids)
    unknown = [plan_id for plan_id in plan_ids if plan_id not in contents]
    if unknown:
        legs: dict[int, list[PlanLeg]] = {}
        for row in await tx.all(_LEGS, {"plans": unknown}):
            legs.setdefault(row.plan_id, []).append(_leg_of(row))
        read = {
            row.id: PlanContent(
                kind=PlanKind(row.kind),
                strategy_id=row.strategy_id,
                account_id=row.account_id,
                position_name=row.position_name,
                data_provider=None if row.data_provider is None else models.DataProviderType[row.data_provider],
                qty_multiplier=row.qty_multiplier,
                legs=tuple(legs.get(row.id, ())),
                created_at=row.created_at,
            )
            for row in await tx.all(_CONTENTS, {"plans": unknown})
        }
        tx.keep(_CACHE, read)
        contents |= read
    return contents


def no_plan(plan_id: int) -> ServiceError:
    """Return the error for a plan that the user does not have."""
    return not_found(f"exec plan {plan_id}")


def executed_already(plan_id: int) -> ServiceError:
    """Return the error for a plan that was executed before."""
    return conflict(f"exec plan {plan_id} was executed already; prepare again to trade again", code="PlanExecuted")


def _plan_of(row: Row[Any], content: PlanContent, opened: Mapping[str, int]) -> Plan:
    legs = content.legs
    if opened:
        legs = tuple(replace(leg, opened_id=opened.get(leg.name)) for leg in legs)
    return Plan(
        id=row.id,
        kind=content.kind,
        state=PlanState(row.state),
        strategy_id=content.strategy_id,
        strategy_name=row.strategy_name,
        account_id=content.account_id,
        broker_account_id=row.broker_account_id,
        position_id=row.position_id,
        position_name=content.position_name,
        data_provider=content.data_provider,
        qty_multiplier=content.qty_multiplier,
        legs=legs,
        created_at=content.created_at,
        strategy_deleted=row.strategy_deleted_at is not None,
        executed_at=row.executed_at,
    )


async def note_opened(tx: WriteTransaction, plan_id: int, opened: Mapping[str, int]) -> None:
    """Record which legs of the position were opened for legs of the plan, by the plan's names."""
    if opened:
        await tx.execute(_OPENED, [{"of_plan": plan_id, "leg": name, "opened": id_} for name, id_ in opened.items()])


async def mark_opened(tx: WriteTransaction, plan_id: int, position_id: int) -> None:
    """Record within the transaction which position the first fill of an entry has opened."""
    await tx.execute(_OPEN_POSITION, {"plan": plan_id, "position": position_id})


async def mark_filled(tx: WriteTransaction, plan_id: int) -> None:
    """Record within the transaction that all orders of an adjustment are filled; its completion follows.

    Raises
    ------
    ServiceError
        `Conflict` when that was noted before.
    """
    result = await tx.execute(_FILL, {"plan": plan_id})
    if result.rowcount != 1:
        raise executed_already(plan_id)


async def adjustments_to_complete(tx: Transaction) -> list[tuple[int, int]]:
    """Return user id and plan id of each adjustment whose orders are filled and whose variables are not set yet."""
    query = select(exec_plans.c.user_id, exec_plans.c.id).where(exec_plans.c.state == PlanState.FILLED.value)
    return [(row.user_id, row.id) for row in await tx.all(query.order_by(exec_plans.c.id))]


async def is_being_completed(tx: Transaction, position_id: int) -> bool:
    """Whether an adjustment of the position is filled and its variables are not set yet."""
    return await tx.first(_BEING_COMPLETED, {"position": position_id}) is not None


async def delete_plans(tx: WriteTransaction, user_id: int, plan_ids: Iterable[int]) -> int:
    """Delete plans of a user of which nothing was executed, with their legs, and return how many there were."""
    ids = list(plan_ids)
    for part in (adjustment_plans, exec_plan_legs):
        await tx.execute(part.delete().where(part.c.plan_id.in_(ids)).execution_options(**LONG))
    of_user = (exec_plans.c.user_id == user_id) & exec_plans.c.id.in_(ids)
    return (await tx.execute(exec_plans.delete().where(of_user).execution_options(**LONG))).rowcount


async def count_unexecuted(tx: Transaction, user_id: int, limit: int) -> int:
    """Return how many of the user's plans were never executed in full; it is counted up to `most`."""
    some = (
        select(exec_plans.c.id)
        .where(exec_plans.c.user_id == user_id, exec_plans.c.state == PlanState.PREPARED.value)
        .limit(limit)
        .subquery()
    )
    return int(await tx.scalar(select(func.count()).select_from(some)))


async def mark_executed(tx: WriteTransaction, plan_id: int, at: datetime, position_id: int) -> None:
    """Record within the transaction that the plan was executed, and for which position.

    Raises
    ------
    ServiceError
        `Conflict` when it was carried out before: a plan is executed once.
    """
    result = await tx.execute(_EXECUTE, {"plan": plan_id, "at": at, "position": position_id})
    if result.rowcount != 1:
        raise executed_already(plan_id)


def wire_groups(groups: Mapping[int, GroupQuantity]) -> dict[int, models.LegGroupQtys]:
    """Return the group quantities as the wire shows them."""
    return {
        group: models.LegGroupQtys(Qty=quantity.qty, LegRatios=dict(quantity.ratios))
        for group, quantity in groups.items()
    }


def _leg_of(row: Row[Any]) -> PlanLeg:
    return PlanLeg(
        name=row.name,
        traded=from_row(row),
        qty=row.qty,
        leg_group_id=row.leg_group_id,
        expiration_name=row.expiration_name,
        leg_id=row.leg_id,
        mark=row.mark,
    )


async def contracts_of_plans(tx: Transaction, plan_ids: Collection[int]) -> list[OptionContract]:
    """Return the contracts of plans, each once."""
    rows = await tx.all(select(exec_plan_legs).where(exec_plan_legs.c.plan_id.in_(list(plan_ids))))
    return list(dict.fromkeys(from_row(row).contract for row in rows))
