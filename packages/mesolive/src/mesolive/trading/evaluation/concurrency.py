"""Concurrency of entries: warns when an entry exceeds `MaxPositionsInFlight` of its strategy on an account.

`MaxPositionsInFlight` does not bind manual trading: an entry beyond it is carried out, always with a warning.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from mesolive.language import parse_definition
from mesolive.store.database import Transaction
from mesolive.trading.orders.open_orders import plans_entered_at_venues
from mesolive.trading.portfolio.plans import Plan, PlanKind
from mesolive.trading.portfolio.position_queries import count_positions_in_flight
from mesolive.trading.strategies import find_definition

MAX_DEFINITIONS = 256
"""Size of the cache of allowed numbers, by definition: parsing a definition takes milliseconds."""

MAX_COUNTED_ENTRIES = 50
"""Up to how many entries at venues the warning gives their exact number. Counting costs time within the transaction
that sends orders, and a strategy may have thousands of working orders."""


@lru_cache(maxsize=MAX_DEFINITIONS)
def max_positions(definition: str) -> int:
    """Return how many positions a stored definition allows at a time on one account."""
    return parse_definition(definition).entry.max_positions


@dataclass(frozen=True, slots=True)
class _InFlight:
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
        held = in_flight.positions + len(in_flight.entering - {plan.id})
        if held < in_flight.allowed or held == 0:
            return None
        beyond = "or more " if len(in_flight.entering) >= in_flight.limit else ""
        return (
            f"this entry goes against its strategy: MaxPositionsInFlight is {in_flight.allowed}, and {held} {beyond}"
            f"position{'s are' if held != 1 else ' is'} in flight or being entered on {plan.broker_account_id} already"
        )

    async def _in_flight(self, strategy_id: int, account_id: int) -> _InFlight:
        allowed = max_positions(await find_definition(self._tx, self._user_id, strategy_id))
        limit = max(allowed, MAX_COUNTED_ENTRIES) + 1  # one of them may be the entry itself
        held = await count_positions_in_flight(self._tx, strategy_id, account_id)
        entering = await plans_entered_at_venues(self._tx, strategy_id, account_id, limit)
        return _InFlight(allowed, held, entering, limit)
