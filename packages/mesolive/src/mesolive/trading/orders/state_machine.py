"""Order state machine: a pure function from an order and a report to the order and what follows.

Three rules shape it:

* A report of the venue is never refused. A fill that comes late, after a cancel or even a rejection, happened: it is
booked, and the anomaly is reported to the owner.
* Reports are idempotent. An execution that is known already, an acknowledgement that comes again, change nothing.
* Not knowing is not an end. A timeout, a lost connection or an answer that could not be read make an order *unresolved*
  (in doubt), whatever its state; only evidence from the venue ends it.

Every pair of state and report has a stated outcome; `tests/trading/orders/test_state_machine.py` goes through all.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import assert_never

from msgspec import Struct

from mesolive.records import replace

ZERO = Decimal(0)


class State(enum.Enum):
    """Where an order stands; the names are the wire's `OrderState`."""

    PENDING_SUBMIT = "PendingSubmit"
    SUBMITTED = "Submitted"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    PENDING_CANCEL = "PendingCancel"
    CANCELLED = "Cancelled"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    REPLACED = "Replaced"

    # Members are single objects, and the hash of `Enum` runs in Python.
    __hash__ = object.__hash__

    @property
    def ended(self) -> bool:
        """Whether the order has ended: no further report of the venue is expected."""
        return self in _ENDED


_ENDED = {State.FILLED, State.CANCELLED, State.REJECTED, State.EXPIRED, State.REPLACED}


class OrderView(Struct, frozen=True):
    """An order as the state machine reads it.

    Attributes
    ----------
    qty
        Combos ordered, greater than zero.
    filled
        Combos filled so far.
    executions
        Ids of the executions that are booked.
    venue_id
        The venue's permanent id, once it is known.
    unresolved_since
        Since when the outcome of our last request to the venue is unknown (in doubt); `None` while it is known.
    cancel_wanted
        Whether a cancel was sent and not answered.
    """

    state: State
    qty: Decimal
    filled: Decimal = ZERO
    executions: frozenset[str] = frozenset()
    venue_id: str | None = None
    unresolved_since: datetime | None = None
    cancel_wanted: bool = False

    @property
    def remaining(self) -> Decimal:
        """Combos that are not filled; never below zero."""
        return max(self.qty - self.filled, ZERO)


class Acknowledged(Struct, frozen=True):
    """The venue has the order and works it."""

    venue_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Executed:
    """The venue filled some combos.

    Attributes
    ----------
    execution_id
        The venue's id of the execution; the same id is the same fill.
    qty
        Combos, greater than zero.
    leg_prices
        Price per unit by leg name, commission excluded.
    commissions
        Commission in account currency by leg name, for the whole execution.
    """

    execution_id: str
    qty: Decimal
    leg_prices: Mapping[str, Decimal]
    commissions: Mapping[str, Decimal]
    at: datetime
    venue_id: str | None = None


class CancelSent(Struct, frozen=True):
    """A cancel request was sent to the venue."""

    at: datetime


class Cancelled(Struct, frozen=True):
    """The venue works the order no more."""

    at: datetime


class CancelRefused(Struct, frozen=True):
    """The venue did not cancel: the order was filled, or is unknown to it in that state."""

    reason: str
    at: datetime


class Rejected(Struct, frozen=True):
    """The venue refuses the order."""

    reason: str
    at: datetime
    code: str | None = None


class Expired(Struct, frozen=True):
    """The order's time in force ended."""

    at: datetime


class Replaced(Struct, frozen=True):
    """The venue works another order in its place; earlier fills stay with this order."""

    at: datetime


class ContactLost(Struct, frozen=True):
    """The outcome of our request is unknown: a timeout, a lost connection, an unreadable answer."""

    reason: str
    at: datetime


class NotAtVenue(Struct, frozen=True):
    """A complete answer of the venue shows that it never had the order."""

    at: datetime


class StillWorking(Struct, frozen=True):
    """A poll shows that the venue works the order."""

    venue_id: str
    at: datetime


Report = (
    Acknowledged
    | Executed
    | CancelSent
    | Cancelled
    | CancelRefused
    | Rejected
    | Expired
    | Replaced
    | ContactLost
    | NotAtVenue
    | StillWorking
)


class Outcome(Struct, frozen=True):
    """What a report did.

    Attributes
    ----------
    order
        The order afterwards.
    booked
        The execution to book, when it is new.
    changed
        Whether anything that the owner sees has changed: an event is due.
    anomaly
        The contradiction in the reports, for the owner and the log; `None` without one.
    """

    order: OrderView
    booked: Executed | None = None
    changed: bool = False
    anomaly: str | None = None


