"""Manual corrections of the books: closing a position (`SetPositionClosed`), setting leg PnL (`AdjustLegPnL`).

Every correction keeps the books in balance: cash + cost of holdings = start + realised PnL. So a position is closed at
its cost, and a corrected PnL moves the account's cash by the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import conflict, validation
from mesolive.journal.journal import Journal
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.trading.audit import AuditEntry, audit
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.orders.open_orders import open_order_of_position
from mesolive.trading.portfolio.accounts import account_by_id
from mesolive.trading.portfolio.booking import correct_pnl, write_off
from mesolive.trading.portfolio.position_queries import position_of_leg
from mesolive.trading.portfolio.positions import CLOSED, Position, find_position
from mesolive_sdk import models

ZERO = Decimal(0)
MAX_PNL = Decimal(10) ** 12
PNL_DECIMALS = 10


class AccountActions:
    """Closes and corrects positions in the books; each change is audited and announced by events.

    Parameters
    ----------
    doubtful
        Called with the id of an account whose books were corrected: it requests a reconciliation with the venue.
    """

    def __init__(
        self, journal: Journal, idempotency: Idempotency, clock: Clock, doubtful: Callable[[int], None]
    ) -> None:
        self._journal = journal
        self._idempotency = idempotency
        self._clock = clock
        self._doubtful = doubtful

    async def set_closed(
        self, user: UserContext, args: models.SetPositionClosedArgs
    ) -> models.MesoLiveApiResponse[models.LivePosition]:
        """Close a position in the books without a trade: it was closed elsewhere.

        It is closed at its cost, so that nothing is realised; the owner sets its realised PnL with `adjust_pnl`.

        Raises
        ------
        ServiceError
            `NotFound` for a position that the user does not have; `Conflict` when it is closed or its order works.
        """

        async def action(tx: WriteTransaction) -> models.LivePosition:
            now = self._clock.now()
            position = await find_position(tx, user.user_id, args.PositionId)
            must_be_open(position)
            await must_be_at_rest(tx, position)
            account = await account_by_id(tx, user.user_id, position.account_id)
            resolved = await write_off(tx, user.user_id, account, position.id, now)
            cost = sum((leg.holding.cost for leg in position.open_legs), ZERO)
            quantities = {leg.name: str(leg.holding.qty) for leg in position.open_legs}
            detail = {"position": position.id, "held": quantities, "cost": str(cost)}
            await self._audit(tx, user, position, "SetPositionClosed", args.IdempotencyKey, detail)
            events: list[models.MesoLiveEvent] = [
                position.leg_event(leg, models.LegStatus.Closed, leg.shown_pnl) for leg in position.open_legs
            ]
            events.append(position.event(models.PositionStatus.Closed, position.realized_pnl))
            events += resolved
            await self._journal.append(tx, user.user_id, events)
            tx.after_commit(lambda: self._doubtful(position.account_id))
            return (await find_position(tx, user.user_id, position.id)).live

        operation = models.IdempotencyOperation.SetPositionClosed
        return await self._idempotency.run(user, args.IdempotencyKey, operation, args, action)

    async def adjust_pnl(
        self, user: UserContext, args: models.AdjustLegPnLArgs
    ) -> models.MesoLiveApiResponse[models.LiveLeg]:
        """Set a leg's realised PnL in place of the tracked amount; `None` restores the tracked amount.

        The account's cash moves by the difference. PnL of later fills is added to the amount.

        Raises
        ------
        ServiceError
            `NotFound` for a leg that the user does not have; `ValidationError` for an amount that cannot be;
            `Conflict` while an order of the leg's position works.
        """
        realized = args.RealizedPnL
        if realized is not None:
            _check_amount(realized)

        async def action(tx: WriteTransaction) -> models.LiveLeg:
            position, before = await position_of_leg(tx, user.user_id, args.LegId)
            await must_be_at_rest(tx, position)
            account = await account_by_id(tx, user.user_id, position.account_id)
            after = before.realized_pnl if realized is None else realized
            total = await correct_pnl(tx, account, position.id, before.id, realized, self._clock.now())
            detail = {
                "leg": before.id,
                "before": str(before.shown_pnl),
                "realized": None if realized is None else str(realized),
            }
            await self._audit(tx, user, position, "AdjustLegPnL", args.IdempotencyKey, detail)
            events = [
                position.leg_event(before, before.status, after),
                position.event(models.PositionStatus.RealizedPnLChanged, total),
            ]
            await self._journal.append(tx, user.user_id, events)
            return (await position_of_leg(tx, user.user_id, args.LegId))[1].live

        operation = models.IdempotencyOperation.AdjustLegPnL
        return await self._idempotency.run(user, args.IdempotencyKey, operation, args, action)

    async def _audit(
        self,
        tx: WriteTransaction,
        user: UserContext,
        position: Position,
        action: str,
        key: str,
        detail: Mapping[str, object],
    ) -> None:
        now = self._clock.now()
        await audit(tx, [AuditEntry(user.user_id, position.account_id, None, now, user.key_id, action, key, detail)])


def must_be_open(position: Position) -> None:
    """Raise `Conflict` for a position that is closed."""
    if position.state is CLOSED:
        raise conflict(f"position {position.id} is closed", code="PositionClosed")


async def must_be_at_rest(tx: Transaction, position: Position) -> None:
    """Raise `Conflict` while an order of the position has not ended."""
    order_id = await open_order_of_position(tx, position.id)
    if order_id is not None:
        raise conflict(
            f"order {order_id} of position {position.id} has not ended; cancel it first", code="OrderWorking"
        )


def _check_amount(realized: Decimal) -> None:
    fits = realized.is_finite() and abs(realized) <= MAX_PNL and round(realized, PNL_DECIMALS) == realized
    if not fits:
        text = f"expected an amount up to {MAX_PNL:,}, of at most {PNL_DECIMALS} decimals, got {realized}"
        raise validation({"RealizedPnL": [text]})
