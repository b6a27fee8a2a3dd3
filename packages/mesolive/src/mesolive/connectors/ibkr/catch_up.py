"""Catch-up with TWS: its lists of open orders, ended orders and executions, compared with the order book.

It runs after every connection, at the end of every outage, for every poll of the server, and whenever a message leaves
in doubt what became of an order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog

from mesolive.connectors.ibkr.attempts import Attempts
from mesolive.connectors.ibkr.execution_reader import ExecutionReader
from mesolive.connectors.ibkr.fills import FillGatherer
from mesolive.connectors.ibkr.order_book import Chain
from mesolive.connectors.ibkr.order_life import CANCELLED, FILLED, INACTIVE, NEVER_ARRIVED, WORKING, OrderLife
from mesolive.connectors.ibkr.order_terms import written_quantity
from mesolive.connectors.ibkr.pacing import NotSentError
from mesolive.connectors.ibkr.session_errors import TwsError
from mesolive.connectors.ibkr.tws_messages import OrderRow
from mesolive.connectors.ibkr.venue_state import VenueState
from mesolive.tasks import Turns
from mesolive.venues.base import Ending, OrderStatus, VenueOrder

_log = structlog.get_logger(__name__)

ARRIVAL: Final = timedelta(seconds=60)
"""For how long the lists of a healthy connection must lack an order before it counts as never arrived."""

UNCHANGED: Final = timedelta(seconds=10)
"""For how long the list must show the old terms before a modification counts as never arrived."""

DOUBT_SECONDS: Final = 1.0
"""Between two catch-ups while something is in doubt."""

FOREIGN_STATUS: Final = {
    **dict.fromkeys(WORKING, OrderStatus.WORKING),
    **dict.fromkeys(CANCELLED, OrderStatus.CANCELLED),
    FILLED: OrderStatus.FILLED,
    INACTIVE: OrderStatus.REJECTED,
}


class CatchUp:
    """Reads TWS' lists, and judges every order by them.

    Attributes
    ----------
    foreign
        Orders that are not ours, as the last lists have them, by permanent id.
    """

    def __init__(
        self,
        state: VenueState,
        life: OrderLife,
        fills: FillGatherer,
        attempts: Attempts,
        executions: ExecutionReader,
    ) -> None:
        self._state = state
        self._life = life
        self._fills = fills
        self._attempts = attempts
        self._executions = executions
        self._lock = asyncio.Lock()
        self._lacking: dict[str, datetime] = {}
        self._differing: dict[str, datetime] = {}
        self._woken = asyncio.Event()
        self.foreign: dict[int, VenueOrder] = {}

    async def refresh(self) -> None:
        """Read the lists that were made after this call, and judge by them.

        Raises
        ------
        TwsError
            When a list has no whole answer.
        """
        async with self._lock:
            session = self._state.session
            asked_at = self._state.clock.now()
            open_rows = await session.open_orders()
            completed = await session.completed_orders()
            # Executions last: of an order that the other lists show as ended, all of them are in this one.
            await self._executions.read()
            self._judge(open_rows, completed, asked_at)

    async def read_executions(self) -> None:
        """Read the list of executions alone; its rows come to the order book as all executions do."""
        await self._executions.read()

    def wake(self) -> None:
        """Catch up soon: something is in doubt."""
        self._woken.set()

    def connection_lost(self) -> None:
        """Restart the count of how long the lists lack an order: only a healthy connection counts."""
        self._lacking.clear()

    async def run(self, turns: Turns) -> None:
        """Catch up whenever something is in doubt, until nothing is."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            turns.turned()
            while self._state.session.state.sendable and (self._life.doubtful or self._lacking):
                self._life.doubtful.clear()
                try:
                    await self.refresh()
                except TwsError as error:
                    _log.info("ibkr_catch_up_failed", reason=str(error))
                await self._state.timer.sleep(DOUBT_SECONDS)
                turns.turned()

    # --- judging -----------------------------------------------------------------------------------------------------

    def _judge(self, open_rows: Sequence[OrderRow], completed: Sequence[OrderRow], asked_at: datetime) -> None:
        book = self._state.book
        working: dict[str, list[OrderRow]] = {}
        for row in open_rows:
            chain = self._life.chain_of(row.order_ref, row.perm_id, row.order_id, row.client_id, row.account)
            if chain is not None:
                working.setdefault(chain.order_ref, []).append(row)
        for row in completed:
            chain = book.chain_of(row.order_ref, row.perm_id, row.account)
            if chain is not None:
                self._completed(chain, row)
        for chain in list(book.chains.values()):
            rows = working.get(chain.order_ref, [])
            if chain.account not in self._state.session.accounts:
                continue  # TWS is logged in as another user: that its lists lack the order is no evidence
            chain.listed = bool(rows)
            self._cancel_surplus(chain, rows)
            if not chain.open:
                self._lacking.pop(chain.order_ref, None)
                self._differing.pop(chain.order_ref, None)
                self._state.solved(f"missed {chain.order_ref}")
                self._state.solved(f"terms {chain.order_ref}")
                continue
            if chain.rows:
                self._life.executed(chain, next(iter(chain.rows.values())).perm_id)
            if self._fills.waits_for(chain):
                self._life.doubtful.add(chain.order_ref)
                continue
            if self._has_unread_fills(chain):
                self._judge_unread(chain)
                continue
            self._life.close_ended(chain)
            if chain.open and self._attempts.of(chain) is None:
                self._judge_open(chain, rows, asked_at)
        self._foreign(open_rows, completed)
        if self._life.doubtful or self._lacking:
            self.wake()

    def _completed(self, chain: Chain, row: OrderRow) -> None:
        """Take an order of the list of ended ones."""
        if not chain.open or (chain.perm_ids and row.perm_id != chain.perm_ids[0]):
            return
        first = chain.orders[0]
        if row.status == INACTIVE:
            # A part may be filled, and wait for its commission: the end is reported behind it.
            self._life.ended_at_tws[chain.order_ref] = (INACTIVE, row.completed_status)
            return
        if not first.known:
            self._life.accept(first, row.perm_id)
        if row.filled is not None:
            chain.reported_filled = max(row.filled, chain.reported_filled or row.filled)
        pending = chain.pending
        if pending is not None and self._life.has_terms(row, pending):
            self._life.accept(pending, row.perm_id)
        known = self._life.ended_at_tws.get(chain.order_ref)
        if known is None:
            self._life.ended_at_tws[chain.order_ref] = (row.status, row.completed_status)

    def _judge_open(self, chain: Chain, rows: Sequence[OrderRow], asked_at: datetime) -> None:
        key = chain.order_ref
        now = self._state.timer.now()
        pending = chain.pending
        if rows and (pending is None or pending.replaces is None):
            self._lacking.pop(key, None)
            self._accounted(chain)
            self._compare_terms(chain, rows, asked_at)
            return
        if not rows and chain.unaccounted:
            self._unaccounted(chain)  # until a person has decided; asking TWS again and again tells nothing
            return
        if chain.orders[-1].at > asked_at:
            return  # sent after the lists were made
        lacking = now - self._lacking.setdefault(key, now)
        if key in self._life.ended_at_tws:  # filled, and its executions are on their way
            if lacking >= ARRIVAL:
                self._state.problem(
                    f"executions of {key}",
                    f"IB calls order {chain.current.reference} filled and does not list its executions; compare the "
                    "account's executions in TWS with the books",
                )
                self._lacking.pop(key, None)
            return
        if rows and pending is not None:
            if lacking >= UNCHANGED:
                self._life.deny(pending, "IB did not receive the modification", None)
                self._lacking.pop(key, None)
            return
        if chain.missed is not None and not self._life.has_expired(chain.current, chain.missed.since):
            # It could fill in the gap, and TWS does not list it any more whether it did.
            if lacking >= ARRIVAL:
                self._unaccounted(chain)
            return
        if self._life.has_expired(chain.current, self._state.clock.now()) and chain.current.known:
            self._end_all(chain, Ending.EXPIRED, "the session has ended")
        elif lacking >= ARRIVAL:
            if chain.current.known:
                self._end_all(chain, Ending.CANCELLED, "IB lists it no more, and does not say how it ended")
            else:
                self._end_all(chain, Ending.REJECTED, NEVER_ARRIVED)
        if not chain.open:
            self._lacking.pop(key, None)

    def _has_unread_fills(self, chain: Chain) -> bool:
        """Whether TWS says that more of an order was filled than the executions that were read after a gap."""
        if chain.missed is None or chain.reported_filled is None:
            return False
        return chain.reported_filled > written_quantity(chain.orders[0].request, chain.filled)

    def _judge_unread(self, chain: Chain) -> None:
        now = self._state.timer.now()
        if chain.unaccounted or now - self._lacking.setdefault(chain.order_ref, now) >= ARRIVAL:
            self._unaccounted(chain)

    def _unaccounted(self, chain: Chain) -> None:
        """Raise an alarm: the outcome of an order was in a list that TWS no longer has."""
        gap = chain.missed
        if gap is None:
            return
        chain.unaccounted = True
        self._lacking.pop(chain.order_ref, None)
        zone = self._executions.zone
        self._state.problem(
            f"missed {chain.order_ref}",
            f"it is not known whether order {chain.current.reference} was filled: the executions of account "
            f"{chain.account} from {gap.since.astimezone(zone):%Y-%m-%d %H:%M} to "
            f"{gap.until.astimezone(zone):%Y-%m-%d %H:%M} ({zone}) were not read, and TWS lists them no more. Compare "
            "the trades of that day in the account's statement with the books, then cancel the order here",
        )

    def _accounted(self, chain: Chain) -> None:
        """Take that an order works at IB, and that no fill of it is missing."""
        if chain.missed is not None and chain.reported_filled is not None:
            chain.missed, chain.unaccounted = None, False
            self._state.solved(f"missed {chain.order_ref}")

    def _compare_terms(self, chain: Chain, rows: Sequence[OrderRow], asked_at: datetime) -> None:
        """Report that IB works an order with other terms than ours: a modification that it showed and then refused."""
        order, now, key = chain.current, self._state.timer.now(), f"terms {chain.order_ref}"
        first = next((row for row in rows if chain.perm_ids and row.perm_id == chain.perm_ids[0]), None)
        if first is None or order.at > asked_at or self._life.has_terms(first, order):
            self._differing.pop(chain.order_ref, None)
            self._state.solved(key)
        elif now - self._differing.setdefault(chain.order_ref, now) < UNCHANGED:
            self._life.doubtful.add(chain.order_ref)
        else:
            self._state.problem(
                key,
                f"IB works order {order.reference} with a quantity of {first.quantity} and a limit of "
                f"{first.limit_price}, and not as it was sent ({order.total} at {order.request.limit_price}): a "
                "modification was refused, or another program has changed it. Cancel it here, and send another",
            )

    def _end_all(self, chain: Chain, how: Ending, reason: str) -> None:
        for order in chain.orders:
            if order.open:
                self._life.end(order, how, reason)

    def _cancel_surplus(self, chain: Chain, rows: Sequence[OrderRow]) -> None:
        """Cancel what works at IB besides an order of ours, or after we have called it ended."""
        for row in rows:
            surplus = len(chain.perm_ids) > 1 and row.perm_id != chain.perm_ids[0]
            if not surplus and not (self._called_ended(chain) and row.status in WORKING):
                continue
            if row.client_id == self._state.session.client_id and row.order_id > 0 and row.status != "PendingCancel":
                self._state.tasks.spawn("ibkr cancel", self._cancel(row.order_id))
                self._life.doubtful.add(chain.order_ref)

    def _called_ended(self, chain: Chain) -> bool:
        """Whether no order of a chain works by our book, though it was not filled."""
        return not chain.open and any(order.ended in {Ending.REJECTED, Ending.CANCELLED} for order in chain.orders)

    async def _cancel(self, order_id: int) -> None:
        try:
            await self._state.session.cancel_order(order_id)
        except (NotSentError, TwsError) as error:
            _log.warning("ibkr_cancel_not_sent", order_id=order_id, reason=str(error))

    # --- orders that are not ours ------------------------------------------------------------------------------------

    def _foreign(self, open_rows: Sequence[OrderRow], completed: Sequence[OrderRow]) -> None:
        """Take orders by hand and of other clients: as the latest lists have them, and those that ended before."""
        listed: dict[int, VenueOrder] = {}
        for row in (*open_rows, *completed):
            ours = self._life.chain_of(row.order_ref, row.perm_id, row.order_id, row.client_id, row.account)
            status = FOREIGN_STATUS.get(row.status)
            if ours is not None or status is None or not row.perm_id:
                continue
            known = self.foreign.get(row.perm_id)
            is_of_client = row.client_id == self._state.session.client_id and bool(row.order_ref)
            # The list of ended orders does not say whose client they were of.
            is_of_client = is_of_client or (known is not None and known.reference == row.order_ref)
            filled = row.filled or self._filled(row.perm_id)
            listed[row.perm_id] = VenueOrder(
                account=row.account,
                reference=row.order_ref if is_of_client else None,
                venue_id=f"{row.perm_id}.0",
                status=status,
                qty=row.quantity or filled,
                filled=filled,
                at=known.at if known is not None and known.status is status else self._state.clock.now(),
                reason=row.completed_status,
            )
        ended = {perm_id: order for perm_id, order in self.foreign.items() if order.status is not OrderStatus.WORKING}
        self.foreign = {**ended, **listed}

    def _filled(self, perm_id: int) -> Decimal:
        rows = [row for row in self._state.book.others.values() if row.perm_id == perm_id]
        combos = [row for row in rows if row.is_combo]
        return sum((row.shares for row in combos or rows), Decimal(0))
