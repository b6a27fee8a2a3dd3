"""Liquidation: closes a whole position with market orders, one per leg group, sent once per idempotency key.

The record of the call, and the plan whose groups are sent, are one transaction before anything leaves. The key of each
group's order follows from the call's own. So a call that was interrupted half way is finished by repeating it: what was
sent is found by its key, and the rest is sent. An order that certainly was not sent is followed by another one, as the
autopilot does with its exits.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import delete, update

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import ServiceError, conflict, unavailable
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.store.database import Database, WriteTransaction
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.tasks import Tasks
from mesolive.trading.account_actions import must_be_at_rest, must_be_open
from mesolive.trading.audit import AuditEntry, audit
from mesolive.trading.execution.order_service import OrderService
from mesolive.trading.idempotency import Call, Idempotency, find_records, first_answer, keep_processing, must_be_same
from mesolive.trading.orders.open_orders import order_sent_under
from mesolive.trading.orders.report_log import rejection_code
from mesolive.trading.portfolio.accounts import find_account, must_be_at_a_venue
from mesolive.trading.portfolio.plans import Plan, find_plan, leg_groups, store_plan
from mesolive.trading.portfolio.positions import Position, find_position
from mesolive.trading.preparation.plan_builder import exit_plan
from mesolive.venues.base import NOT_SENT
from mesolive_sdk import models, wire

T = TypeVar("T")

OPERATION = models.IdempotencyOperation.LiquidatePosition
PROCESSING = models.IdempotencyRecordStatus.Processing.name

MAX_SENDS = 3
"""Orders of one group, of which all but the last were not sent. A venue that is not ready tries for some seconds."""

PAPER = "it has no venue; prepare an exit and tell its fills with ApplyPaperFills, or close it with SetPositionClosed"


@dataclass
class _Sent:
    """The outcome of each group; `refusals` are those of `unsent`, in its order."""

    orders: list[models.SendOrderResult] = field(default_factory=list[models.SendOrderResult])
    unsent: list[models.UnsentLegGroup] = field(default_factory=list[models.UnsentLegGroup])
    refusals: list[ServiceError] = field(default_factory=list[ServiceError])


class Liquidation:
    """Carries out `LiquidatePosition`."""

    def __init__(
        self, database: Database, idempotency: Idempotency, market: Market, sending: OrderService, clock: Clock
    ) -> None:
        self._database = database
        self._idempotency = idempotency
        self._market = market
        self._sending = sending
        self._clock = clock
        self.tasks = Tasks()

    async def liquidate(
        self, user: UserContext, args: models.LiquidatePositionArgs
    ) -> models.MesoLiveApiResponse[models.LiquidatePositionResult]:
        """Send market orders that close all of a position.

        Raises
        ------
        ServiceError
            `NotFound` for a position that the user does not have; `NotSupported` on a paper account; `Conflict` when
            it is closed, holds nothing, or an order of it works; `ProviderUnavailable` when its underlying has no
            market; and, when no group could be sent, what refused the first. Then nothing was done, and the key is
            free.
        """
        # A task of its own: a caller that goes away does not leave a position half closed.
        work = self._liquidate(user, args)
        return await asyncio.shield(
            self.tasks.spawn("liquidation", work, detail=args.PositionId, expected=ServiceError)
        )

    async def close(self) -> None:
        """Wait for running liquidations: each order ends within the answer time of a venue."""
        await self.tasks.join()

    async def _liquidate(
        self, user: UserContext, args: models.LiquidatePositionArgs
    ) -> models.MesoLiveApiResponse[models.LiquidatePositionResult]:
        with self._idempotency.claimed(user, args.IdempotencyKey, OPERATION, args) as call:
            begun = await self._begin(user, call, args)
            if isinstance(begun, models.MesoLiveApiResponse):
                return begun
            sent = await self._send(user, call, begun)
            if not sent.orders:
                await self._withdraw(user, call)
                raise sent.refusals[0]
            result = models.LiquidatePositionResult(
                PositionId=args.PositionId, ExecPlanId=begun.id, Orders=sent.orders, Unsent=sent.unsent
            )
            await self._settle(user, call, result)
        return models.MesoLiveApiResponse(Status=models.StatusCode.Success, Message=_message(sent.unsent), Data=result)

    async def _begin(
        self, user: UserContext, call: Call, args: models.LiquidatePositionArgs
    ) -> Plan | models.MesoLiveApiResponse[models.LiquidatePositionResult]:
        """Return the plan to execute (for an interrupted call, its stored plan), or the answer of a finished call."""
        async with self._database.write(user.user_id) as tx:
            record = (await find_records(tx, user.user_id, [call.key])).get(call.key)
            if record is not None:
                must_be_same(record, call)
                if record.status != PROCESSING:
                    return first_answer(record, call)
                return await find_plan(tx, user.user_id, record.exec_plan_id)
            position = await find_position(tx, user.user_id, args.PositionId)
            account = await find_account(tx, user.user_id, position.broker_account_id)
            must_be_at_a_venue(account, PAPER)
            must_be_open(position)
            await must_be_at_rest(tx, position)
            plan_id = await self._plan(tx, user, position, args)
            now = self._clock.now()
            await keep_processing(tx, user.user_id, [(call, plan_id, None)], now)
            detail = {"position": position.id, "plan": plan_id}
            entry = AuditEntry(user.user_id, account.id, None, now, user.key_id, "LiquidatePosition", call.key, detail)
            await audit(tx, [entry])
            return await find_plan(tx, user.user_id, plan_id)

    async def _plan(
        self, tx: WriteTransaction, user: UserContext, position: Position, args: models.LiquidatePositionArgs
    ) -> int:
        if all(leg.holding.qty == 0 for leg in position.open_legs):
            raise conflict(
                f"position {position.id} holds nothing; close it with SetPositionClosed", code="PositionFlat"
            )
        try:
            view = self._market.view(position.legs[0].traded.contract.underlying, position.provider)
        except (UnknownUnderlyingError, UnknownProviderError) as error:
            raise unavailable(str(error), code="PriceMissing") from None
        exit_args = models.PreparePositionExitArgs(IdempotencyKey=args.IdempotencyKey, PositionId=position.id)
        return await store_plan(tx, user.user_id, exit_plan(position, exit_args, view))

    async def _send(self, user: UserContext, call: Call, plan: Plan) -> _Sent:
        sent = _Sent()
        traded = {leg.name for leg in plan.legs if leg.qty != 0}
        for group, names in leg_groups(plan.legs).items():
            if traded.isdisjoint(names):
                continue
            await self._send_group(user, call, plan, group, names, sent)
        return sent

    async def _send_group(
        self, user: UserContext, call: Call, plan: Plan, group: int, names: Sequence[str], sent: _Sent
    ) -> None:
        """Send the order of a group, and another one in its place while the last one certainly was not sent."""
        result: models.SendOrderResult | None = None
        for attempt in range(MAX_SENDS):
            key = group_key(call.key, group, attempt)
            before = result
            try:
                result = await self._send_order(user, plan, group, names, key)
            except ServiceError as error:
                result = await self._order_behind(user, key)
                if result is None:
                    if error.status is models.StatusCode.Timeout:
                        raise  # it is unknown whether it was stored: the call stays unfinished, and can be repeated
                    sent.orders += [] if before is None else [before]
                    sent.unsent.append(
                        models.UnsentLegGroup(LegGroupId=group, Status=error.status, Message=error.message)
                    )
                    sent.refusals.append(error)
                    return
            if result.State is not models.OrderState.Rejected or not await self._was_not_sent(result.LiveOrderId):
                break
        if result is not None:
            sent.orders.append(result)

    async def _was_not_sent(self, order_id: int) -> bool:
        async with self._database.read() as tx:
            return await rejection_code(tx, order_id) == NOT_SENT

    async def _send_order(
        self, user: UserContext, plan: Plan, group: int, names: Sequence[str], key: str
    ) -> models.SendOrderResult:
        market = models.LegGroupOrder(
            OrderType=models.OrderType.Market, TimeInForce=models.TimeInForce.Day, LegNames=list(names)
        )
        answer = await self._sending.send(
            user,
            models.SendOrderArgs(
                IdempotencyKey=key,
                BrokerAccountId=plan.broker_account_id,
                ExecPlanId=plan.id,
                LegGroupId=group,
                LegGroupOrder=market,
            ),
        )
        if answer.Data is None:
            raise ServiceError(answer.Status, answer.Message or "the order was not sent", answer.Error)
        return answer.Data

    async def _order_behind(self, user: UserContext, key: str) -> models.SendOrderResult | None:
        """Return the present state of the order that was stored under a key; it may still be in doubt."""
        async with self._database.read() as tx:
            return await order_sent_under(tx, user.user_id, key)

    async def _settle(self, user: UserContext, call: Call, result: models.LiquidatePositionResult) -> None:
        async with self._database.write(user.user_id) as tx:
            await tx.execute(
                update(idempotency_records)
                .where(idempotency_records.c.user_id == user.user_id, idempotency_records.c.key == call.key)
                .values(
                    status=models.IdempotencyRecordStatus.Completed.name,
                    updated_at=self._clock.now(),
                    order_ids=[order.LiveOrderId for order in result.Orders],
                    response_status=models.StatusCode.Success.name,
                    response_message=_message(result.Unsent),
                    response_data=wire.encode_json(result).decode(),
                )
            )

    async def _withdraw(self, user: UserContext, call: Call) -> None:
        """Free the key of a call that was refused before an order was sent."""
        async with self._database.write(user.user_id) as tx:
            await tx.execute(
                delete(idempotency_records).where(
                    idempotency_records.c.user_id == user.user_id, idempotency_records.c.key == call.key
                )
            )


def group_key(key: str, group: int, attempt: int = 0) -> str:
    """Return the key under which a group's order is sent: it follows from that of the liquidation.

    Parameters
    ----------
    attempt
        How many orders of the group there were before it that were not sent.
    """
    again = f"-{attempt}" if attempt else ""
    return f"liquidate.{hashlib.sha256(key.encode()).hexdigest()[:40]}.{group}{again}"


def _message(unsent: Sequence[models.UnsentLegGroup]) -> str | None:
    if not unsent:
        return None
    groups = "; ".join(f"group {item.LegGroupId}: {item.Message}" for item in unsent)
    return f"not everything was sent; liquidate again with another key when the orders have ended ({groups})"
