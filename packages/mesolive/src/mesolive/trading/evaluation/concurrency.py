"""Concurrency of entries: warns when an entry exceeds `MaxPositionsInFlight` of its strategy on an account.

`MaxPositionsInFlight` does not bind manual trading: an entry beyond it is carried out, always with a warning.
"""

from __future__ import annotations

from functools import lru_cache

from mesolive.language import parse_definition
from mesolive.store.database import Transaction
from mesolive.trading.orders.open_orders import count_entries_at_venues
from mesolive.trading.portfolio.plans import Plan, PlanKind
from mesolive.trading.portfolio.position_queries import count_positions_in_flight
from mesolive.trading.strategies import find_strategy

MAX_DEFINITIONS = 256
"""Size of the cache of allowed numbers, by definition: parsing a definition takes milliseconds."""


@lru_cache(maxsize=MAX_DEFINITIONS)
def max_positions(definition: str) -> int:
    """Return how many positions a stored definition allows at a time on one account."""
    return parse_definition(definition).entry.max_positions


async def concurrency_warning(tx: Transaction, user_id: int, account_id: int, plan: Plan) -> str | None:
    """Return the warning for an entry beyond `MaxPositionsInFlight`, or `None`.

    Parameters
    ----------
    plan
        The exec plan. Only an entry plan without a position opens a new position.
    """
    if plan.kind is not PlanKind.ENTRY or plan.position_id is not None:
        return None
    held = await count_positions_in_flight(tx, plan.strategy_id, account_id)
    held += await count_entries_at_venues(tx, plan.strategy_id, account_id, plan.id)
    if held == 0:
        return None
    strategy = await find_strategy(tx, user_id, plan.strategy_id, deleted=True)
    allowed = max_positions(strategy.definition)
    if held < allowed:
        return None
    return (
        f"this entry goes against its strategy: MaxPositionsInFlight is {allowed}, and {held} "
        f"position{'s are' if held != 1 else ' is'} in flight or being entered on {plan.broker_account_id} already"
    )
