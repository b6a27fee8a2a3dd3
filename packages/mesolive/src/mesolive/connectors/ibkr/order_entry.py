"""Order entry at IB: new orders, modifications in place, cancels, and previews of margin.

Each call writes the journal before it writes to TWS, and waits for what TWS tells. An answer that does not come is no
answer: the lists decide later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from mesolive.connectors.ibkr.attempts import Attempt, Attempts
from mesolive.connectors.ibkr.catch_up import CatchUp
from mesolive.connectors.ibkr.contract_ids import ContractIds, UnknownContractError
from mesolive.connectors.ibkr.error_codes import Phase
from mesolive.connectors.ibkr.journal import Finished, Sending
from mesolive.connectors.ibkr.margin_preview import MarginPreviews
from mesolive.connectors.ibkr.order_book import Chain, Order
from mesolive.connectors.ibkr.order_life import OrderLife
from mesolive.connectors.ibkr.order_terms import contract_of, ticket_of, why_not_written
from mesolive.connectors.ibkr.pacing import NotSentError
from mesolive.connectors.ibkr.session_errors import RequestTimeoutError, SessionLostError, TwsError
from mesolive.connectors.ibkr.time_limit import limited
from mesolive.connectors.ibkr.tws_messages import ComboLeg, Contract, Margins
from mesolive.connectors.ibkr.venue_state import UNANSWERED, VenueState
from mesolive.market.trading_hours import trading_hours
from mesolive.tasks import Tasks
from mesolive.venues.base import (
    NOT_SENT,
    Accepted,
    CancelDenied,
    Ended,
    Ending,
    OrderStatus,
    SendCheck,
    VenueRequest,
    VenueUnreachableError,
)
from mesolive.venues.unsent_orders import CANCELLED_UNSENT, UnsentOrders
from mesolive_sdk.models import OrderType, TimeInForce

_log = structlog.get_logger(__name__)

ANSWER_SECONDS: Final = 4.0
"""How long TWS is waited for: less than the server waits for the venue."""

RESOLVE_SECONDS: Final = 3.0
MAX_REFERENCE_CHARACTERS: Final = 40
GIVEN_UP: Final = "not sent: the server stopped waiting before it was written"


@dataclass(frozen=True, slots=True)
class EntryRules:
    """What the settings say of orders.

    Attributes
    ----------
    stops_on_combos
        Whether stop orders on combos are sent: IB simulates them, and whether it takes them is not published.
    quiet_from, quiet_to
        The time of day, in `zone`, in which TWS restarts and nothing is sent; equal for no such time.
    preview_margin
        Whether IB's margin is asked for before a new order is sent.
    routes
        The exchanges that new orders of underlyings are sent to, in place of SMART.
    """

    stops_on_combos: bool = False
    quiet_from: time = time(23, 40)
    quiet_to: time = time(0, 10)
    zone: str = "America/New_York"
    preview_margin: bool = False
    routes: Mapping[str, str] = field(default_factory=dict[str, str])

    def route(self, request: VenueRequest) -> str:
        """Return where an order is sent; empty for the default."""
        return self.routes.get(request.legs[0].contract.underlying, "") if request.legs else ""

    def is_quiet(self, now: datetime) -> bool:
        """Whether nothing is sent now."""
        local = now.astimezone(ZoneInfo(self.zone)).time()
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= local < self.quiet_to
        return local >= self.quiet_from or local < self.quiet_to


class OrderEntry:
    """Sends orders, modifications and cancels."""

    def __init__(
        self,
        state: VenueState,
        life: OrderLife,
        attempts: Attempts,
        catch_up: CatchUp,
        contracts: ContractIds,
        previews: MarginPreviews,
        rules: EntryRules,
    ) -> None:
        self._state = state
        self._life = life
        self._tasks = Tasks()
        self._attempts = attempts
        self._catch_up = catch_up
        self._contracts = contracts
        self._previews = previews
        self._rules = rules
        self._unsent = UnsentOrders()

    async def submit(self, request: VenueRequest, check: SendCheck) -> Accepted | Ended:
        """Send a new order; one that was sent before is answered as it is now."""
        async with self._attempts.lock(request.reference):
            if (known := self._state.book.orders.get(request.reference)) is not None:
                return self._as_it_is(known)
            with self._unsent.preparing(request.account, request.reference):
                return await self._submit(request, check)

    async def _submit(self, request: VenueRequest, check: SendCheck) -> Accepted | Ended:
        if (reason := self._why_not(request)) is not None:
            return self._refused(request, reason)
        try:
            con_ids = await self._con_ids(request)
            if isinstance(con_ids, str):
                return self._refused(request, con_ids)
            route = self._rules.route(request)
            contract, legs = contract_of(request, con_ids, route)
            if self._rules.preview_margin:
                preview_id = self._state.session.next_id(self._state.book.highest_order_id + 1)
                ticket = ticket_of(request, request.reference, request.qty, what_if=True)
                if (reason := await self._previews.why_not(preview_id, contract, ticket, legs)) is not None:
                    return self._refused(request, reason)
            order_id = self._state.session.next_id(self._state.book.highest_order_id + 1)
        except SessionLostError as error:
            return self._refused(request, f"not sent: {error}", NOT_SENT)
        except asyncio.CancelledError:
            self._refused(request, GIVEN_UP, NOT_SENT)
            raise
        sending = Sending(
            request=request,
            order_ref=request.reference,
            order_id=order_id,
            at=self._state.clock.now(),
            con_ids=con_ids,
            total=request.qty,
            route=route,
        )
        self._state.record(sending, durable=True)
        order = self._state.book.orders[request.reference]
        self._life.order_ids[order_id] = order.chain
        return await self._send(Phase.NEW, order, order_id, contract, legs, check)

    async def margins(self, request: VenueRequest) -> Margins | str:
        """Return IB's margins with an order that is not sent, or why there are none."""
        con_ids = await self._con_ids(request)
        if isinstance(con_ids, str):
            return con_ids
        contract, legs = contract_of(request, con_ids, self._rules.route(request))
        order_id = self._state.session.next_id(self._state.book.highest_order_id + 1)
        ticket = ticket_of(request, request.reference, request.qty, what_if=True)
        return await self._previews.ask(order_id, contract, ticket, legs)

    async def replace(
        self, reference: str, filled: Decimal, request: VenueRequest, check: SendCheck
    ) -> Accepted | Ended:
        """Modify an order in place: it takes the terms of another, which counts as its successor."""
        book = self._state.book
        replaced = book.orders.get(reference)
        async with self._attempts.lock(replaced.chain.order_ref if replaced is not None else reference):
            if (known := book.orders.get(request.reference)) is not None:
                return self._as_it_is(known)
            with self._unsent.preparing(request.account, request.reference):
                return await self._replace(replaced, filled, request, check)

    async def _replace(
        self, replaced: Order | None, filled: Decimal, request: VenueRequest, check: SendCheck
    ) -> Accepted | Ended:
        if (reason := self._why_not(request)) is not None:
            return self._refused(request, reason)
        if replaced is not None:
            try:
                await self._read_executions()  # a fill that we do not know of makes the order another
            except asyncio.CancelledError:
                self._refused(request, GIVEN_UP, NOT_SENT)
                raise
        reason = self._why_not_replaced(replaced, filled, request)
        if reason is not None or replaced is None:
            return self._refused(request, reason or "")
        chain = replaced.chain
        contract, legs = contract_of(request, chain.con_ids, chain.route)
        sending = Sending(
            request=request,
            order_ref=chain.order_ref,
            order_id=chain.order_id,
            at=self._state.clock.now(),
            con_ids=chain.con_ids,
            total=chain.filled + request.qty,
            replaces=replaced.reference,
            route=chain.route,
        )
        self._state.record(sending, durable=True)
        order = self._state.book.orders[request.reference]
        return await self._send(Phase.MODIFY, order, chain.order_id, contract, legs, check)

    async def cancel(self, account: str, reference: str, venue_id: str | None) -> Ended | CancelDenied | None:
        """Cancel an order, and say what TWS answers; `None` where it does not within the time."""
        if self._unsent.cancel(account, reference):
            return self._cancelled_unsent(account, reference)
        order = self._state.book.orders.get(reference)
        if order is None:
            return await self._cancel_unknown(account, reference, venue_id)
        if order.request.account != account:
            return self._denied(account, reference, "unknown order", unknown=True)
        async with self._attempts.lock(order.chain.order_ref):
            if not order.open:
                return self._cancel_of_ended(order)
            chain = order.chain
            if chain not in self._life.order_ids.values() or chain.missed is not None:
                await self._refresh()  # sent by an earlier connection: the list of open orders has its id
            if not order.open:
                return self._cancel_of_ended(order)
            if chain.unaccounted and not chain.listed:
                # It does not work at IB; its owner was asked to look whether it was filled, and has decided.
                self._life.end(order, Ending.CANCELLED, "IB lists it no more; ended by its owner")
                self._state.solved(f"missed {chain.order_ref}")
                return self._life.ended(order)
            if chain not in self._life.order_ids.values():
                # Its last id is of an earlier connection, and may be another order's now.
                return self._denied(account, reference, "TWS does not list it yet", unknown=True)
            order.cancel_wanted = True
            attempt = self._attempts.begin(Phase.CANCEL, order)
            try:
                await self._state.session.cancel_order(order.chain.order_id)
                await self._outcome(attempt)
                return await self._cancel_outcome(attempt)
            except NotSentError as error:
                raise VenueUnreachableError(str(error)) from error
            except RequestTimeoutError:
                self._doubt(order.chain)
                return None
            finally:
                self._attempts.end(attempt)

    async def _cancel_unknown(self, account: str, reference: str, venue_id: str | None) -> CancelDenied | None:
        """Cancel an order of this client that the journal does not have: it was lost, or is of another folder.

        TWS has our reference as a text of the order, and its id; the lists then say how the order has ended.
        """
        try:
            rows = await self._state.session.open_orders()
            perm_id = (venue_id or "").partition(".")[0]
            ours = [
                row
                for row in rows
                if row.account == account
                and row.client_id == self._state.session.client_id
                and row.order_id > 0
                and (row.order_ref == reference or (perm_id and str(row.perm_id) == perm_id))
            ]
            if not ours:
                return self._denied(account, reference, "unknown order", unknown=True)
            for row in ours:
                _log.warning("ibkr_unknown_order_cancelled", reference=reference, perm_id=row.perm_id)
                await self._state.session.cancel_order(row.order_id)
        except (NotSentError, TwsError) as error:
            raise VenueUnreachableError(str(error)) from error
        return None

    # --- sending -----------------------------------------------------------------------------------------------------

    async def _send(
        self,
        phase: Phase,
        order: Order,
        order_id: int,
        contract: Contract,
        legs: Sequence[ComboLeg],
        check: SendCheck,
    ) -> Accepted | Ended:
        ticket = ticket_of(order.request, order.chain.order_ref, order.total)
        attempt = self._attempts.begin(phase, order)
        unsent: tuple[Ending, str, str | None] | None = None

        async def checked() -> str | None:
            nonlocal unsent
            unsent = await self._unsent.why_not(order.request.account, order.reference, check)
            return None if unsent is None else unsent[1]

        try:
            try:
                await self._state.session.place_order(order_id, contract, ticket, legs, checked)
            except NotSentError as error:
                self._end_unsent(phase, order, *(unsent or (Ending.REJECTED, f"not sent: {error}", NOT_SENT)))
                return self._as_it_is(order)
            except asyncio.CancelledError:
                self._end_unsent(phase, order, Ending.REJECTED, GIVEN_UP, NOT_SENT)
                raise
            await self._outcome(attempt)
            if not order.known and order.ended is None:  # something is in doubt: the lists know
                await self._refresh()
        except RequestTimeoutError as error:
            self._doubt(order.chain)
            self._state.problem(
                f"{UNANSWERED}{order.reference}",
                f"TWS has not answered order {order.reference}: a dialog may hold it. Look at TWS, and switch on "
                "Bypass Order Precautions for API Orders",
            )
            raise VenueUnreachableError(str(error)) from error
        finally:
            self._attempts.end(attempt)
        return self._as_it_is(order)

    def _end_unsent(self, phase: Phase, order: Order, how: Ending, reason: str, code: str | None) -> None:
        """End an order that was not written; a modification then leaves the order before as it is."""
        if self._unsent.was_cancelled(order.request.account, order.reference):
            how, reason, code = Ending.CANCELLED, CANCELLED_UNSENT, None
        if phase is Phase.MODIFY and how is Ending.REJECTED:
            self._life.deny(order, reason, code)
        else:
            self._life.end(order, how, reason, code)

    async def _outcome(self, attempt: Attempt) -> None:
        lost = self._tasks.spawn("ibkr connection lost", self._state.when_lost())
        try:
            async with limited(self._state.timer, ANSWER_SECONDS, "TWS did not answer in time"):
                await asyncio.wait({attempt.done, lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
        if not attempt.done.done():
            raise VenueUnreachableError("the connection was lost")

    def _doubt(self, chain: Chain) -> None:
        self._life.doubtful.add(chain.order_ref)
        self._catch_up.wake()

    async def _refresh(self) -> None:
        try:
            await self._catch_up.refresh()
        except TwsError as error:
            raise VenueUnreachableError(str(error)) from error

    async def _read_executions(self) -> None:
        try:
            await self._catch_up.read_executions()
        except TwsError as error:
            raise VenueUnreachableError(str(error)) from error

    # --- answers -----------------------------------------------------------------------------------------------------

    def _as_it_is(self, order: Order) -> Accepted | Ended:
        if order.status in {OrderStatus.REJECTED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REPLACED}:
            return self._life.ended(order)
        if not order.known:
            self._doubt(order.chain)
            raise VenueUnreachableError("the order was sent, and TWS has not shown it yet")
        return self._life.accepted(order)

    def _cancelled_unsent(self, account: str, reference: str) -> Ended:
        """Answer the cancel of an order that is not written: the call that submits it ends it in the order book."""
        return Ended(
            account=account,
            reference=reference,
            venue_id=None,
            how=Ending.CANCELLED,
            at=self._state.clock.now(),
            reason=CANCELLED_UNSENT,
        )

    def _refused(self, request: VenueRequest, reason: str, code: str | None = None) -> Ended:
        """End an order without sending it; it is remembered like any other."""
        how = Ending.REJECTED
        if self._unsent.was_cancelled(request.account, request.reference):
            how, reason, code = Ending.CANCELLED, CANCELLED_UNSENT, None
        now = self._state.clock.now()
        sending = Sending(
            request=request,
            order_ref=request.reference,
            order_id=0,
            at=now,
            con_ids=tuple(-place for place, _ in enumerate(request.legs, 1)),
            total=request.qty,
        )
        finished = Finished(reference=request.reference, how=how, at=now, reason=reason, code=code)
        self._state.record(sending, finished)
        return self._life.ended(self._state.book.orders[request.reference])

    def _cancel_of_ended(self, order: Order) -> Ended | CancelDenied:
        if order.status is OrderStatus.CANCELLED:
            return self._life.ended(order)
        return self._denied(order.request.account, order.reference, f"it is {order.status.value}")

    async def _cancel_outcome(self, attempt: Attempt) -> Ended | CancelDenied | None:
        order = attempt.order
        if order.open:
            await self._refresh()
        if not order.open:
            return self._cancel_of_ended(order)
        if attempt.denial is not None:
            order.cancel_wanted = False
            return self._denied(order.request.account, order.reference, attempt.denial[0])
        self._doubt(order.chain)
        return None

    def _denied(self, account: str, reference: str, reason: str, *, unknown: bool = False) -> CancelDenied:
        now = self._state.clock.now()
        return CancelDenied(account=account, reference=reference, reason=reason, at=now, unknown=unknown)

    # --- checks ------------------------------------------------------------------------------------------------------

    def _why_not(self, request: VenueRequest) -> str | None:
        """Return why an order is not sent, or `None`."""
        now = self._state.clock.now()
        if request.qty <= 0 or request.qty % 1:
            return f"a quantity of {request.qty} combos cannot be traded"
        if len(request.reference) > MAX_REFERENCE_CHARACTERS or not request.reference.isascii():
            return f"a reference of at most {MAX_REFERENCE_CHARACTERS} ASCII characters was expected"
        if (reason := why_not_written(request)) is not None:
            return reason
        if self._rules.is_quiet(now):
            return (
                f"nothing is sent from {self._rules.quiet_from:%H:%M} to {self._rules.quiet_to:%H:%M} "
                f"({self._rules.zone}): TWS restarts then"
            )
        is_stop = request.order_type in {OrderType.Stop, OrderType.StopLimit}
        if is_stop and len(request.legs) > 1 and not self._rules.stops_on_combos:
            return "stop orders on combos are not sent to IB unless stops_on_combos is set"
        symbols = {leg.contract.underlying for leg in request.legs}
        hours = [trading_hours(symbol, self._state.calendar) for symbol in symbols]
        day = request.time_in_force is TimeInForce.Day
        if day and not request.may_wait and not all(item.takes_orders(now, night=request.night) for item in hours):
            return "the market is closed"
        if request.account not in self._state.session.accounts:
            return f"the login has no account {request.account}"
        return None

    def _why_not_replaced(self, replaced: Order | None, filled: Decimal, request: VenueRequest) -> str | None:
        if replaced is None:
            return "the order to replace is unknown"
        if not replaced.open or not replaced.known:
            return "the order to replace does not work any more" if replaced.known else "it is not known at IB yet"
        if replaced.filled != filled:
            return f"the order to replace is filled by {replaced.filled} and not by {filled}"
        before = replaced.request
        if [(leg.contract, leg.ratio) for leg in before.legs] != [(leg.contract, leg.ratio) for leg in request.legs]:
            return "IB does not change the legs of an order: cancel it, and send another"
        if before.order_type is not request.order_type or before.time_in_force is not request.time_in_force:
            return "IB does not change the type of an order: cancel it, and send another"
        return None

    async def _con_ids(self, request: VenueRequest) -> tuple[int, ...] | str:
        """Return the conIds of the legs, or why there are none."""
        contracts = [leg.contract for leg in request.legs]
        known = [self._contracts.known(contract) for contract in contracts]
        if None not in known:
            return tuple(con_id for con_id in known if con_id is not None)
        try:
            async with limited(self._state.timer, RESOLVE_SECONDS, "TWS did not answer"):
                return tuple([await self._contracts.con_id(contract) for contract in contracts])
        except UnknownContractError as error:
            return str(error)
        except TwsError as error:
            # Nothing was sent, and that is certain; the next attempt finds the contracts known, or asks again.
            return f"not sent: the contracts could not be looked up: {error}"
