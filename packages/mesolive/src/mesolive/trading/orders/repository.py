"""Repository of orders, the only writer of their table: insert, update, lookup by client or venue order id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, bindparam, insert, select, update

from mesolive.store.clauses import is_among, is_one_of
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.rows import insert as insert_row
from mesolive.store.tables.trading import orders, strategies
from mesolive.trading.orders.state_machine import OrderView, State
from mesolive_sdk import models

ZERO = Decimal(0)
ENDED = frozenset(state.value for state in State if state.ended)
OPEN = frozenset(state.value for state in State if not state.ended)


class NewOrder(Struct, frozen=True):
    """An order that is about to be sent.

    Attributes
    ----------
    qty
        Combos, greater than zero (zero for a group of marker legs).
    sold
        Whether it is a single leg that is sold: its quantities are shown negative.
    """

    account_id: int
    plan_id: int
    position_id: int | None
    strategy_id: int
    group: int
    qty: Decimal
    sold: bool
    multiplier: Decimal
    asked: models.LegGroupOrder
    reference: str
    strategy_name: str
    sent_by: str
    send_key: str
    replaces_id: int | None


class StoredOrder(Struct, frozen=True):
    """An order as it is stored; `view` is what the state machine sees of it, without its executions."""

    id: int
    user_id: int
    account_id: int
    plan_id: int
    strategy_id: int
    strategy_name: str
    group: int
    side: str
    view: OrderView
    multiplier: Decimal
    filled_value: Decimal
    average_price: Decimal | None
    reference: str
    send_key: str | None
    cancel_key: str | None
    replaces_id: int | None
    replaced_by: int | None
    created_at: datetime
    updated_at: datetime
    sender_epoch: int | None = None
    permit_epoch: int | None = None

    def signed(self, qty: Decimal) -> Decimal:
        """Return combos with the sign in which they are shown."""
        return -qty if self.side == "S" else qty


class UserOrder(Struct, frozen=True):
    """One of a user's orders.

    Attributes
    ----------
    at_venue
        The order as it is at its venue; `None` for a paper order.
    """

    id: int
    plan_id: int
    state: State
    at_venue: StoredOrder | None


class PlanOrder(Struct, frozen=True):
    """What an order has done of its plan.

    Attributes
    ----------
    filled
        Combos, never negative.
    multiplier
        What the plan's quantities are multiplied with; `None` for a paper order.
    """

    id: int
    plan_id: int
    group: int
    state: State
    filled: Decimal
    multiplier: Decimal | None


_PLACE = insert(orders)
_PLACE_ONE = _PLACE.returning(orders.c.id)
_PLACED = select(orders.c.id, orders.c.reference).where(is_among(orders.c.reference, "references"))
# What `stored` reads; each column that is a decimal or a moment costs a conversion.
_ORDERS = select(
    orders.c.id,
    orders.c.user_id,
    orders.c.account_id,
    orders.c.plan_id,
    orders.c.strategy_id,
    strategies.c.name.label("strategy_name"),
    orders.c.leg_group_id,
    orders.c.side,
    orders.c.state,
    orders.c.qty,
    orders.c.filled_qty,
    orders.c.venue_order_id,
    orders.c.unresolved_since,
    orders.c.cancel_wanted,
    orders.c.qty_multiplier,
    orders.c.filled_value,
    orders.c.average_fill_price,
    orders.c.reference,
    orders.c.send_key,
    orders.c.cancel_key,
    orders.c.replaces_id,
    orders.c.replaced_by,
    orders.c.created_at,
    orders.c.last_updated,
    orders.c.sender_epoch,
    orders.c.permit_epoch,
).join(strategies, strategies.c.id == orders.c.strategy_id)
_BY_REFERENCE = _ORDERS.where(is_among(orders.c.reference, "references"))
_BY_VENUE_ID = _ORDERS.where(
    orders.c.account_id == bindparam("account"),
    is_among(orders.c.venue_order_id, "ids"),
)
_BY_ID = _ORDERS.where(orders.c.user_id == bindparam("user"), is_among(orders.c.id, "ids"))
_OPEN_OF_ACCOUNT = _ORDERS.where(
    orders.c.account_id == bindparam("account"),
    is_one_of(orders.c.state, OPEN),
    orders.c.reference.is_not(None),
).order_by(orders.c.id)
_OF_PLANS = select(
    orders.c.id,
    orders.c.plan_id,
    orders.c.leg_group_id,
    orders.c.state,
    orders.c.filled_qty,
    orders.c.qty_multiplier,
).where(is_among(orders.c.plan_id, "plans"))
_CHANGE = (
    update(orders)
    .where(orders.c.id == bindparam("order"))
    .values(
        state=bindparam("new_state"),
        filled_qty=bindparam("new_filled"),
        filled_value=bindparam("new_value"),
        average_fill_price=bindparam("new_average"),
        last_updated=bindparam("now"),
        venue_order_id=bindparam("venue"),
        unresolved_since=bindparam("since"),
        cancel_wanted=bindparam("wanted"),
        cancel_key=bindparam("new_cancel_key"),
    )
)
_UNSENT = select(orders.c.id).where(
    is_among(orders.c.id, "ids"),
    orders.c.state == State.PENDING_SUBMIT.value,
    orders.c.permit_epoch.is_(None),
)
_PERMIT = (
    update(orders)
    .where(orders.c.id == bindparam("order"))
    .values(permit_epoch=bindparam("epoch"), permit_at=bindparam("at"))
)
_LAST_FILL = (
    update(orders)
    .where(orders.c.id == bindparam("order"))
    .values(
        last_fill_price=bindparam("price"),
        filled_at=bindparam("filled"),
        position_id=bindparam("position"),
    )
)
_THE_ORDER = orders.c.id == bindparam("order")
_REPLACED_BY = update(orders).where(_THE_ORDER).values(replaced_by=bindparam("replacement"))
_CANCEL_KEY = update(orders).where(_THE_ORDER).values(cancel_key=bindparam("new_key"))
_REASON = update(orders).where(_THE_ORDER).values(reason=bindparam("why"))


async def place_orders(
    tx: WriteTransaction, user_id: int, placed: Sequence[NewOrder], at: datetime, epoch: int, send_by: datetime
) -> list[StoredOrder]:
    """Store orders that are about to be sent and return them, in the same order.

    Parameters
    ----------
    epoch
        Of the server that stores them; see `trading.execution.send_permits`.
    send_by
        Until when they may be sent, in real time.
    """
    rows = [
        {
            "user_id": user_id,
            "account_id": order.account_id,
            "plan_id": order.plan_id,
            "position_id": order.position_id,
            "strategy_id": order.strategy_id,
            "leg_group_id": order.group,
            "state": State.PENDING_SUBMIT.value,
            "side": "S" if order.sold else "B",
            "qty": -order.qty if order.sold else order.qty,
            "filled_qty": ZERO,
            "limit_price": order.asked.LimitPrice,
            "stop_price": order.asked.StopPrice,
            "order_type": order.asked.OrderType.name,
            "time_in_force": order.asked.TimeInForce.name,
            "created_at": at,
            "last_updated": at,
            "qty_multiplier": order.multiplier,
            "filled_value": ZERO,
            "reference": order.reference,
            "cancel_wanted": False,
            "sent_by": order.sent_by,
            "send_key": order.send_key,
            "replaces_id": order.replaces_id,
            "sender_epoch": epoch,
            "send_by": send_by,
        }
        for order in placed
    ]
    ids: dict[str, int]
    if len(placed) == 1:
        ids = {placed[0].reference: await tx.scalar(_PLACE_ONE, rows[0])}
    else:
        await tx.execute(_PLACE, rows)
        made = await tx.all(_PLACED, {"references": [order.reference for order in placed]})
        ids = {row.reference: row.id for row in made}
    return [
        StoredOrder(
            id=ids[order.reference],
            user_id=user_id,
            account_id=order.account_id,
            plan_id=order.plan_id,
            strategy_id=order.strategy_id,
            strategy_name=order.strategy_name,
            group=order.group,
            side="S" if order.sold else "B",
            view=OrderView(State.PENDING_SUBMIT, order.qty),
            multiplier=order.multiplier,
            filled_value=ZERO,
            average_price=None,
            reference=order.reference,
            send_key=order.send_key,
            cancel_key=None,
            replaces_id=order.replaces_id,
            replaced_by=None,
            created_at=at,
            updated_at=at,
            sender_epoch=epoch,
        )
        for order in placed
    ]


class FilledOrder(Struct, frozen=True):
    """An order of a paper account: it is filled when it is stored.

    Attributes
    ----------
    side, qty
        `B` or `S`, and combos with the sign in which they are shown.
    price
        Of one combo.
    """

    account_id: int
    plan_id: int
    position_id: int
    strategy_id: int
    group: int
    side: str
    qty: Decimal
    price: Decimal
    filled_at: datetime


async def insert_filled_order(tx: WriteTransaction, user_id: int, order: FilledOrder, at: datetime) -> int:
    """Store an order that a paper account has filled, and return its id."""
    return await insert_row(
        tx,
        orders,
        user_id=user_id,
        account_id=order.account_id,
        plan_id=order.plan_id,
        position_id=order.position_id,
        strategy_id=order.strategy_id,
        leg_group_id=order.group,
        state=State.FILLED.value,
        side=order.side,
        qty=order.qty,
        filled_qty=order.qty,
        average_fill_price=order.price,
        last_fill_price=order.price,
        order_type=models.OrderType.Market.name,
        time_in_force=models.TimeInForce.Day.name,
        created_at=at,
        filled_at=order.filled_at,
        last_updated=at,
    )


async def orders_by_reference(tx: Transaction, references: Iterable[str]) -> list[StoredOrder]:
    """Return the orders that have these references."""
    return [stored(row) for row in await tx.all(_BY_REFERENCE, {"references": list(references)})]


async def orders_by_venue_id(tx: Transaction, account_id: int, venue_ids: Iterable[str]) -> list[StoredOrder]:
    """Return the account's orders that the venue gave these ids."""
    rows = await tx.all(_BY_VENUE_ID, {"account": account_id, "ids": list(venue_ids)})
    return [stored(row) for row in rows if row.reference is not None]


