"""Send permits: the last check between the commit of an order and its submission to the venue.

A process may be paused between both, for minutes: a virtual machine that moves, a swapped-out process, SIGSTOP. On
PostgreSQL another server can take the database over meanwhile, judge that the order never reached the venue, and let
its group be sent again. Were the first process to go on where it stopped, the venue would have two orders.

Each server that starts takes the next *epoch*. A permit is a transaction that marks the order with the epoch, and only
if the epoch is still the newest, the order has neither been resolved nor permitted before, and no halt is in force. It
is used once: an order with a permit may be at the venue, and only the venue's lists resolve it. An order without a
permit whose epoch is over was never sent, and that is certain at once.

The transaction holds the user's write lock. A halt and a new epoch are written under the write lock of all users, so
once either is committed, no permit that does not see it can follow.

A venue may have slow steps of its own before it writes the order: a look-up, a preview of margin, a rate limit. So it
gets a `PermitCheck` with the order, and awaits it before each write.

On SQLite the operating system's file lock belongs to the process, and no other process takes over while it lives: no
permit is stored, and an order that waited too long is checked against the halts again or not sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum

from msgspec import Struct
from sqlalchemy import bindparam, delete, insert, select

from mesolive.clock import boot_time
from mesolive.store.database import NOT_STORED, Database, Transaction, WriteTransaction
from mesolive.store.tables.server import server_state
from mesolive.trading.execution.group_commit import GroupCommit
from mesolive.trading.execution.halts import active_halts, halt_reason, noted_halts
from mesolive.trading.orders.repository import StoredOrder, permit_orders, unsent_orders
from mesolive.trading.orders.state_machine import State
from mesolive.trading.portfolio.accounts import Account

LOOK_SECONDS = 0.1
"""For how long a look at halts and epoch stands at the write: longer, and a step of the venue was a slow one."""

EPOCH = "send_epoch"
"""Name of the row of server state that holds the newest epoch."""

_EPOCH = select(server_state.c.value).where(server_state.c.name == EPOCH)
_FORGET = delete(server_state).where(server_state.c.name == EPOCH)
_STORE = insert(server_state).values(name=EPOCH, value=bindparam("epoch"), noted_at=bindparam("at"))


class SendLimits(Struct, frozen=True):
    """Limits of the time in which an order is sent, in seconds.

    Attributes
    ----------
    send_within
        After its admission. The market of a later moment is another one.
    permit
        For how long a permit, or on SQLite the admission itself, stands without another look.
    """

    send_within: float = 5.0
    permit: float = 1.0


LIMITS = SendLimits()
"""Those of every server; tests of something else have longer ones, for their machine may stand still for seconds."""


class Denial(Enum):
    """Why an order is not sent."""

    LATE = "late"
    HALTED = "halted"
    TAKEN_OVER = "taken over"
    RESOLVED = "resolved"
    STALE_PERMIT = "stale permit"


class Denied(Struct, frozen=True):
    """An order must not be sent.

    Attributes
    ----------
    why
        `LATE` and `HALTED`: it was not sent and never will be. `TAKEN_OVER` and `RESOLVED`: another server decides
        about it, and nothing may be booked here. `STALE_PERMIT`: the process was paused after the permit; the order
        was not sent, but other servers can no longer know that.
    text
        The reason for people.
    """

    why: Denial
    text: str


class _Asked(Struct, frozen=True):
    """A request for a permit; `admitted` is the boot time of the order's admission."""

    order: StoredOrder
    account: Account
    admitted: float


class PermitCheck:
    """Says whether a permitted order may still be written; the `mesolive.venues.base.SendCheck` of one order.

    Attributes
    ----------
    cancelled
        Whether a cancel of the order has been asked for.
    """

    def __init__(self, permits: SendPermits, account: Account, admitted: float) -> None:
        self._permits = permits
        self._account = account
        self._admitted = admitted
        self._looked_at = boot_time()
        self._over: str | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """Take that the order's cancel was asked for: what is not written yet is not written any more."""
        self.cancelled = True

    def end(self, reason: str) -> None:
        """Record that no caller waits for the answer any more."""
        self._over = reason

    async def __call__(self) -> str | None:
        """Return why the order must not be written any more, or `None`: it may be, at once."""
        if (reason := self._at_once()) is not None or boot_time() - self._looked_at <= LOOK_SECONDS:
            return reason
        looked_at = boot_time()
        try:
            reason = await self._permits.why_withdrawn(self._account)
        except NOT_STORED as error:
            reason = f"the halts could not be read: {error}"
        self._looked_at = looked_at
        # The look took its time, and the cancel may have come meanwhile.
        return reason or self._at_once()

    def _at_once(self) -> str | None:
        if self.cancelled:
            return "it was cancelled before it was sent"
        if self._over is not None:
            return self._over
        waited = boot_time() - self._admitted
        if waited > self._permits.limits.send_within:
            return self._permits.late(waited).text
        return self._permits.noted_halt(self._account)


