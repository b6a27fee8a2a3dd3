"""Halts of users: the Control Hub's kill switch, and the open orders that a halt cancels."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select

from mesolive.access.context import UserContext
from mesolive.access.sessions import Sessions
from mesolive.clock import Clock
from mesolive.errors import not_found
from mesolive.journal.journal import Journal
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.store.tables.trading import accounts, halts
from mesolive.trading.audit import AuditEntry, audit
from mesolive.trading.execution.halts import Halt, halt_reason, noted_halts
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.orders.open_orders import entry_plans
from mesolive.trading.orders.repository import StoredOrder, open_orders_of_account
from mesolive.trading.portfolio.accounts import Account
from mesolive_sdk import models
from mesolive_sdk.models import HaltScope

MAX_HALTS_SHOWN = 500
"""How many halts one list holds: the oldest."""


class Halts:
    """Halts of the Control Hub: a user lists those that concern them, and makes and lifts their own.

    Parameters
    ----------
    database, journal, idempotency, clock
        Where halts are stored, announced, deduplicated and timed.
    sessions
        Ask a browser for a recent sign-in before orders of real money may leave again.
    """

    def __init__(
        self, database: Database, journal: Journal, idempotency: Idempotency, clock: Clock, sessions: Sessions
    ) -> None:
        self._database = database
        self._journal = journal
        self._idempotency = idempotency
        self._clock = clock
        self._sessions = sessions

    async def halt(
        self, user: UserContext, args: models.HaltTradingArgs
    ) -> models.MesoLiveApiResponse[models.ListHaltsResult]:
        """Halt one account of the user or all of theirs; open orders are cancelled by the reconciliation.

        Raises
        ------
        ServiceError
            `NotFound` for an account that the user does not have.
        """

        async def action(tx: WriteTransaction) -> models.ListHaltsResult:
            now = self._clock.now()
            account_id = await _own_account(tx, user, args.BrokerAccountId)
            await tx.execute(
                halts.insert().values(
                    account_id=account_id,
                    user_id=user.user_id,
                    reason=args.Reason,
                    created_at=now,
                    scope=args.Scope.value,
                )
            )
            await self._announce(tx, user, args.BrokerAccountId, args.Scope, args.Reason, halted=True)
            detail = {"scope": args.Scope.value, "reason": args.Reason}
            entry = AuditEntry(
                user.user_id, account_id, None, now, user.key_id, "HaltTrading", args.IdempotencyKey, detail
            )
            await audit(tx, [entry])
            return models.ListHaltsResult(Halts=await self.in_force(tx, user))

        operation = models.IdempotencyOperation.HaltTrading
        return await self._idempotency.run(user, args.IdempotencyKey, operation, args, action)

    async def resume(
        self, user: UserContext, args: models.ResumeTradingArgs
    ) -> models.MesoLiveApiResponse[models.ResumeTradingResult]:
        """Lift the user's own halts of one account, or all of them.

        Raises
        ------
        ServiceError
            `NotFound` for an account that the user does not have; `Forbidden` for a browser whose sign-in is not
            recent, where orders of real money could leave again.
        """
        await self.require_recent_sign_in_for_live(user, args.BrokerAccountId)

        async def action(tx: WriteTransaction) -> models.ResumeTradingResult:
            now = self._clock.now()
            account_id = await _own_account(tx, user, args.BrokerAccountId)
            own = [halts.c.lifted_at.is_(None), halts.c.user_id == user.user_id]
            if args.BrokerAccountId is not None:
                own.append(halts.c.account_id == account_id)
            rows = await tx.all(
                select(halts.c.id, halts.c.reason, halts.c.scope, accounts.c.broker_account_id)
                .outerjoin(accounts, accounts.c.id == halts.c.account_id)
                .where(*own)
                .order_by(halts.c.id)
            )
            await tx.execute(halts.update().where(*own).values(lifted_at=now))
            for row in rows:
                scope = HaltScope(row.scope or HaltScope.All)
                await self._announce(tx, user, row.broker_account_id, scope, row.reason, halted=False)
            detail = {"lifted": len(rows)}
            await audit(
                tx,
                [
                    AuditEntry(
                        user.user_id, account_id, None, now, user.key_id, "ResumeTrading", args.IdempotencyKey, detail
                    )
                ],
            )
            return models.ResumeTradingResult(Lifted=len(rows), Halts=await self.in_force(tx, user))

        operation = models.IdempotencyOperation.ResumeTrading
        return await self._idempotency.run(user, args.IdempotencyKey, operation, args, action)

    async def require_recent_sign_in_for_live(self, user: UserContext, broker_account_id: str | None) -> None:
        """Refuse a browser whose sign-in is not recent where orders of real money may leave: `Forbidden`."""
        if await self._has_live_accounts(user, broker_account_id):
            await self._sessions.require_recent_sign_in(user)

    async def _announce(
        self,
        tx: WriteTransaction,
        user: UserContext,
        broker_account_id: str | None,
        scope: HaltScope,
        reason: str,
        *,
        halted: bool,
    ) -> None:
        event = models.HaltChangeEvent(
            EventTime=UNSTAMPED, BrokerAccountId=broker_account_id, Scope=scope, Halted=halted, Reason=reason
        )
        await self._journal.append(tx, user.user_id, [event])

    async def _has_live_accounts(self, user: UserContext, broker_account_id: str | None) -> bool:
        query = select(accounts.c.id).where(
            accounts.c.user_id == user.user_id,
            accounts.c.broker_type.not_in([models.BrokerType.MesoLive.value, models.BrokerType.Simulated.value]),
        )
        if broker_account_id is not None:
            query = query.where(accounts.c.broker_account_id == broker_account_id)
        async with self._database.read() as tx:
            return await tx.first(query.limit(1)) is not None

    async def list(self, user: UserContext, args: models.ListHaltsArgs) -> models.ListHaltsResult:  # noqa: ARG002 - the method's model has no fields
        """Return the halts that stand for all accounts and for the user's own, oldest first."""
        async with self._database.read() as tx:
            return models.ListHaltsResult(Halts=await self.in_force(tx, user))

    async def in_force(self, tx: Transaction, user: UserContext) -> list[models.TradingHalt]:
        """Return the halts that stand for all accounts and for the user's own, oldest first, within a read."""
        query = (
            select(halts.c.reason, halts.c.created_at, halts.c.scope, halts.c.user_id, accounts.c.broker_account_id)
            .outerjoin(accounts, accounts.c.id == halts.c.account_id)
            .where(halts.c.lifted_at.is_(None))
            .where(or_(halts.c.account_id.is_(None), accounts.c.user_id == user.user_id))
            .where(or_(halts.c.user_id.is_(None), halts.c.user_id == user.user_id))
            .order_by(halts.c.id)
            .limit(MAX_HALTS_SHOWN)
        )
        rows = await tx.all(query)
        own = {
            row.broker_account_id
            for row in await tx.all(select(accounts.c.broker_account_id).where(accounts.c.user_id == user.user_id))
        }
        result = [
            models.TradingHalt(
                BrokerAccountId=row.broker_account_id,
                Reason=row.reason,
                CreatedAt=row.created_at,
                Scope=HaltScope(row.scope or HaltScope.All),
                ByOperator=row.user_id is None,
            )
            for row in rows
        ]
        result += [
            models.TradingHalt(
                BrokerAccountId=note.broker_account_id, Reason=note.reason, CreatedAt=note.created_at, ByOperator=True
            )
            for note in noted_halts(self._database)
            if note.broker_account_id is None or note.broker_account_id in own
        ]
        return result[:MAX_HALTS_SHOWN]


async def _own_account(tx: Transaction, user: UserContext, broker_account_id: str | None) -> int | None:
    if broker_account_id is None:
        return None
    account_id: int | None = await tx.scalar(
        select(accounts.c.id).where(
            accounts.c.user_id == user.user_id, accounts.c.broker_account_id == broker_account_id
        )
    )
    if account_id is None:
        raise not_found(f"account {broker_account_id!r}")
    return account_id


async def halted_orders(tx: Transaction, active: Sequence[Halt], account: Account) -> Sequence[StoredOrder]:
    """Return the open orders of an account that its halts cancel: all, or those of entries alone."""
    working = await open_orders_of_account(tx, account.id)
    if halt_reason(active, account) is not None:
        return working
    plans = await entry_plans(tx, [order.plan_id for order in working])
    return [order for order in working if order.plan_id in plans]
