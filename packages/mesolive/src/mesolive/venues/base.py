"""The execution venue protocol: order calls, queries and reports, and their value types.

A venue call returns reports and raises only when its outcome is unknown: `VenueUnreachableError` is never a rejection.
Reports identify an order by the client order id (`reference`) and by the venue's permanent id.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol, runtime_checkable

import msgspec

from mesolive.market.contracts import OptionContract
from mesolive_sdk import models

NOT_SENT: Final = "NotSent"
"""Code of an order that ended without having been written to the venue's connection: that is certain."""

NOT_HELD: Final = "NotHeld"
"""The code of an order that closes contracts that the account does not hold at the venue; it was not sent."""

SendCheck = Callable[[], Awaitable[str | None]]
"""Returns why an order must not be sent any more, or `None`: then it may be written at once.

Between the permit of an order and its submission lie a venue's slow steps: look-ups, previews of margin, dry runs,
rate limits, pauses before another attempt. Meanwhile the order may be cancelled, its account halted, its time may be
over. A venue awaits the check before each write of the order, with nothing slow between both. On a reason it writes
nothing, and the order ends as rejected with that reason and the code `NOT_SENT`.
"""


async def unchecked() -> None:
    """Permit every write: the check where nothing can have changed."""


class VenueUnreachableError(Exception):
    """The outcome of a venue call is unknown: no connection, a timeout, or an unreadable response."""


class AccountUnreachableError(VenueUnreachableError):
    """The venue answers, and not about this account: the login has it no more. What it holds and works is unknown."""


class Ending(enum.Enum):
    """Terminal state of an order that was not filled."""

    CANCELLED = "Cancelled"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    REPLACED = "Replaced"


class OrderStatus(enum.Enum):
    """Status of an order at the venue."""

    IN_DOUBT = "InDoubt"
    """It was sent, and may still arrive: the venue's lists lack it, and that is no evidence yet. It has no venue id."""
    WORKING = "Working"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    REPLACED = "Replaced"

    # Members are single objects, and the hash of `Enum` runs in Python.
    __hash__ = object.__hash__


class VenueLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of a combo.

    Attributes
    ----------
    name
        Client name of the leg; the venue returns it with the leg's fills.
    ratio
        Signed contracts per combo: positive is bought.
    held
        Of a leg that closes: what all positions of the account hold of its contract in the books, signed. `None` for a
        leg that opens, and where no books are kept.
    """

    name: str
    contract: OptionContract
    ratio: Decimal
    held: Decimal | None = None


class VenueRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An order to a venue: a combo that is bought; the sign of a leg's ratio gives the leg's side.

    Attributes
    ----------
    account
        The account's id at the venue.
    reference
        Client order id; the venue returns it with every report.
    qty
        Combos, greater than zero.
    limit_price, stop_price
        Per combo and unit of the underlying: positive a debit, negative a credit.
    may_wait
        Whether it may wait for the session of its class; otherwise a venue refuses it outside of the session.
    night
        Whether it is worked in the night and curb sessions of its class too.
    """

    account: str
    reference: str
    legs: tuple[VenueLeg, ...]
    qty: Decimal
    order_type: models.OrderType
    time_in_force: models.TimeInForce
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    may_wait: bool = False
    night: bool = False


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The venue has the order and works it.

    Attributes
    ----------
    session_id
        The number that the venue's session gave it; the next session may give it to another order.
    """

    account: str
    reference: str | None
    venue_id: str
    at: datetime
    session_id: int | None = None


class LegExecution(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of a fill.

    Attributes
    ----------
    name
        Our name of the leg; the contract's symbol where the order is not ours.
    qty
        Signed contracts.
    price
        Per unit of the underlying, commission excluded.
    commission
        In account currency for the whole fill.
    """

    name: str
    contract: OptionContract
    qty: Decimal
    price: Decimal
    commission: Decimal


