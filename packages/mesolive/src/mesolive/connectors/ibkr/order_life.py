"""Order states from TWS' messages: acceptance, refusal, end. Executions are facts, statuses and errors are hints."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog

from mesolive.connectors.ibkr.attempts import Attempt, Attempts
from mesolive.connectors.ibkr.error_codes import Outcome, Phase, outcome_of
from mesolive.connectors.ibkr.fills import FillGatherer
from mesolive.connectors.ibkr.journal import Denied, Finished, Known
from mesolive.connectors.ibkr.order_book import Chain, Order
from mesolive.connectors.ibkr.order_terms import written_price, written_quantity
from mesolive.connectors.ibkr.tws_messages import OrderError, OrderRow, OrderState
from mesolive.connectors.ibkr.venue_state import UNANSWERED, VenueState
from mesolive.market.calendar import settlement_instant
from mesolive.market.trading_hours import trading_hours
from mesolive.venues.base import Accepted, Ended, Ending
from mesolive_sdk.models import TimeInForce

_log = structlog.get_logger(__name__)

WORKING: Final = frozenset({"PreSubmitted", "Submitted", "PendingCancel"})
"""At IB's servers, and able to fill."""

CANCELLED: Final = frozenset({"Cancelled", "ApiCancelled"})
FILLED: Final = "Filled"
NEVER_ARRIVED: Final = "it never arrived at IB"
"""Why an order has ended that no list shows. A dialog of TWS may hold it still."""

INACTIVE: Final = "Inactive"
"""Rejected, or held: it may work again."""