class SendPermits:
    """Gives each order at most one permit to be sent.

    Parameters
    ----------
    database
        Whose `exclusive` decides whether permits are stored.

    Attributes
    ----------
    limits
        How soon an order must be sent.
    """

    def __init__(self, database: Database, limits: SendLimits = LIMITS) -> None:
        self._database = database
        self.limits = limits
        self._epoch = 0
        self._batches: GroupCommit[_Asked, Denied | None] = GroupCommit(self._commit, "orders to permit")

    @property
    def epoch(self) -> int:
        """The epoch of this server; 0 before `begin_epoch`."""
        return self._epoch

    async def begin_epoch(self) -> int:
        """Take the next epoch, which ends that of every server before; return it."""
        async with self._database.write() as tx:
            self._epoch = await newest_epoch(tx) + 1
            await tx.execute(_FORGET)
            await tx.execute(_STORE, {"epoch": str(self._epoch), "at": datetime.now(UTC)})
        return self._epoch

    def send_by(self) -> datetime:
        """Return until when an order that is admitted now may be sent, in real time."""
        return datetime.now(UTC) + timedelta(seconds=self.limits.send_within)

    def never_sent(self, order: StoredOrder) -> bool:
        """Whether it is certain that no server has sent an order, and that none will.

        That is so when it has no permit, and the epoch of the server that stored it is over: `request` refuses that
        server's orders from then on.
        """
        if self._database.exclusive or order.view.state is not State.PENDING_SUBMIT or order.view.venue_id is not None:
            return False  # without permits their lack says nothing
        return order.permit_epoch is None and order.sender_epoch is not None and order.sender_epoch < self._epoch

    def sent_by_other(self, order: StoredOrder) -> bool:
        """Whether a server before this one was permitted to send an order: it may be doing so even now."""
        return not self._database.exclusive and order.permit_epoch is not None and order.permit_epoch < self._epoch

    def is_of_successor(self, order: StoredOrder) -> bool:
        """Whether a server after this one stored an order."""
        return order.sender_epoch is not None and order.sender_epoch > self._epoch

    async def request(self, order: StoredOrder, account: Account, admitted: float) -> Denied | None:
        """Ask whether an order may be sent now; `None` means it may, once.

        Parameters
        ----------
        admitted
            `boot_time` of the order's admission, before its commit.

        Raises
        ------
        ServiceError, DBAPIError, OSError
            When the permit could not be stored: the order must not be sent.
        """
        if self._database.exclusive:
            return await self._look_again(account, admitted)
        asked_at = boot_time()
        denied = await self._batches.submit_and_wait(_Asked(order, account, admitted))
        if denied is None and boot_time() - asked_at > self.limits.permit:
            return Denied(Denial.STALE_PERMIT, "the server was paused between the permit and the submission")
        return denied

    def check(self, account: Account, admitted: float) -> PermitCheck:
        """Return the check that a venue awaits before it writes an order which `request` has just permitted."""
        return PermitCheck(self, account, admitted)

    def noted_halt(self, account: Account) -> str | None:
        """Return the reason of a halt of an account that is in force and not stored yet, or `None`."""
        return halt_reason(noted_halts(self._database), account)

    def late(self, waited: float) -> Denied:
        """Return that an order has waited for so many seconds, which is too long."""
        limit = f"it was not sent within {self.limits.send_within:g} s of its admission"
        return Denied(Denial.LATE, f"{limit} ({waited:.1f} s passed): not sent")

    async def why_withdrawn(self, account: Account) -> str | None:
        """Return why an order that was permitted must not be written any more: a halt, or a newer epoch."""
        async with self._database.read() as tx:
            halts = await active_halts(tx)
            newest = self._epoch if self._database.exclusive else await newest_epoch(tx)
        if newest != self._epoch:
            return f"another server has the database since epoch {newest}"
        return halt_reason(halts, account)

    async def _look_again(self, account: Account, admitted: float) -> Denied | None:
        """Check what may have changed while an order of the database's only process waited."""
        waited = boot_time() - admitted
        if waited > self.limits.send_within:
            return self.late(waited)
        halts = noted_halts(self._database)
        if waited > self.limits.permit:
            async with self._database.read() as tx:
                halts += await active_halts(tx)
        reason = halt_reason(halts, account)
        return None if reason is None else Denied(Denial.HALTED, reason)

    async def _commit(self, batch: Sequence[_Asked]) -> Sequence[Denied | BaseException | None]:
        results: dict[int, Denied | BaseException | None] = {}
        places_by_user: dict[int, list[int]] = {}
        for place, asked in enumerate(batch):
            places_by_user.setdefault(asked.order.user_id, []).append(place)
        for user_id, places in places_by_user.items():
            given: Sequence[Denied | BaseException | None]
            try:
                async with self._database.write(user_id) as tx:
                    given = await self._give(tx, [batch[place] for place in places])
            except Exception as error:  # noqa: BLE001 - every order of the transaction gets it, and is not sent
                given = [error] * len(places)
            results |= dict(zip(places, given, strict=True))
        return [results[place] for place in range(len(batch))]

    async def _give(self, tx: WriteTransaction, batch: Sequence[_Asked]) -> list[Denied | None]:
        newest = await newest_epoch(tx)
        if newest != self._epoch:
            text = f"another server has the database since epoch {newest}; this one is of epoch {self._epoch}"
            return [Denied(Denial.TAKEN_OVER, text)] * len(batch)
        unsent = await unsent_orders(tx, [asked.order.id for asked in batch])
        halts = [*noted_halts(self._database), *await active_halts(tx)]
        now = boot_time()
        answers: list[Denied | None] = []
        permitted: list[int] = []
        for asked in batch:
            reason = halt_reason(halts, asked.account)
            waited = now - asked.admitted
            if asked.order.id not in unsent:
                answers.append(Denied(Denial.RESOLVED, "it was resolved, or permitted, before"))
            elif reason is not None:
                answers.append(Denied(Denial.HALTED, reason))
            elif waited > self.limits.send_within:
                answers.append(self.late(waited))
            else:
                unsent.discard(asked.order.id)  # the same order twice in a batch gets one permit
                permitted.append(asked.order.id)
                answers.append(None)
        await permit_orders(tx, permitted, self._epoch, datetime.now(UTC))
        return answers


async def newest_epoch(tx: Transaction) -> int:
    """Return the epoch of the server that took the database last; 0 when none has."""
    value: str | None = await tx.scalar(_EPOCH)
    return 0 if value is None else int(value)
