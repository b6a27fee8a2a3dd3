"""Orders of one contract at a venue, as a checklist tries them: they rest, are replaced, cancelled, and filled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import uuid4

from mesolive.clock import Clock
from mesolive.connectors.checklist_steps import StepFailedError, StepSkippedError, must
from mesolive.tasks import Tasks, Turns
from mesolive.venues.base import (
    Accepted,
    CancelDenied,
    Ended,
    Ending,
    Execution,
    OrderStatus,
    Venue,
    VenueFact,
    VenueLeg,
    VenueRequest,
    VenueUnreachableError,
)
from mesolive_sdk.models import OrderType, TimeInForce
from mesolive_sdk.ticks import tick_above

FILL_SECONDS: Final = 60.0
RECENT: Final = timedelta(hours=1)


class OrderTrial:
    """Tries orders of one account.

    Parameters
    ----------
    clock
        Market time of the venue.
    timer
        Time of waiting for fills.
    remedy
        Says what to do about a refused order, by its code and reason.
    """

    def __init__(
        self, venue: Venue, account: str, clock: Clock, timer: Clock, remedy: Callable[[str], str] = lambda _: ""
    ) -> None:
        self._venue = venue
        self._account = account
        self._clock = clock
        self._timer = timer
        self._remedy = remedy
        self._tasks = Tasks()
        self._facts: list[VenueFact] = []
        self._news = asyncio.Event()
        self.resting: VenueRequest | None = None
        self.sent: list[VenueRequest] = []
        """Every order that was submitted, and perhaps accepted."""

    def follow(self, facts: AsyncIterator[VenueFact]) -> None:
        """Keep what a session of the venue reports, until `stop` or the end of the session."""

        async def read(turns: Turns) -> None:
            try:
                async for fact in facts:
                    self._facts.append(fact)
                    self._news.set()
                    turns.turned()
            except VenueUnreachableError:
                return

        self._tasks.start_loop("checklist reports", read, may_return=True)

    async def stop(self) -> None:
        """Listen no more."""
        await self._tasks.stop()
        self._tasks = Tasks()

    async def rest(self, legs: tuple[VenueLeg, ...], limit: Decimal) -> str:
        """Send a limit order that is not to be filled; it must work, be listed, and not be made twice."""
        order = self.order(legs, limit)
        self.resting = None
        first = await self._submit(order)
        self.resting = order
        again = await self._venue.submit(order)
        must(first == again, "it was answered differently the second time")
        await self.must_be_listed()
        return f"order {first.venue_id}"

    async def probe(self, order: VenueRequest) -> Accepted | Ended:
        """Send an order that is not to be filled, and return the answer: a refusal is one. It is the one that rests."""
        self.resting = None
        answer = await self._answer(order)
        if isinstance(answer, Accepted):
            self.resting = order
        return answer

    async def must_be_listed(self) -> str:
        """Fail unless the order that rests is listed as working."""
        statuses = await self._listed(self._must_rest().reference)
        must(statuses == [OrderStatus.WORKING], f"it is listed as {[item.value for item in statuses]}")
        return "the order is listed as working"

    async def replace(self, limit: Decimal) -> str:
        """Replace the order that rests; the replacement must work, and the old order have made way."""
        old = self._must_rest()
        better = self.order(old.legs, limit)
        self.sent.append(better)
        answer = await self._venue.replace(old.reference, Decimal(0), better)
        if not isinstance(answer, Accepted):
            raise StepFailedError(answer.reason, self._remedy(answer.reason))
        self.resting = better
        statuses = await self._listed(old.reference)
        must(statuses == [OrderStatus.REPLACED], "the old order is not listed as replaced")
        return f"order {answer.venue_id}"

    async def cancel(self) -> str:
        """Cancel the order that rests, twice; an order that never was must be called unknown."""
        order = self._must_rest()
        for _ in range(2):
            answer = await self._venue.cancel(self._account, order.reference, None)
            if isinstance(answer, CancelDenied):
                raise StepFailedError(answer.reason, self._remedy(answer.reason))
            must(
                answer is None or answer.how is Ending.CANCELLED, f"it is {'' if answer is None else answer.how.value}"
            )
        unknown = await self._venue.cancel(self._account, f"never-{uuid4()}", None)
        must(isinstance(unknown, CancelDenied) and unknown.unknown, "an unknown order was not called unknown")
        self.resting = None
        return ""

    async def fill(self, legs: tuple[VenueLeg, ...], limit: Decimal | None) -> Execution:
        """Trade one combo; what is not filled within a minute is cancelled, and fails.

        Parameters
        ----------
        limit
            `None` for a market order.
        """
        order = self.order(legs, limit)
        return await self.filled(order, await self._submit(order))

    async def filled(self, order: VenueRequest, answer: Accepted) -> Execution:
        """Wait for the fill of an order; what is not filled within a minute is cancelled, and fails."""
        expiry = self._tasks.spawn("checklist fill limit", self._timer.sleep(FILL_SECONDS))
        expiry.add_done_callback(lambda _: self._news.set())
        while not expiry.done():
            for fact in self._facts:
                if isinstance(fact, Execution) and fact.reference == order.reference:
                    expiry.cancel()
                    return fact
            self._news.clear()
            await self._news.wait()
        await self._venue.cancel(self._account, order.reference, answer.venue_id)
        raise StepFailedError(f"order {answer.venue_id} was not filled within {FILL_SECONDS:g} s, and was cancelled")

    async def open_orders(self) -> list[VenueRequest]:
        """Return which of the orders that were sent may still be filled."""
        since = self._clock.now() - RECENT
        going_on = {OrderStatus.WORKING, OrderStatus.IN_DOUBT}
        alive = {item.reference for item in await self._venue.orders(self._account, since) if item.status in going_on}
        return [order for order in self.sent if order.reference in alive]

    async def end_all(self) -> None:
        """Cancel every order that was sent and may still be filled."""
        for order in await self.open_orders():
            await self._venue.cancel(self._account, order.reference, None)

    def _must_rest(self) -> VenueRequest:
        if self.resting is None:
            raise StepSkippedError("no order rests: a step before has failed")
        return self.resting

    async def _submit(self, order: VenueRequest) -> Accepted:
        answer = await self._answer(order)
        if isinstance(answer, Ended):
            raise StepFailedError(answer.reason, self._remedy(answer.reason))
        return answer

    async def _answer(self, order: VenueRequest) -> Accepted | Ended:
        self.sent.append(order)
        try:
            return await self._venue.submit(order)
        except VenueUnreachableError as error:
            raise StepFailedError(str(error), self._remedy(str(error))) from error

    async def _listed(self, reference: str) -> Sequence[OrderStatus]:
        orders = await self._venue.orders(self._account, self._clock.now() - RECENT)
        return [item.status for item in orders if item.reference == reference]

    def order(self, legs: tuple[VenueLeg, ...], limit: Decimal | None, stop: Decimal | None = None) -> VenueRequest:
        """Return an order of one combo: a day order, at the market without a limit; with `stop`, a stop order."""
        roots = [leg.contract.root for leg in legs]
        types = (OrderType.Market, OrderType.Limit) if stop is None else (OrderType.Stop, OrderType.StopLimit)
        return VenueRequest(
            account=self._account,
            reference=str(uuid4()),
            legs=legs,
            qty=Decimal(1),
            order_type=types[limit is not None],
            time_in_force=TimeInForce.Day,
            limit_price=None if limit is None else tick_above(roots, limit),
            stop_price=None if stop is None else tick_above(roots, stop),
        )


def fill_text(fill: Execution) -> str:
    """Return a fill in words."""
    prices = ", ".join(f"{leg.qty:+} {leg.contract.symbol} at {leg.price}" for leg in fill.legs)
    fees = sum((leg.commission for leg in fill.legs), Decimal(0))
    return f"{fill.execution_id}: {prices}; fees {fees}"


def reversed_legs(legs: Sequence[VenueLeg]) -> tuple[VenueLeg, ...]:
    """Return the legs that undo others."""
    return tuple(VenueLeg(name=leg.name, contract=leg.contract, ratio=-leg.ratio) for leg in legs)
