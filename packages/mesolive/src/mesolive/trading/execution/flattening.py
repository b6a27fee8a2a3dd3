"""Halt and flatten: entries halted, working orders cancelled, every position closed; one call per idempotency key.

It is made of parts that are idempotent themselves, under keys that follow from its own. So a call that was interrupted
is finished by repeating it, and nothing is sent twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Sequence

from mesolive.access.context import UserContext
from mesolive.clock import Clock, MonotonicClock
from mesolive.errors import ServiceError
from mesolive.store.database import Database
from mesolive.tasks import Tasks
from mesolive.trading.audit import AuditEntry, audit
from mesolive.trading.execution.liquidation import Liquidation, group_key
from mesolive.trading.execution.order_service import OrderService
from mesolive.trading.execution.user_halts import Halts
from mesolive.trading.idempotency import (
    Call,
    Idempotency,
    Settlement,
    find_records,
    first_answer,
    keep_processing,
    keys_with_prefix,
    must_be_same,
    settle,
)
from mesolive.trading.orders.open_orders import open_order_of_position
from mesolive.trading.orders.repository import StoredOrder, open_orders_of_account
from mesolive.trading.portfolio.accounts import Account, accounts_of_user, find_account
from mesolive.trading.portfolio.positions import Position, open_positions_of_account, positions_by_id
from mesolive_sdk import models

OPERATION = models.IdempotencyOperation.HaltAndFlatten
PROCESSING = models.IdempotencyRecordStatus.Processing.name

REST_SECONDS = 10.0
"""How long the orders of a position may take to end, in real time."""

LOOK_SECONDS = 0.05
AT_ONCE = 8
"""Positions that are closed at the same time."""


class Flattening:
    """Carries out `HaltAndFlatten`.

    Parameters
    ----------
    halts, sending, liquidation
        Halt entries, cancel orders and close positions.
    pace
        Real time, in which it is waited for cancelled orders to end.
    """

    def __init__(
        self,
        database: Database,
        idempotency: Idempotency,
        halts: Halts,
        sending: OrderService,
        liquidation: Liquidation,
        clock: Clock,
        pace: Clock | None = None,
    ) -> None:
        self._database = database
        self._idempotency = idempotency
        self._halts = halts
        self._sending = sending
        self._liquidation = liquidation
        self._clock = clock
        self._pace: Clock = pace or MonotonicClock()
        self.tasks = Tasks()

    async def halt_and_flatten(
        self, user: UserContext, args: models.HaltAndFlattenArgs
    ) -> models.MesoLiveApiResponse[models.HaltAndFlattenResult]:
        """Halt entries, cancel working orders, and close every position of one account or of all.

        Raises
        ------
        ServiceError
            `NotFound` for an account that the user does not have; `Forbidden` for a browser whose sign-in is not recent
            where an account is live; `Timeout` when it is not known whether an order was stored: repeat it with its
            key then. Refusals of single positions are in the result.
        """
        await self._halts.require_recent_sign_in_for_live(user, args.BrokerAccountId)
        # A task of its own: a caller that goes away does not leave the account half flat.
        work = self._run(user, args)
        return await asyncio.shield(self.tasks.spawn("flattening", work, expected=ServiceError))

    async def close(self) -> None:
        """Wait for running calls."""
        await self.tasks.join()

    async def _run(
        self, user: UserContext, args: models.HaltAndFlattenArgs
    ) -> models.MesoLiveApiResponse[models.HaltAndFlattenResult]:
        with self._idempotency.claimed(user, args.IdempotencyKey, OPERATION, args) as call:
            finished = await self._begin(user, call, args)
            if finished is not None:
                return finished
            root = root_key(call.key)
            halt = models.HaltTradingArgs(
                IdempotencyKey=f"{root}.halt",
                BrokerAccountId=args.BrokerAccountId,
                Scope=models.HaltScope.Entries,
                Reason=args.Reason,
            )
            await self._halts.halt(user, halt)
            cancelled = await self._cancel(user, root, args.BrokerAccountId)
            positions = await self._flatten(user, root, args.BrokerAccountId)
            result = models.HaltAndFlattenResult(
                CancelledOrderIds=cancelled,
                Positions=positions,
                Complete=all(_is_complete(position) for position in positions),
            )
            message = _message(positions)
            async with self._database.write(user.user_id) as tx:
                await settle(tx, user.user_id, [Settlement(call.key, result, message=message)], self._clock.now())
        return models.MesoLiveApiResponse(Status=models.StatusCode.Success, Message=message, Data=result)

    async def _begin(
        self, user: UserContext, call: Call, args: models.HaltAndFlattenArgs
    ) -> models.MesoLiveApiResponse[models.HaltAndFlattenResult] | None:
        """Store the record of the call; return the answer of a finished one, and `None` where there is work to do."""
        async with self._database.write(user.user_id) as tx:
            record = (await find_records(tx, user.user_id, [call.key])).get(call.key)
            if record is not None:
                must_be_same(record, call)
                return None if record.status == PROCESSING else first_answer(record, call)
            account_id = None
            if args.BrokerAccountId is not None:
                account_id = (await find_account(tx, user.user_id, args.BrokerAccountId)).id
            now = self._clock.now()
            await keep_processing(tx, user.user_id, [(call, None, None)], now)
            detail = {"reason": args.Reason}
            entry = AuditEntry(user.user_id, account_id, None, now, user.key_id, "HaltAndFlatten", call.key, detail)
            await audit(tx, [entry])
        return None

    async def _accounts(self, user: UserContext, broker_account_id: str | None) -> list[Account]:
        async with self._database.read() as tx:
            own = await accounts_of_user(tx, user.user_id)
        return [account for account in own if broker_account_id in {None, account.broker_account_id}]

    async def _cancel(self, user: UserContext, root: str, broker_account_id: str | None) -> list[int]:
        """Ask for the cancellation of every working order; return their ids, those of an interrupted call included."""
        working: list[StoredOrder] = []
        accounts = await self._accounts(user, broker_account_id)
        async with self._database.read() as tx:
            for account in accounts:
                working += await open_orders_of_account(tx, account.id)
            before = await keys_with_prefix(tx, user.user_id, f"{root}.c")
            closing = {_sender(group_key(key, 0)) for key in await keys_with_prefix(tx, user.user_id, f"{root}.p")}

        async def cancel(order: StoredOrder) -> None:
            args = models.CancelOrderArgs(IdempotencyKey=f"{root}.c{order.id}", LiveOrderId=order.id)
            # What is refused has ended meanwhile, or its position will say that it works.
            with contextlib.suppress(ServiceError):
                await self._sending.cancel(user, args)

        # Orders of an interrupted call close positions already.
        asked = [order for order in working if _sender(order.send_key) not in closing]
        await asyncio.gather(*map(cancel, asked))
        return sorted({order.id for order in asked} | {int(key.removeprefix(f"{root}.c")) for key in before})

    async def _flatten(
        self, user: UserContext, root: str, broker_account_id: str | None
    ) -> list[models.FlattenedPosition]:
        positions: dict[int, Position] = {}
        accounts = await self._accounts(user, broker_account_id)
        async with self._database.read() as tx:
            # Those that an interrupted call has begun to close may be closed by now.
            keys = await keys_with_prefix(tx, user.user_id, f"{root}.p")
            begun = [int(key.removeprefix(f"{root}.p")) for key in keys]
            positions |= await positions_by_id(tx, user.user_id, begun)
            for account in accounts:
                for position in await open_positions_of_account(tx, user.user_id, account.id):
                    if any(leg.holding.qty != 0 for leg in position.open_legs):
                        positions[position.id] = position
        turns = asyncio.Semaphore(AT_ONCE)

        async def flatten(position: Position) -> models.FlattenedPosition:
            async with turns:
                return await self._flatten_one(user, root, position)

        # All are awaited, whatever becomes of one: nothing goes on when the call has ended.
        outcomes = await asyncio.gather(
            *(flatten(positions[place]) for place in sorted(positions)), return_exceptions=True
        )
        for failure in outcomes:
            if isinstance(failure, BaseException):
                raise failure
        return [position for position in outcomes if isinstance(position, models.FlattenedPosition)]

    async def _flatten_one(self, user: UserContext, root: str, position: Position) -> models.FlattenedPosition:
        key = f"{root}.p{position.id}"
        try:
            await self._wait_for_rest(user, key, position.id)
            answer = await self._liquidation.liquidate(
                user, models.LiquidatePositionArgs(IdempotencyKey=key, PositionId=position.id)
            )
        except ServiceError as error:
            if error.status is models.StatusCode.Timeout:
                raise
            return models.FlattenedPosition(
                PositionId=position.id,
                BrokerAccountId=position.broker_account_id,
                Orders=[],
                Unsent=[],
                Status=error.status,
                Message=error.message,
                Code=None if error.error is None else error.error.Code,
            )
        sent = answer.Data
        return models.FlattenedPosition(
            PositionId=position.id,
            BrokerAccountId=position.broker_account_id,
            ExecPlanId=None if sent is None else sent.ExecPlanId,
            Orders=[] if sent is None else sent.Orders,
            Unsent=[] if sent is None else sent.Unsent,
            Status=models.StatusCode.Success,
            Message=answer.Message if sent is not None and sent.Unsent else None,
        )

    async def _wait_for_rest(self, user: UserContext, key: str, position_id: int) -> None:
        """Wait until no order of the position works: cancelled ones end when their venue says so."""
        begun = self._pace.now()
        while (self._pace.now() - begun).total_seconds() < REST_SECONDS:
            async with self._database.read() as tx:
                if key in await find_records(tx, user.user_id, [key]):
                    return  # its own orders are those that work
                if await open_order_of_position(tx, position_id) is None:
                    return
            await self._pace.sleep(LOOK_SECONDS)


def root_key(key: str) -> str:
    """Return what the keys of all parts of a call begin with: it follows from the call's own."""
    return f"flatten.{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def _sender(key: str | None) -> str:
    """Return what the keys of all orders of one liquidation have in common."""
    return (key or "").rpartition(".")[0]


def _is_complete(position: models.FlattenedPosition) -> bool:
    return position.Status is models.StatusCode.Success and not position.Unsent


def _message(positions: Sequence[models.FlattenedPosition]) -> str | None:
    left = [position for position in positions if not _is_complete(position)]
    if not left:
        return None
    reasons = "; ".join(f"position {position.PositionId}: {position.Message}" for position in left[:10])
    more = f"; and {len(left) - 10} more" if len(left) > 10 else ""
    return f"not everything was closed; entries stay halted ({reasons}{more})"