async def order_of_user(tx: Transaction, user_id: int, order_id: int) -> UserOrder | None:
    """Return one of the user's orders, a paper order too; `None` when the user has none of that id."""
    row = await tx.first(_BY_ID, {"user": user_id, "ids": [order_id]})
    if row is None:
        return None
    at_venue = None if row.reference is None else stored(row)
    return UserOrder(row.id, row.plan_id, State(row.state), at_venue)


async def open_orders_of_account(tx: Transaction, account_id: int) -> list[StoredOrder]:
    """Return the account's orders that have not ended, oldest first."""
    return [stored(row) for row in await tx.all(_OPEN_OF_ACCOUNT, {"account": account_id})]


async def orders_of_plans(tx: Transaction, plan_ids: Iterable[int]) -> list[PlanOrder]:
    """Return all orders of the plans."""
    return [
        PlanOrder(row.id, row.plan_id, row.leg_group_id, State(row.state), abs(row.filled_qty), row.qty_multiplier)
        for row in await tx.all(_OF_PLANS, {"plans": list(plan_ids)})
    ]


async def change_orders(tx: WriteTransaction, changed: Sequence[StoredOrder], at: datetime) -> None:
    """Store the new states of orders."""
    if changed:
        await tx.execute(
            _CHANGE,
            [
                {
                    "order": order.id,
                    "new_state": order.view.state.value,
                    "new_filled": order.signed(order.view.filled),
                    "new_value": order.filled_value,
                    "new_average": order.average_price,
                    "now": at,
                    "venue": order.view.venue_id,
                    "since": order.view.unresolved_since,
                    "wanted": order.view.cancel_wanted,
                    "new_cancel_key": order.cancel_key,
                }
                for order in changed
            ],
        )