def apply(order: OrderView, report: Report) -> Outcome:
    """Return the outcome of a report: the order's new state, and the execution to book."""
    match report:
        case Executed():
            return _executed(order, report)
        case Acknowledged():
            return _at_work(order, report.venue_id)
        case StillWorking():
            return _at_work(order, report.venue_id)
        case CancelSent():
            return _cancel_sent(order)
        case Cancelled():
            return _ends(order, State.CANCELLED)
        case Expired():
            return _ends(order, State.EXPIRED)
        case Replaced():
            return _ends(order, State.REPLACED)
        case CancelRefused():
            return _cancel_refused(order)
        case Rejected():
            return _rejected(order)
        case NotAtVenue():
            return _never_arrived(order)
        case ContactLost():
            return _contact_lost(order, report)
        case _:
            assert_never(report)


def _executed(order: OrderView, report: Executed) -> Outcome:
    if report.execution_id in order.executions:
        return Outcome(order)
    filled = order.filled + report.qty
    anomaly = None
    if filled > order.qty:
        anomaly = f"filled {filled} of {order.qty}: the venue filled more than was ordered"
    elif order.state.ended and order.state is not State.FILLED:
        anomaly = f"filled after it was {order.state.value}"
    if filled >= order.qty:
        state = State.FILLED
    elif order.state.ended or order.state is State.PENDING_CANCEL:
        state = order.state
    else:
        state = State.PARTIALLY_FILLED
    cancel_wanted = order.cancel_wanted and state is not State.FILLED
    known = replace(
        order,
        state=state,
        filled=filled,
        executions=order.executions | {report.execution_id},
        venue_id=order.venue_id or report.venue_id,
        # A fill proves that the order is at the venue, but not whether the venue has received a cancel.
        unresolved_since=order.unresolved_since if cancel_wanted else None,
        cancel_wanted=cancel_wanted,
    )
    return Outcome(known, booked=report, changed=True, anomaly=anomaly)


def _at_work(order: OrderView, venue_id: str) -> Outcome:
    anomaly = None
    if order.venue_id is not None and order.venue_id != venue_id:
        anomaly = f"the venue names it {venue_id}, and named it {order.venue_id} before"
    if order.state.ended:
        # An acknowledgement that arrives after the order's end changes nothing.
        return Outcome(replace(order, venue_id=order.venue_id or venue_id), anomaly=anomaly)
    state = order.state
    if state is State.PENDING_SUBMIT:
        state = State.PARTIALLY_FILLED if order.filled else State.SUBMITTED
    known = replace(order, state=state, venue_id=order.venue_id or venue_id, unresolved_since=None)
    changed = state is not order.state or order.unresolved_since is not None
    return Outcome(known, changed=changed, anomaly=anomaly)


def _cancel_sent(order: OrderView) -> Outcome:
    if order.state.ended or order.cancel_wanted:
        return Outcome(order)
    return Outcome(replace(order, state=State.PENDING_CANCEL, cancel_wanted=True), changed=True)


def _ends(order: OrderView, state: State) -> Outcome:
    settled = replace(order, unresolved_since=None, cancel_wanted=False)
    if order.state is state:
        return Outcome(settled)
    if order.state is State.FILLED:
        return Outcome(settled, anomaly=f"{state.value} after it was filled")
    if order.state.ended:
        return Outcome(settled, anomaly=f"{state.value} after it was {order.state.value}")
    return Outcome(replace(settled, state=state), changed=True)


def _cancel_refused(order: OrderView) -> Outcome:
    if order.state is not State.PENDING_CANCEL:
        return Outcome(replace(order, cancel_wanted=False))
    state = State.PARTIALLY_FILLED if order.filled else State.SUBMITTED
    return Outcome(replace(order, state=state, cancel_wanted=False, unresolved_since=None), changed=True)


def _rejected(order: OrderView) -> Outcome:
    settled = replace(order, unresolved_since=None, cancel_wanted=False)
    if order.state is State.REJECTED:
        return Outcome(settled)
    if order.state.ended:
        return Outcome(settled, anomaly=f"Rejected after it was {order.state.value}")
    if order.filled:
        # Rejected after a partial fill: the fills stay, the remainder is cancelled.
        return Outcome(
            replace(settled, state=State.CANCELLED), changed=True, anomaly="rejected after it was filled in part"
        )
    return Outcome(replace(settled, state=State.REJECTED), changed=True)


def _never_arrived(order: OrderView) -> Outcome:
    if order.state.ended:
        return Outcome(replace(order, unresolved_since=None))
    anomaly = None
    if order.filled or order.venue_id is not None:
        # It was accepted once. An order that the venue has forgotten may still fill: the owner must look.
        anomaly = "the venue does not know an order that it had acknowledged"
        if not order.cancel_wanted:
            return Outcome(order, anomaly=anomaly)
        # The owner cancelled it; were it not ended here, its position would stay blocked.
    settled = replace(order, unresolved_since=None, cancel_wanted=False)
    ended = State.CANCELLED if order.cancel_wanted else State.REJECTED
    return Outcome(replace(settled, state=ended), changed=True, anomaly=anomaly)


def _contact_lost(order: OrderView, report: ContactLost) -> Outcome:
    if order.state.ended or order.unresolved_since is not None:
        return Outcome(order)
    return Outcome(replace(order, unresolved_since=report.at), changed=True)
