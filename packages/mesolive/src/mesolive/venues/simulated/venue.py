"""Simulated venue: accepts combo orders, fills them against the live quote book, and reports executions.

It copies the behaviour of real venues that the server depends on: its records are separate from the server's database
and outlive its process, it fills without a connected session, and its connection (`connection`) injects faults on
request (`faults`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from mesolive.clock import Clock
from mesolive.market.calendar import ExchangeCalendar, us_options_calendar
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import OptionContract
from mesolive.market.service import Market
from mesolive.tasks import Tasks, Turns
from mesolive.venues.base import (
    Accepted,
    CancelDenied,
    Dedupes,
    Ended,
    Ending,
    Execution,
    ExerciseNotice,
    OrderStatus,
    SendCheck,
    SettlementFact,
    VenueFact,
    VenueLeg,
    VenueOrder,
    VenueRequest,
    VenueStatus,
    unchecked,
)
from mesolive.venues.combo_quotes import quote_combo
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.connection import VenueConnection
from mesolive.venues.simulated.expiration import Expiring
from mesolive.venues.simulated.faults import Fault, Faults
from mesolive.venues.simulated.ledger import Placed, Stopped, VenueLedger, WorkingOrder
from mesolive.venues.simulated.matching import Matching
from mesolive.venues.unsent_orders import CANCELLED_UNSENT, UnsentOrders
from mesolive_sdk.models import BrokerType, OrderType, TimeInForce
from mesolive_sdk.ticks import on_tick

MAX_WORKING = 5_000
"""Maximum working orders."""

ENDED_UNFILLED = frozenset({OrderStatus.REJECTED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REPLACED})

MANUAL_REFERENCE = "manual-"
"""How the references of orders begin that were given by hand."""


class SimulatedVenue:
    """Serves accounts of type `Simulated`; implements `mesolive.venues.base.Venue`.

    Parameters
    ----------
    market
        Where quotes come from.
    memory
        What the venue remembers in, or the file of it; `None` for a memory that ends with the object.
    faults
        What shall go wrong.
    """

    kind = BrokerType.Simulated
    dedupes = Dedupes.FOREVER
    listing_seconds = 0.0

    def __init__(
        self,
        market: Market,
        clock: Clock,
        memory: Path | VenueLedger | None = None,
        *,
        terms: SimulatedVenueConfig | None = None,
        faults: Faults | None = None,
        calendar: ExchangeCalendar | None = None,
    ) -> None:
        self.terms = terms or SimulatedVenueConfig()
        self.faults = faults or Faults()
        self.ledger = memory if isinstance(memory, VenueLedger) else VenueLedger(memory)
        self._market = market
        self._clock = clock
        self._calendar = calendar or us_options_calendar()
        self.connection = VenueConnection(clock, self.faults, self._reported)
        self._matching = Matching(
            self.ledger,
            market,
            clock,
            self._calendar,
            self.terms,
            report_fill=self._report_execution,
            expire=self._expire,
        )
        self._expiring = Expiring(
            self.ledger, market, clock, self._calendar, self.report_fill, self.terms.settlement_fee
        )
        self._unsent = UnsentOrders()
        self.tasks = Tasks()
        # Orders that came in this turn of the event loop, and wait in the queue together.
        self._arriving: list[WorkingOrder] = []

    # --- the interface ------------------------------------------------------------------------------------------------

    @property
    def status(self) -> VenueStatus:
        """Whether a session is open."""
        return self.connection.status

    async def start(self) -> None:
        """Remember, and fill what can be filled.

        Raises
        ------
        VenueMemoryError
            When the file cannot be used.
        """
        self.ledger.open()
        self._start_loops()
        self.work()

    async def stop(self) -> None:
        """End the session and close the memory."""
        self.disconnect()
        await self.tasks.stop()
        self._arriving.clear()
        self.ledger.close()

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncIterator[VenueFact]]:
        """Connect; a session that is open already is cut, as venues do with the older of two."""
        async with self.connection.session() as reports:
            yield reports

    async def submit(self, request: VenueRequest, check: SendCheck = unchecked) -> Accepted | Ended:
        """Take an order, or reject it."""
        if (ended := await self._unsent_end(request, check)) is not None:
            return ended
        fault = await self.connection.arrive(refusable=True)
        return await self.connection.answer(self._take(request, fault), fault)

    async def replace(
        self, reference: str, filled: Decimal, request: VenueRequest, check: SendCheck = unchecked
    ) -> Accepted | Ended:
        """Put the order in the place of another; rejected when that one ended or was filled since."""
        if (ended := await self._unsent_end(request, check)) is not None:
            return ended
        fault = await self.connection.arrive(refusable=True)
        return await self.connection.answer(self._put_in_place(reference, filled, request, fault), fault)

    async def cancel(self, account: str, reference: str, venue_id: str | None) -> Ended | CancelDenied | None:  # noqa: ARG002 - the venue knows orders by our reference
        """Cancel an order that works; one that was cancelled before is answered in the same way."""
        if self._unsent.cancel(account, reference):
            return self._unsent_ended(account, reference, Ending.CANCELLED, CANCELLED_UNSENT, None)
        fault = await self.connection.arrive(refusable=False)
        return await self.connection.answer(self._stop_order(account, reference), fault)

    async def orders(self, account: str, since: datetime) -> Sequence[VenueOrder]:
        """Return what works and what ended since."""
        self.connection.check_open()
        return [
            order.shown
            for order in self.ledger.orders.values()
            if order.request.account == account and (order.status is OrderStatus.WORKING or order.at >= since)
        ]

    async def executions(self, account: str, since: datetime) -> Sequence[Execution]:
        """Return the account's fills since."""
        self.connection.check_open()
        return [
            execution for execution in self.ledger.executions if execution.account == account and execution.at >= since
        ]

    async def settlements(self, account: str, since: datetime) -> Sequence[SettlementFact]:
        """Return what expired or was exercised early on the account since."""
        self.connection.check_open()
        result = [
            settlement
            for settlement in self.ledger.settlements
            if settlement.account == account and settlement.at >= since
        ]
        return sorted(result, key=lambda item: item.at)

    async def positions(self, account: str) -> Mapping[OptionContract, Decimal]:
        """Return what the account holds."""
        self.connection.check_open()
        return self.ledger.positions_of(account)

    # --- what happens at a venue besides ----------------------------------------------------------------------------

    def disconnect(self) -> None:
        """Break the connection, as networks do."""
        self.connection.cut()

    def go_down(self) -> None:
        """Be unreachable until `come_back`; orders go on being filled."""
        self.connection.go_down()

    def come_back(self) -> None:
        """Be reachable again."""
        self.connection.come_back()

    def trade_by_hand(self, account: str, legs: Sequence[VenueLeg], qty: Decimal) -> Execution:
        """Fill an order at once that this account's owner gave elsewhere: it has no reference of ours.

        Raises
        ------
        ValueError
            When a leg has no market.
        """
        reference = self.ledger.name(MANUAL_REFERENCE)
        request = VenueRequest(
            account=account,
            reference=reference,
            legs=tuple(legs),
            qty=qty,
            order_type=OrderType.Market,
            time_in_force=TimeInForce.Day,
        )
        quote = quote_combo(self._market, legs)
        if quote is None:
            raise ValueError("a leg has no two-sided market")
        placed = Placed(request=request, venue_id=self._venue_id(), at=self._clock.now(), ours=False)
        self.ledger.record(placed)
        return self._matching.fill(self.ledger.orders[reference], quote, qty)

    def close_by_hand(self, account: str) -> list[Execution]:
        """Close everything that an account holds, each contract by an order of its own."""
        return [
            self.trade_by_hand(
                account,
                [VenueLeg(name=contract.symbol, contract=contract, ratio=Decimal(-1 if qty > 0 else 1))],
                abs(qty),
            )
            for contract, qty in self.ledger.positions_of(account).items()
        ]

    def cancel_by_hand(self, reference: str, reason: str = "cancelled at the venue") -> None:
        """Cancel an order that works, as its owner or the venue's desk may."""
        if reference in self.ledger.working:
            self._end(self.ledger.working[reference], Ending.CANCELLED, reason)

    def exercise_early(self, account: str, contract: OptionContract, qty: Decimal) -> ExerciseNotice:
        """Exercise options of American style before their expiration: the account's own, or against those it sold.

        The options are gone, and shares in their place, which this venue does not keep.

        Parameters
        ----------
        qty
            Signed contracts as they are held; negative are short, and the account is assigned.

        Raises
        ------
        ValueError
            When the account does not hold so many, or the options are not listed as American ones.
        """
        return self._expiring.exercise(account, contract, qty)

    def work(self) -> None:
        """Make a pass over all working orders: expire, trigger, fill what can be filled. Then settle what expired.

        Raises
        ------
        Exception
            What the first order raised that could not be looked at, after all the others had their turn.
        """
        for _ in self._steps():
            pass

    def _steps(self) -> Iterator[None]:
        """Make the pass of `work`; yields where it may rest."""
        error = yield from self._matching.steps(self._clock.now())
        self._expiring.settle(self._clock.now())
        if error is not None:
            raise error

    # --- requests ---------------------------------------------------------------------------------------------------

    async def _unsent_end(self, request: VenueRequest, check: SendCheck) -> Ended | None:
        """Return how an order ends that must not reach the venue any more, or `None`."""
        self.connection.check_open()
        if request.reference in self.ledger.orders:
            return None  # it is here already: the answer is the first one
        with self._unsent.preparing(request.account, request.reference):
            unsent = await self._unsent.why_not(request.account, request.reference, check)
        return None if unsent is None else self._unsent_ended(request.account, request.reference, *unsent)

    def _unsent_ended(self, account: str, reference: str, how: Ending, reason: str, code: str | None) -> Ended:
        now = self._clock.now()
        return Ended(account=account, reference=reference, venue_id=None, how=how, at=now, reason=reason, code=code)

    def _take(self, request: VenueRequest, fault: Fault | None) -> Accepted | Ended:
        known = self.ledger.orders.get(request.reference)
        if known is not None:
            return self._accepted(known)
        reason = self._why_not(request)
        if fault is Fault.REJECT:
            reason = "rejected by the venue's risk desk"
        if reason is not None:
            return self._rejected(request, reason)
        return self._place(request)

    def _put_in_place(
        self, reference: str, filled: Decimal, request: VenueRequest, fault: Fault | None
    ) -> Accepted | Ended:
        known = self.ledger.orders.get(request.reference)
        if known is not None:
            return self._accepted(known)
        replaced = self.ledger.working.get(reference)
        reason = self._why_not(request)
        if fault is Fault.REJECT:
            reason = "rejected by the venue's risk desk"
        if replaced is None:
            reason = "the order to replace does not work any more"
        elif replaced.filled != filled:
            reason = f"the order to replace is filled by {replaced.filled} and not by {filled}"
        if reason is not None or replaced is None:
            return self._rejected(request, reason or "")
        self._end(replaced, Ending.REPLACED, "replaced")
        return self._place(request)

    def _place(self, request: VenueRequest) -> Accepted | Ended:
        placed = Placed(request=request, venue_id=self._venue_id(), at=self._clock.now())
        self.ledger.record(placed)
        order = self.ledger.orders[request.reference]
        # Matched after the response, as a venue does; not within the call.
        self._later(order)
        return self._accepted(order)

    def _rejected(self, request: VenueRequest, reason: str) -> Ended:
        # Recorded like any other order: a later query must return the rejection.
        placed = Placed(request=request, venue_id=self._venue_id(), at=self._clock.now())
        self.ledger.record(placed)
        return self._end(self.ledger.orders[request.reference], Ending.REJECTED, reason, report=False)

    def _stop_order(self, account: str, reference: str) -> Ended | CancelDenied:
        order = self.ledger.orders.get(reference)
        now = self._clock.now()
        if order is None or order.request.account != account:
            return CancelDenied(account=account, reference=reference, reason="unknown order", at=now, unknown=True)
        if order.status is OrderStatus.WORKING:
            return self._end(order, Ending.CANCELLED, "cancelled", report=False)
        if order.status is OrderStatus.CANCELLED:
            return self._ended(order, Ending.CANCELLED, order.reason)
        return CancelDenied(account=account, reference=reference, reason=f"it is {order.status.value}", at=now)

    def _why_not(self, request: VenueRequest) -> str | None:
        """Return why an order cannot be taken, or `None`."""
        now = self._clock.now()
        if len(self.ledger.working) >= MAX_WORKING:
            return "too many orders work already"
        if request.qty <= 0 or request.qty % 1 != 0:
            return f"a quantity of {request.qty} combos cannot be traded"
        day = request.time_in_force is TimeInForce.Day
        if day and not request.may_wait and not self._matching.is_open(now, request):
            return "the market is closed"
        roots = [leg.contract.root for leg in request.legs]
        for price in (request.limit_price, request.stop_price):
            if price is not None and not on_tick(roots, price):
                return f"a price of {price} is not on the tick"
        views: dict[str, BookView] = {}
        for leg in request.legs:
            symbol = leg.contract.underlying
            view = views.get(symbol)
            if view is None:
                view = views[symbol] = self._market.view(symbol)
            if view.find(leg.contract) is None:
                return f"{leg.contract} is not listed"
        return None

    # --- reports ------------------------------------------------------------------------------------------------------

    def _report_execution(self, execution: Execution) -> None:
        for leg in execution.legs:
            self._expiring.traded(leg.contract)
        self.report_fill(execution)

    def report_fill(self, execution: Execution | SettlementFact) -> None:
        """Report a fill or a settlement to the connected session, unless a fault suppresses it."""
        self.connection.report_fill(execution)

    def _reported(self) -> None:
        """Note a report that a session takes; a stepped venue counts them."""

    def _expire(self, order: WorkingOrder) -> None:
        self._end(order, Ending.EXPIRED, "the session has ended")

    def _end(self, order: WorkingOrder, how: Ending, reason: str, *, report: bool = True) -> Ended:
        self.ledger.record(Stopped(reference=order.request.reference, how=how, at=self._clock.now(), reason=reason))
        ended = self._ended(order, how, reason)
        if report:
            self.connection.report(ended)
        return ended

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _ended(self, order: WorkingOrder, how: Ending, reason: str) -> Ended:
        return Ended(
            account=order.request.account,
            reference=order.request.reference if order.placed.ours else None,
            venue_id=order.venue_id,
            how=how,
            at=order.at,
            reason=reason,
        )

    def _accepted(self, order: WorkingOrder) -> Accepted | Ended:
        """Return the response for a duplicate of an existing order."""
        if order.status in ENDED_UNFILLED:
            return self._ended(order, Ending(order.status.value), order.reason)
        return Accepted(
            account=order.request.account,
            reference=order.request.reference,
            venue_id=order.venue_id,
            at=order.placed.at,
            session_id=self.connection.next_number(),
        )

    def _venue_id(self) -> str:
        return self.ledger.name("V")

    def _later(self, order: WorkingOrder) -> None:
        """Match an order once it has waited in the queue; orders that come in one turn of the loop wait together."""
        self._arriving.append(order)
        if len(self._arriving) == 1:
            self.tasks.spawn("simulated venue queue", self._wait_in_queue())

    async def _wait_in_queue(self) -> None:
        together, self._arriving = self._arriving, []
        await self._clock.sleep(self.terms.queue_seconds)
        errors: list[Exception] = []
        for order in together:
            try:
                self._matching.look_at(order, self._clock.now())
            except Exception as error:  # noqa: BLE001 - one order must not keep the others from being filled
                errors.append(error)
        if errors:
            raise errors[0]

    def _start_loops(self) -> None:
        self.tasks.start_loop("simulated venue", self._follow)
        self.tasks.start_loop("simulated venue sessions", self._keep_time)

    async def _follow(self, turns: Turns) -> None:
        async with self._market.changed() as changes:
            async for _ in changes:
                for _ in self._steps():
                    await asyncio.sleep(0)
                turns.turned()

    async def _keep_time(self, turns: Turns) -> None:
        """Work at every opening and every close: the market may not change then."""
        while True:
            now = self._clock.now()
            again = min(self._matching.next_change(now), self._expiring.settle(now))
            while now < again:
                await self._clock.sleep((again - now).total_seconds())
                now = self._clock.now()
            self.work()
            turns.turned()
