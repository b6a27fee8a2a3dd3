"""Steps of the checklist whose outcome is published nowhere: which orders IB takes, by which route, which references.

Where IB refuses, the step has passed all the same when the connector does not depend on it: the answer is the finding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import uuid4

from mesolive.clock import Clock
from mesolive.connectors.checklist_steps import StepFailedError, StepSkippedError, must
from mesolive.connectors.ibkr.chain_reading import CBOE
from mesolive.connectors.ibkr.connector import IbkrConnector
from mesolive.connectors.ibkr.contract_mapping import SMART, is_future_option
from mesolive.connectors.ibkr.message_log import MessageLog
from mesolive.connectors.ibkr.order_entry import MAX_REFERENCE_CHARACTERS
from mesolive.connectors.ibkr.order_terms import contract_of, ticket_of
from mesolive.connectors.ibkr.tws_messages import ComboLeg, Contract, OrderRow, OrderTicket
from mesolive.connectors.ibkr.verification_market import REPORT_REMEDY, MarketChecks
from mesolive.connectors.order_trial import OrderTrial
from mesolive.records import replace
from mesolive.venues.base import Ended, VenueLeg, VenueRequest

RESTING: Final = Decimal("0.05")
TO_REPLACE: Final = Decimal("0.10")
OFF_THE_LEGS_STEP: Final = Decimal("3.05")
"""A step of combos on SPX, and none of its options, which trade in steps of 0.10 from 3.00 on."""
FAR: Final = Decimal("0.30")
"""What an order must at least be worth, so that limits of a third of it rest."""
LENGTHS: Final = (128, MAX_REFERENCE_CHARACTERS)
"""Characters of the references that are tried; the connector sends no longer one than the last."""
LISTED_SECONDS: Final = 15.0

DIALOG_REMEDY: Final = (
    "Look at TWS for a dialog that waits. Switch on Bypass Order Precautions for API Orders (Global Configuration, "
    "API, Precautions), and cancel in TWS what came late."
)
PERMISSION_REMEDY: Final = "Ask for the trading permission of these options in IB's Client Portal."
CANCEL_REMEDY: Final = "Cancel in TWS what the checklist has left, and send us the report."
REFERENCE_REMEDY: Final = (
    "Trade nothing by this connector, and send us the report: orders are known by their reference."
)


def order_remedy(reason: str) -> str:
    """Return what to do about an order that was refused, or not answered, for a reason."""
    code = reason.partition(":")[0]
    if "did not answer" in reason or "has not shown it" in reason:
        return DIALOG_REMEDY
    if code in {"203", "460"}:
        return PERMISSION_REMEDY
    if code == "109":
        return DIALOG_REMEDY
    return REPORT_REMEDY


class OrderQuestions:
    """Asks IB by orders of one combo far from the market, which the venue sends.

    Parameters
    ----------
    trial
        Returns the trial of orders of the account that is used.
    """

    def __init__(self, market: MarketChecks, trial: Callable[[], OrderTrial]) -> None:
        self._market = market
        self._trial = trial

    async def rest_and_cancel(self, legs: tuple[VenueLeg, ...]) -> str:
        """Let a combo rest, and cancel it."""
        must_rest(self._market, legs)
        text = await self._trial().rest(legs, RESTING)
        await self._trial().cancel()
        return text

    async def six_legs(self) -> str:
        """Ask whether IB takes a combo of six legs."""
        legs = self._market.legs(6)
        if self._market.worth(legs) < FAR:
            raise StepSkippedError(f"it is worth {self._market.worth(legs)}: a low limit would be filled")
        return await self._answer_to(self._trial().order(legs, RESTING))

    async def between_steps(self) -> str:
        """Ask whether IB takes a combo at a price that is no step of its legs."""
        legs = self._market.legs(2)
        if self._market.worth(legs) < 3 * OFF_THE_LEGS_STEP:
            raise StepSkippedError(f"it is worth {self._market.worth(legs)}: the order would be near the market")
        return await self._answer_to(self._trial().order(legs, OFF_THE_LEGS_STEP))

    async def stop_on_combo(self, *, limited_too: bool) -> str:
        """Ask whether IB takes a stop order, or a stop limit order, on a combo."""
        legs = self._market.legs(2)
        stop = 2 * self._market.price(legs)
        if stop < FAR:
            raise StepSkippedError(f"it costs {self._market.price(legs)}: a stop above it would be near the market")
        text = await self._answer_to(self._trial().order(legs, stop if limited_too else None, stop))
        return f"{text} (the setting stops_on_combos says whether the connector sends such orders)"

    async def _answer_to(self, order: VenueRequest) -> str:
        """Send an order that is not to be filled, cancel it, and return what IB said of it."""
        trial = self._trial()
        answer = await trial.probe(order)
        if isinstance(answer, Ended):
            return f"IB refuses it: {answer.reason}"
        await trial.must_be_listed()
        await trial.cancel()
        return f"IB takes it: order {answer.venue_id} was listed as working, and cancelled"


def must_rest(market: MarketChecks, legs: tuple[VenueLeg, ...]) -> None:
    """Fail where the limit of orders that rest is near the market."""
    worth = market.worth(legs)
    must(worth >= FAR, f"it is worth {worth}: a low limit would be filled")


class UnlistedOrders:
    """Orders past the venue, which permits none like them: they are followed by TWS' list of open orders alone.

    Parameters
    ----------
    timer
        Time of waiting.
    log
        Has the errors of orders.
    """

    def __init__(self, connector: IbkrConnector, timer: Clock, log: MessageLog) -> None:
        self._connector = connector
        self._timer = timer
        self._log = log

    def written(self, order: VenueRequest) -> tuple[Contract, tuple[ComboLeg, ...]]:
        """Return contract and legs as the venue writes them; skips the step when a contract is not known."""
        provider = self._connector.provider
        con_ids = [None if provider is None else provider.con_id(leg.contract) for leg in order.legs]
        known = [con_id for con_id in con_ids if con_id is not None]
        if len(known) < len(con_ids):
            raise StepSkippedError("the contract is not known")
        return contract_of(order, known)

    async def returned_reference(self, order: VenueRequest) -> str:
        """Send an order under a long reference; return how much of it comes back.

        Raises
        ------
        StepFailedError
            When less comes back than the connector relies on.
        """
        contract, legs = self.written(order)
        for length in LENGTHS:
            reference = f"{uuid4()}-".ljust(length, "x")
            order_id, row = await self.place(contract, legs, ticket_of(order, reference, Decimal(1)))
            if row is None:
                continue
            await self.cancel(order_id)
            back = row.order_ref
            text = f"of a reference of {length} characters {len(back)} come back"
            must(reference.startswith(back) and len(back) >= MAX_REFERENCE_CHARACTERS, text, REFERENCE_REMEDY)
            return text if length == LENGTHS[0] else f"{text}; an order with {LENGTHS[0]} is not listed"
        raise StepFailedError(f"no order with a reference of {LENGTHS[-1]} characters is listed", REFERENCE_REMEDY)

    async def changed_reference(self, order: VenueRequest) -> str:
        """Modify an order's limit and its reference; return which of both references it has then."""
        contract, legs = self.written(order)
        first, second = str(uuid4()), str(uuid4())
        order_id, row = await self.place(contract, legs, ticket_of(order, first, Decimal(1)))
        must(row is not None, f"the order is not listed: {self._error_of(order_id)}", REPORT_REMEDY)
        changed = ticket_of(replace(order, limit_price=TO_REPLACE), second, Decimal(1))
        await self._connector.orders.place_order(order_id, contract, changed, legs)
        row = await self._until(order_id, lambda seen: seen is None or seen.limit_price == changed.limit_price)
        if row is None:
            return f"IB has ended the order: {self._error_of(order_id)}"
        await self.cancel(order_id)
        if row.limit_price != changed.limit_price:
            return f"IB refuses the modification: {self._error_of(order_id)}"
        if row.order_ref == first:
            return "IB modifies the order, and keeps its first reference"
        must(row.order_ref == second, f"the order has another reference: {row.order_ref!r}", REPORT_REMEDY)
        return "IB modifies the order, and gives it the new reference"

    async def routes(self, order: VenueRequest) -> str:
        """Send a combo to SMART and to Cboe; return which of them takes it."""
        if is_future_option(order.legs[0].contract):
            raise StepSkippedError("options on futures have one route")
        contract, legs = self.written(order)
        answers: list[str] = []
        for route in (SMART, CBOE):
            sent = [replace(leg, exchange=route) for leg in legs]
            ticket = ticket_of(order, str(uuid4()), Decimal(1))
            order_id, row = await self.place(replace(contract, exchange=route), sent, ticket)
            if row is None:
                answers.append(f"{route} refuses it: {self._error_of(order_id)}")
                continue
            answers.append(f"{route} takes it, listed as {row.status} at {row.contract.exchange}")
            await self.cancel(order_id)
        return "; ".join(answers)

    async def place(
        self, contract: Contract, legs: Sequence[ComboLeg], ticket: OrderTicket
    ) -> tuple[int, OrderRow | None]:
        """Send an order; return its id, and its row once it is listed."""
        session = self._connector.orders
        order_id = session.next_id()
        await session.place_order(order_id, contract, ticket, legs)
        return order_id, await self._until(order_id, lambda row: row is not None)

    async def cancel(self, order_id: int) -> None:
        """Cancel an order; fails unless it leaves the list."""
        await self._connector.orders.cancel_order(order_id)
        left = await self._until(order_id, lambda row: row is None)
        must(left is None, f"order {order_id} is still listed after its cancel", CANCEL_REMEDY)

    def _error_of(self, order_id: int) -> str:
        return self._log.errors.get(("orders", order_id), "nothing was said")

    async def _until(self, order_id: int, done: Callable[[OrderRow | None], bool]) -> OrderRow | None:
        """Return an order's row in the list of open orders once it is as wanted, or after a while."""
        session, until = self._connector.orders, self._timer.now() + timedelta(seconds=LISTED_SECONDS)
        while True:
            rows = await session.open_orders()
            row = next(
                (listed for listed in rows if (listed.client_id, listed.order_id) == (session.client_id, order_id)),
                None,
            )
            if done(row) or self._timer.now() >= until:
                return row
            await self._timer.sleep(0.5)