async def unsent_orders(tx: Transaction, order_ids: Sequence[int]) -> set[int]:
    """Return which of the orders wait to be sent: not resolved, and without a permit."""
    return {row.id for row in await tx.all(_UNSENT, {"ids": list(order_ids)})}


async def permit_orders(tx: WriteTransaction, order_ids: Sequence[int], epoch: int, at: datetime) -> None:
    """Record that a server may send orders; `at` is real time."""
    if order_ids:
        await tx.execute(_PERMIT, [{"order": order_id, "epoch": epoch, "at": at} for order_id in order_ids])


async def record_fill(tx: WriteTransaction, order_id: int, price: Decimal, at: datetime, position_id: int) -> None:
    """Store the price of the last fill, its time, and the position that it went to."""
    await tx.execute(_LAST_FILL, {"order": order_id, "price": price, "filled": at, "position": position_id})


async def mark_replaced_by(tx: WriteTransaction, order_id: int, replacement: int | None) -> None:
    """Record which order shall replace this one; `None` when the replacement was not accepted."""
    await tx.execute(_REPLACED_BY, {"order": order_id, "replacement": replacement})


async def record_cancel_key(tx: WriteTransaction, order_id: int, key: str | None) -> None:
    """Record the key of the call that waits for the outcome of a cancel."""
    await tx.execute(_CANCEL_KEY, {"order": order_id, "new_key": key})


async def record_reason(tx: WriteTransaction, order_id: int, reason: str) -> None:
    """Store why an order ended."""
    await tx.execute(_REASON, {"order": order_id, "why": reason})


def stored(row: Row[Any]) -> StoredOrder:
    """Return the order that a row of `orders`, joined with its strategy's name, holds."""
    return StoredOrder(
        id=row.id,
        user_id=row.user_id,
        account_id=row.account_id,
        plan_id=row.plan_id,
        strategy_id=row.strategy_id,
        strategy_name=row.strategy_name,
        group=row.leg_group_id,
        side=row.side,
        view=OrderView(
            state=State(row.state),
            qty=abs(row.qty),
            filled=abs(row.filled_qty),
            venue_id=row.venue_order_id,
            unresolved_since=row.unresolved_since,
            cancel_wanted=bool(row.cancel_wanted),
        ),
        multiplier=row.qty_multiplier,
        filled_value=row.filled_value,
        average_price=row.average_fill_price,
        reference=row.reference,
        send_key=row.send_key,
        cancel_key=row.cancel_key,
        replaces_id=row.replaces_id,
        replaced_by=row.replaced_by,
        created_at=row.created_at,
        updated_at=row.last_updated,
        sender_epoch=row.sender_epoch,
        permit_epoch=row.permit_epoch,
    )
