"""Steps of the checklist whose outcome is published nowhere: which orders IB takes, and how long a reference may be.

Where IB refuses, the step has passed all the same when the connector does not depend on it: the answer is the finding.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import uuid4

from mesolive.clock import Clock
from mesolive.connectors.checklist_steps import StepFailedError, StepSkippedError, must
from mesolive.connectors.ibkr.connector import IbkrConnector
from mesolive.connectors.ibkr.order_entry import MAX_REFERENCE_CHARACTERS
from mesolive.connectors.ibkr.order_terms import contract_of, ticket_of
from mesolive.connectors.ibkr.tws_messages import OrderRow
from mesolive.connectors.order_trial import OrderTrial
from mesolive.venues.base import Ended, VenueRequest

LENGTHS: Final = (128, MAX_REFERENCE_CHARACTERS)
"""Characters of the references that are tried; the connector sends no longer one than the last."""
LISTED_SECONDS: Final = 15.0

CANCEL_REMEDY: Final = "Cancel in TWS what the checklist has left, and send us the report."
REFERENCE_REMEDY: Final = (
    "Trade nothing by this connector, and send us the report: orders are known by their reference."
)


async def answer_to(trial: OrderTrial, order: VenueRequest) -> str:
    """Send an order that is not to be filled, cancel it, and return what IB said of it."""
    answer = await trial.probe(order)
    if isinstance(answer, Ended):
        return f"IB refuses it: {answer.reason}"
    await trial.must_be_listed()
    await trial.cancel()
    return f"IB takes it: order {answer.venue_id} was listed as working, and cancelled"


async def longest_reference(connector: IbkrConnector, timer: Clock, order: VenueRequest) -> str:
    """Send an order under a long reference, past the venue, which permits none; return how much of it comes back.

    Raises
    ------
    StepFailedError
        When less comes back than the connector relies on.
    """
    provider = connector.provider
    con_id = None if provider is None else provider.con_id(order.legs[0].contract)
    if con_id is None:
        raise StepSkippedError("the contract is not known")
    session = connector.orders
    contract, _ = contract_of(order, [con_id])
    for length in LENGTHS:
        reference = f"{uuid4()}-".ljust(length, "x")
        order_id = session.next_id()
        await session.place_order(order_id, contract, ticket_of(order, reference, Decimal(1)))
        row = await _listed(connector, timer, order_id, there=True)
        if row is None:
            continue
        await session.cancel_order(order_id)
        left = await _listed(connector, timer, order_id, there=False)
        must(left is None, f"order {order_id} is still listed after its cancel", CANCEL_REMEDY)
        back = row.order_ref
        found = f"of a reference of {length} characters {len(back)} come back"
        must(reference.startswith(back) and len(back) >= MAX_REFERENCE_CHARACTERS, found, REFERENCE_REMEDY)
        return found if length == LENGTHS[0] else f"{found}; an order with {LENGTHS[0]} is not listed"
    raise StepFailedError(f"no order with a reference of {LENGTHS[-1]} characters is listed", REFERENCE_REMEDY)


async def _listed(connector: IbkrConnector, timer: Clock, order_id: int, *, there: bool) -> OrderRow | None:
    """Return a working order of the list once it is there, or not there any more; else after a while what is true."""
    session, until = connector.orders, timer.now() + timedelta(seconds=LISTED_SECONDS)
    while True:
        rows = await session.open_orders()
        row = next(
            (entry for entry in rows if (entry.client_id, entry.order_id) == (session.client_id, order_id)), None
        )
        if (row is not None) == there or timer.now() >= until:
            return row
        await timer.sleep(0.5)
