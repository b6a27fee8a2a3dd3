"""Market data lines of held and ordered contracts: a provider with few lines quotes them without a break.

Providers of whole chains need none of this: the loop looks at their kind and sleeps on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import structlog

from mesolive.clock import Clock
from mesolive.market.contracts import OptionContract
from mesolive.market.lines import LinePriority
from mesolive.market.provider import PartialProvider
from mesolive.market.service import Market
from mesolive.market.subscriptions import SubscriptionHandle
from mesolive.store.database import Database
from mesolive.tasks import Tasks, Turns
from mesolive.trading.orders.open_orders import plans_with_open_orders
from mesolive.trading.portfolio.plans import contracts_of_plans
from mesolive.trading.portfolio.position_queries import held_contracts
from mesolive_sdk.models import DataProviderType

LOOK_EVERY_SECONDS: Final = 5.0

_log = structlog.get_logger(__name__)


class LinePins:
    """Pins market data lines of held and ordered contracts, updated every few seconds of market time.

    Parameters
    ----------
    market
        Whose providers quote.
    clock
        Market time.
    """

    def __init__(self, database: Database, market: Market, clock: Clock) -> None:
        self._database = database
        self._market = market
        self._clock = clock
        self._leases: dict[tuple[DataProviderType, LinePriority], SubscriptionHandle] = {}
        self.tasks = Tasks()

    async def start(self) -> None:
        """Pin now, and go on looking."""
        await self.pin()
        self.tasks.start_loop("market data lines", self._run)

    async def stop(self) -> None:
        """Let the lines go; safe to call twice."""
        await self.tasks.stop()
        while self._leases:
            self._leases.popitem()[1].close()

    async def pin(self) -> None:
        """Pin the contracts held and ordered at this moment, and unpin the others."""
        partial = [kind for kind, provider in self._market.providers.items() if isinstance(provider, PartialProvider)]
        if not partial:
            return
        async with self._database.read() as tx:
            wanted = {
                LinePriority.HELD: set(await held_contracts(tx)),
                LinePriority.ORDERED: set(await contracts_of_plans(tx, await plans_with_open_orders(tx))),
            }
        for kind in partial:
            books = self._market.providers[kind].books
            for priority, contracts in wanted.items():
                self._lease(kind, priority, [item for item in contracts if item.underlying in books])

    def _lease(self, kind: DataProviderType, priority: LinePriority, contracts: Iterable[OptionContract]) -> None:
        before = self._leases.get((kind, priority))
        new = frozenset(contracts)
        if before is not None and before.contracts == new:
            return
        self._leases[kind, priority] = self._market.subscribe(new, kind, priority)
        if before is not None:
            before.close()  # after the new lease: what is in both keeps its line
        _log.info("lines_pinned", provider=kind.name, priority=priority.name, contracts=len(new))

    async def _run(self, turns: Turns) -> None:
        while True:
            await self._clock.sleep(LOOK_EVERY_SECONDS)
            await self.pin()
            turns.turned()