class Execution(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The venue filled some combos, all legs together.

    Attributes
    ----------
    reference
        `None` where the order is not ours.
    execution_id
        Permanent: the same id is the same fill.
    qty
        Combos, greater than zero.
    """

    account: str
    reference: str | None
    venue_id: str
    execution_id: str
    qty: Decimal
    legs: tuple[LegExecution, ...]
    at: datetime
    session_id: int | None = None


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The venue works the order no more, and did not fill all of it."""

    account: str
    reference: str | None
    venue_id: str | None
    how: Ending
    at: datetime
    reason: str = ""
    code: str | None = None


class CancelDenied(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The venue did not cancel.

    Attributes
    ----------
    unknown
        Whether the order is unknown at the venue; an in-flight submission may still arrive.
    """

    account: str
    reference: str
    reason: str
    at: datetime
    unknown: bool = False


OrderFact = Accepted | Execution | Ended | CancelDenied


class Settled(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A contract expired, and the account holds it no more.

    Attributes
    ----------
    fact_id
        Permanent: the same id is the same settlement.
    qty
        Signed contracts that were held and are gone: positive were long.
    price
        What one option was worth, per unit of the underlying: zero, or what it was in the money.
    cash
        What the account was paid, in its currency: ``price * qty * multiplier`` less fees; negative was taken from it.
    at
        When the settlement value was taken.
    """

    account: str
    fact_id: str
    contract: OptionContract
    qty: Decimal
    price: Decimal
    cash: Decimal
    at: datetime


class ExerciseNotice(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Options became shares or futures: exercised by their owner, or assigned to a seller, before or at expiration.

    Attributes
    ----------
    fact_id
        Permanent: the same id is the same notice.
    qty
        Signed contracts that were held and are gone: negative were short, and the account was assigned.
    """

    account: str
    fact_id: str
    contract: OptionContract
    qty: Decimal
    at: datetime


SettlementFact = Settled | ExerciseNotice
VenueFact = OrderFact | SettlementFact


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the venue's list shows it.

    Attributes
    ----------
    code
        Of its rejection, such as `NOT_SENT`.
    """

    account: str
    reference: str | None
    venue_id: str
    status: OrderStatus
    qty: Decimal
    filled: Decimal
    at: datetime
    reason: str = ""
    code: str | None = None


class Dedupes(enum.Enum):
    """For how long a venue knows a client order id again, so that the same order cannot be made twice."""

    NEVER = "never"
    SESSION = "session"
    """Opening a session ends the one before: what that one still sends is refused."""
    FOREVER = "forever"


class VenueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the connection to the venue is doing."""

    state: models.AgentStatus
    since: datetime | None = None
    message: str = ""


@runtime_checkable
class KeptReports(Protocol):
    """The stream of a session whose sender keeps each report until the receiver confirms that it is in the books."""

    def booked(self, fact: VenueFact) -> None:
        """Note that a report of this stream is booked, or is nothing to book: it need not be sent again."""
        ...


class Venue(Protocol):
    """A venue. Every call may raise `VenueUnreachableError`; the caller limits how long they wait."""

    @property
    def kind(self) -> models.BrokerType:
        """Which accounts it serves."""
        ...

    @property
    def dedupes(self) -> Dedupes:
        """For how long it knows a client order id again."""
        ...

    @property
    def listing_seconds(self) -> float:
        """For how long, in real time, its lists may lack an order that was sent and is on its way."""
        ...

    @property
    def status(self) -> VenueStatus:
        """The connection status."""
        ...

    async def start(self) -> None:
        """Start the venue."""
        ...

    async def stop(self) -> None:
        """Stop the venue and end its open sessions."""
        ...

    def session(self) -> AbstractAsyncContextManager[AsyncIterator[VenueFact]]:
        """Connect, and return the stream of reports while connected.

        The iterator raises `VenueUnreachableError` when the connection is lost. Reports from before
        and between connections come from `orders`, `executions` and `settlements`.
        """
        ...

    async def submit(self, request: VenueRequest, check: SendCheck = unchecked) -> Accepted | Ended:
        """Submit an order; a duplicate reference returns the first outcome and creates no order.

        An order whose cancel comes before it is written is not written, and both calls answer that it is cancelled.

        Parameters
        ----------
        check
            Awaited before each write of the order.
        """
        ...

    async def replace(
        self, reference: str, filled: Decimal, request: VenueRequest, check: SendCheck = unchecked
    ) -> Accepted | Ended:
        """Replace an order by another atomically (cancel/replace).

        Parameters
        ----------
        reference
            The order to replace.
        filled
            Filled combos of the order by our records; the venue rejects the replacement when its number differs.
        check
            Awaited before each write of the replacement.
        """
        ...

    async def cancel(self, account: str, reference: str, venue_id: str | None) -> Ended | CancelDenied | None:
        """Request a cancel; `None` means accepted for processing, and the outcome follows as a report."""
        ...

    async def orders(self, account: str, since: datetime) -> Sequence[VenueOrder]:
        """Return all working orders of the account, and those that ended at or after `since`.

        A venue whose lists lag behind its orders also returns those that it was sent and that may still arrive
        (`OrderStatus.IN_DOUBT`): the order is not judged as long as it is listed so.
        """
        ...

    async def executions(self, account: str, since: datetime) -> Sequence[Execution]:
        """Return all fills of the account at or after `since`, those of orders that are not ours too, oldest first."""
        ...

    async def settlements(self, account: str, since: datetime) -> Sequence[SettlementFact]:
        """Return what expired or was exercised early on the account at or after `since`, oldest first."""
        ...

    async def positions(self, account: str) -> Mapping[OptionContract, Decimal]:
        """Return what the account holds: signed contracts, none of them zero."""
        ...