class OrderLife:
    """Applies TWS' messages of orders to the order book, and reports the changes.

    Attributes
    ----------
    order_ids
        Chains by the order ids of this connection.
    doubtful
        Chains of which an error or a status says that something has happened, and the lists what.
    """

    def __init__(self, state: VenueState, attempts: Attempts, fills: FillGatherer) -> None:
        self._state = state
        self._attempts = attempts
        self._fills = fills
        self.order_ids: dict[int, Chain] = {}
        self.doubtful: set[str] = set()
        self.ended_at_tws: dict[str, tuple[str, str]] = {}
        """By the chain's reference: the final status that TWS has reported, and why, until its fills are complete."""

    # --- messages --------------------------------------------------------------------------------------------------

    def chain_of(self, order_ref: str, perm_id: int, order_id: int, client_id: int, account: str = "") -> Chain | None:
        """Return the chain of a message: by our reference, then the permanent id, then the id of this connection."""
        chain = self._state.book.chain_of(order_ref, perm_id, account)
        if chain is None and not order_ref and client_id == self._state.session.client_id:
            chain = self.order_ids.get(order_id)
        return chain

    def open_order(self, row: OrderRow) -> Chain | None:
        """Take an order as it is; return the chain of ours that it is of."""
        chain = self.chain_of(row.order_ref, row.perm_id, row.order_id, row.client_id, row.account)
        if chain is None or row.margins is not None:
            return None
        if row.order_id > 0 and row.client_id == self._state.session.client_id:
            self.order_ids[row.order_id] = chain
            chain.order_id = row.order_id
        if row.perm_id:
            self._shown(chain, row)
            self._status(chain, row.status, row.perm_id, "")
        return chain

    def order_state(self, state: OrderState) -> Chain | None:
        """Take a status; return the chain of ours that it is of."""
        chain = self.chain_of("", state.perm_id, state.order_id, state.client_id)
        if chain is None:
            return None
        if state.perm_id and (not chain.perm_ids or state.perm_id == chain.perm_ids[0]):
            chain.reported_filled = state.filled
        if state.perm_id and len(chain.orders) == 1 and state.status not in {"PendingSubmit", "ApiPending"}:
            self.accept(chain.orders[0], state.perm_id)
        self._status(chain, state.status, state.perm_id, state.why_held)
        return chain

    def executed(self, chain: Chain, perm_id: int) -> None:
        """Take that an order has executions, which proves that it was accepted."""
        if not chain.orders[0].known:
            self.accept(chain.orders[0], perm_id)
        self._fills.gather(chain)
        self.close_filled(chain)

    def error(self, error: OrderError) -> None:
        """Take an error or a warning on an order id."""
        chain = self.order_ids.get(error.order_id)
        if chain is None:
            return
        attempt = self._attempts.of(chain)
        if attempt is not None:
            phase = attempt.phase
        elif chain.current.cancel_wanted:
            phase = Phase.CANCEL
        else:
            phase = Phase.NEW if not chain.current.known else Phase.MODIFY
        outcome = outcome_of(error.code, phase)
        if attempt is None and outcome is not Outcome.CANCELLED and outcome is not Outcome.CONTINUES:
            # Nothing is under way that it could be the answer to.
            outcome = Outcome.REJECTED if phase is Phase.NEW and outcome is Outcome.REJECTED else Outcome.ASK
        _log.info(
            "ibkr_order_error_received",
            reference=chain.current.reference,
            code=error.code,
            phase=phase.value,
            outcome=outcome.value,
            text=error.text,
        )
        self._apply(chain, attempt, outcome, error)

    def _apply(self, chain: Chain, attempt: Attempt | None, outcome: Outcome, error: OrderError) -> None:
        text = f"{error.code}: {error.text}"
        match outcome:
            case Outcome.CONTINUES:
                return
            case Outcome.REJECTED:
                order = attempt.order if attempt is not None else chain.current
                if order.known:  # it was accepted before: the lists say what became of it
                    self.doubtful.add(chain.order_ref)
                else:
                    self.end(order, Ending.REJECTED, text, str(error.code))
            case Outcome.DENIED | Outcome.DENIED_FILLED | Outcome.DENIED_ENDED:
                if attempt is None:
                    self.doubtful.add(chain.order_ref)
                elif attempt.phase is Phase.CANCEL:
                    attempt.denial = (text, error.code)
                    if outcome is not Outcome.DENIED:
                        self.doubtful.add(chain.order_ref)
                else:
                    self.deny(attempt.order, text, str(error.code))
            case Outcome.CANCELLED:
                self.ended_at_tws[chain.order_ref] = ("Cancelled", text)
                self.doubtful.add(chain.order_ref)
            case Outcome.ASK:
                self.doubtful.add(chain.order_ref)
        if attempt is not None:
            attempt.finish()

    # --- what it means -----------------------------------------------------------------------------------------------

    def _shown(self, chain: Chain, row: OrderRow) -> None:
        """Take that TWS shows an order with these terms."""
        first = chain.orders[0]
        if not first.known and (first.ended is None or (first.reason == NEVER_ARRIVED and row.status in WORKING)):
            self.accept(first, row.perm_id)
        pending = chain.pending
        if pending is not None and pending.replaces is not None and self.has_terms(row, pending):
            self.accept(pending, row.perm_id)
        if row.perm_id not in chain.perm_ids:
            order = chain.current
            self._state.record(Known(reference=order.reference, perm_id=row.perm_id, at=self._state.clock.now()))

    def has_terms(self, row: OrderRow, order: Order) -> bool:
        """Whether TWS shows the terms of an order: the total of its chain and its prices."""
        request = order.request
        same_limit = request.limit_price is None or row.limit_price == written_price(request, request.limit_price)
        same_stop = request.stop_price is None or row.stop_price == written_price(request, request.stop_price)
        return row.quantity == written_quantity(request, order.total) and same_limit and same_stop

    def accept(self, order: Order, perm_id: int) -> None:
        """Record that IB's servers have an order, and report it; the replaced order first."""
        if order.known or not perm_id:
            return
        now = self._state.clock.now()
        revived = order.ended is not None
        self._state.solved(f"{UNANSWERED}{order.reference}")
        self._state.record(Known(reference=order.reference, perm_id=perm_id, at=now))
        if revived:
            self._state.problem(
                f"late {order.reference}",
                f"order {order.reference} counted as never arrived, and works at IB under {perm_id}; it is cancelled",
            )
            self.doubtful.add(order.chain.order_ref)
        self._state.report(self.accepted(order))
        attempt = self._attempts.of(order.chain)
        if attempt is not None and attempt.order is order and attempt.phase is not Phase.CANCEL:
            attempt.finish()

    def accepted(self, order: Order) -> Accepted:
        """Return the report that an order was accepted."""
        return Accepted(
            account=order.request.account,
            reference=order.reference,
            venue_id=order.venue_id or "",
            at=order.known_at or self._state.clock.now(),
            session_id=order.chain.order_id,
        )

    def deny(self, order: Order, reason: str, code: str | None) -> None:
        """Take that a modification is not carried out; the order before works on."""
        if order.ended is None and not order.known:
            now = self._state.clock.now()
            self._state.record(Denied(reference=order.reference, at=now, reason=reason, code=code))
            self._state.report(self.ended(order))

    def end(self, order: Order, how: Ending, reason: str, code: str | None = None) -> None:
        """Record that an order has ended without being filled, and report it."""
        if order.ended is not None:
            return
        now = self._state.clock.now()
        if reason != NEVER_ARRIVED:
            self._state.solved(f"{UNANSWERED}{order.reference}")
        self._state.record(Finished(reference=order.reference, how=how, at=now, reason=reason, code=code))
        self._state.report(self.ended(order))
        attempt = self._attempts.of(order.chain)
        if attempt is not None:
            attempt.finish()

    def ended(self, order: Order) -> Ended:
        """Return the report that an order has ended."""
        return Ended(
            account=order.request.account,
            reference=order.reference,
            venue_id=order.venue_id,
            how=order.ended or Ending.CANCELLED,
            at=order.ended_at or self._state.clock.now(),
            reason=order.reason,
            code=order.code,
        )

    def _status(self, chain: Chain, status: str, perm_id: int, reason: str) -> None:
        if len(chain.perm_ids) > 1 and perm_id and perm_id != chain.perm_ids[0] and status in WORKING:
            self._state.problem(
                f"duplicate {chain.order_ref}",
                f"IB works two orders for {chain.order_ref}; the younger one is cancelled",
            )
            self.doubtful.add(chain.order_ref)
            return
        if status in CANCELLED or status == FILLED:
            if len(chain.perm_ids) > 1 and perm_id != chain.perm_ids[0]:
                return  # the duplicate has ended, not the order
            if chain.open:
                known = self.ended_at_tws.get(chain.order_ref, ("", ""))
                self.ended_at_tws[chain.order_ref] = (status, known[1] or reason)
                self.close_filled(chain)
                if chain.open:
                    self.doubtful.add(chain.order_ref)
        elif status == INACTIVE and chain.open:
            self.doubtful.add(chain.order_ref)

    def close_filled(self, chain: Chain) -> None:
        """End what cannot fill any more because the chain is filled whole; let a call that waits continue."""
        last = chain.orders[-1]
        if last.open and chain.filled >= last.total:
            if last.known:
                before = last.request.qty - last.filled
                self.end(last, Ending.CANCELLED, f"{before} were filled by its predecessor")
            elif chain.filled >= chain.current.total:
                # Whether TWS has taken the modification or not: neither terms leave anything to fill.
                self.deny(last, "the order to replace was filled", None)
        if not chain.open:
            self.ended_at_tws.pop(chain.order_ref, None)
            attempt = self._attempts.of(chain)
            if attempt is not None:
                attempt.finish()

    def close_ended(self, chain: Chain) -> None:
        """End a chain that has ended at TWS, once the list of executions was read after that."""
        ended = self.ended_at_tws.get(chain.order_ref)
        if ended is None or not chain.open:
            self.ended_at_tws.pop(chain.order_ref, None)
            return
        status, reason = ended
        if status == FILLED:
            return  # its executions say so: they are still on their way
        del self.ended_at_tws[chain.order_ref]
        for order in chain.orders:
            if order.open:
                how, why = self._how_ended(order, reason)
                if status == INACTIVE:
                    how, why = Ending.REJECTED, reason or "rejected by IB"
                self.end(order, how, why)

    def _how_ended(self, order: Order, reason: str) -> tuple[Ending, str]:
        now = self._state.clock.now()
        if not order.known and order.replaces is not None:
            return Ending.REJECTED, "the order to replace has ended"
        if order.cancel_wanted:
            return Ending.CANCELLED, "cancelled"
        if self.has_expired(order, now):
            return Ending.EXPIRED, "the session has ended"
        return Ending.CANCELLED, reason or "cancelled at the venue"

    def has_expired(self, order: Order, now: datetime) -> bool:
        """Whether the time of an order is over: its day, or one of its contracts."""
        calendar = self._state.calendar
        if order.request.time_in_force is TimeInForce.Day and now >= self._day_ends_at(order):
            return True
        return any(
            now >= settlement_instant(leg.contract.root, leg.contract.day, calendar=calendar)
            for leg in order.request.legs
        )

    def _day_ends_at(self, order: Order) -> datetime:
        """Return from when a day order that is gone has expired: the stocks' close, where it was sent before it."""
        hours = trading_hours(order.request.legs[0].contract.underlying, self._state.calendar)
        _, close = hours.next_order_session(order.at)
        ends = [end for _, end in hours.decision_sessions(hours.local_day(close)) if end > order.at]
        return min([close, *ends])
