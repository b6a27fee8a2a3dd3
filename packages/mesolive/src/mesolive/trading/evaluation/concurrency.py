"""Concurrency of entries: warns when an entry exceeds `MaxPositionsInFlight` of its strategy on an account.

`MaxPositionsInFlight` does not bind manual trading: an entry beyond it is carried out, always with a warning.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import lru_cache

from msgspec import Struct

from mesolive.language import parse_definition
from mesolive.store.database import Transaction
from mesolive.trading.orders.open_orders import plans_entered_at_venues
from mesolive.trading.portfolio.plans import Plan, PlanKind
from mesolive.trading.portfolio.position_queries import positions_in_flight

MAX_DEFINITIONS = 256
"""Size of the cache of allowed numbers, by definition: parsing a definition takes milliseconds."""

MAX_COUNTED_ENTRIES = 10
"""Up to how many entries at venues the warning gives their exact number. Counting costs time within the transaction
that sends orders (two look-ups for each), and a strategy may have thousands of working orders."""


@lru_cache(maxsize=MAX_DEFINITIONS)
def max_positions(definition: str) -> int:
    """Return how many positions a stored definition allows at a time on one account."""
    return parse_definition(definition).entry.max_positions


class _InFlight(Struct, frozen=True):
    """What a strategy has in flight on an account.

    Attributes
    ----------
    allowed
        `MaxPositionsInFlight`.
    positions
        Positions that are not closed.
    entering
        Plans of entries whose orders work and that have no position yet, at most `limit` of them.
    """

    allowed: int
    positions: int
    entering: AbstractSet[int]
    limit: int


class ConcurrencyCheck:
    """Warns of entries beyond `MaxPositionsInFlight`, for one user within one transaction.

    What a strategy has in flight is read once, with its first entry. The orders of all entries that are checked must be
    stored by then: they count for each other.
    """

    def __init__(self, tx: Transaction, user_id: int) -> None:
        self._tx = tx
        self._user_id = user_id
        self._read: dict[tuple[int, int], _InFlight] = {}

    async def warning(self, plan: Plan) -> str | None:
        """Return the warning for an entry beyond `MaxPositionsInFlight`, or `None`.

        Parameters
        ----------
        plan
            The exec plan. Only an entry plan without a position opens a new position; its own orders do not count.
        """
        if plan.kind is not PlanKind.ENTRY or plan.position_id is not None:
            return None
        key = (plan.strategy_id, plan.account_id)
        in_flight = self._read.get(key)
        if in_flight is None:
            in_flight = self._read[key] = await self._in_flight(*key)
        count = in_flight.positions + len(in_flight.entering - {plan.id})
        if count < in_flight.allowed or count == 0:
            return None
        beyond = "or more " if len(in_flight.entering) >= in_flight.limit else ""
        return (
            f"this entry goes against its strategy: MaxPositionsInFlight is {in_flight.allowed}, and {count} {beyond}"
            f"position{'s are' if count != 1 else ' is'} in flight or being entered on {plan.broker_account_id} already"
        )

    async def _in_flight(self, strategy_id: int, account_id: int) -> _InFlight:
        definition, positions = await positions_in_flight(self._tx, self._user_id, strategy_id, account_id)
        allowed = max_positions(definition)
        limit = max(allowed, MAX_COUNTED_ENTRIES) + 1  # one of them may be the entry itself
        entering = await plans_entered_at_venues(self._tx, strategy_id, account_id, limit)
        return _InFlight(allowed, positions, entering, limit)
