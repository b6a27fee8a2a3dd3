"""Fresh quotes for a preparation: candidates are pinned to market data lines, awaited, and selected from again.

A provider with few lines models most of its chain (`mesolive.market.partial_chain`). A selection on modelled values
names what to quote: the chosen contracts and their neighbours get a line at once, and the selection is repeated on
their quotes. Nothing is prepared on a modelled quote.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog

from mesolive.clock import Clock
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import OptionContract
from mesolive.market.lines import LinePriority
from mesolive.market.moments import NEVER
from mesolive.market.partial_chain import strikes_around
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market
from mesolive.market.subscriptions import SubscriptionHandle
from mesolive.tasks import Tasks
from mesolive_sdk.models import DataProviderType

T = TypeVar("T")

_log = structlog.get_logger(__name__)

MAX_WAIT: Final = timedelta(seconds=3)
"""The longest that a preparation waits for quotes, in market time."""
LOOK_EVERY_SECONDS: Final = 0.025
NEIGHBOURS: Final = 3
"""So many strikes on either side of a chosen one are quoted with it: the model may be wrong by one or two."""
KEPT_FOR_SECONDS: Final = 120.0
"""For how long the prepared contracts keep their lines: an order for the plan is priced by them."""


def is_fresh(view: BookView, contract: OptionContract) -> bool:
    """Return whether the provider updates a contract's quote now and it is no model's."""
    index = view.listing.find(contract)
    if index is None:
        return False
    columns = view.columns
    return columns.quality[index] != QuoteQuality.MODELLED and columns.released[index] == NEVER


class FreshQuotes:
    """Selects on fresh quotes.

    Parameters
    ----------
    market
        Whose providers quote.
    tasks
        Owns what keeps lines after a preparation.
    """

    def __init__(self, market: Market, tasks: Tasks) -> None:
        self._market = market
        self._tasks = tasks

    async def select(
        self,
        symbol: str,
        provider: DataProviderType | None,
        look: Callable[[], BookView],
        choose: Callable[[BookView], Awaitable[T]],
        contracts_of: Callable[[T], Iterable[OptionContract]],
    ) -> tuple[T, BookView]:
        """Return what was chosen, and the view on which it was.

        Parameters
        ----------
        symbol, provider
            Whose quotes, and of which underlying; `None` for the provider that serves it.
        look
            Returns the present market.
        choose
            Chooses on a view; called again whenever quotes have come.
        contracts_of
            Returns the contracts that must have fresh quotes.

        Returns
        -------
        tuple[T, BookView]
            Of a provider of whole chains, the first choice. Otherwise the first one of which all contracts have fresh
            quotes, or else the last one after `MAX_WAIT`: whoever prepares refuses the quotes that are not.
        """
        view = look()
        result = await choose(view)
        partial = self._market.partial_provider(symbol, provider)
        if partial is None or view.live_throughout:
            return result, view
        kind, clock = partial.name, partial.books[symbol].clock
        began = clock.now()
        deadline = began + MAX_WAIT
        with ExitStack() as leases:
            rounds = 0
            while True:
                chosen = list(contracts_of(result))
                if all(is_fresh(view, contract) for contract in chosen) and (rounds or not chosen):
                    break
                if clock.now() >= deadline:
                    break
                rounds += 1
                wanted = {item for one in chosen for item in strikes_around(view.listing, one, NEIGHBOURS)}
                partial.note_interest(symbol, {(item.root, item.day) for item in chosen})
                # The chosen contracts come first: lines are started in the order in which they are pinned.
                leases.enter_context(self._market.subscribe(chosen, kind, LinePriority.PREPARED))
                leases.enter_context(self._market.subscribe(wanted, kind, LinePriority.PREPARED))
                view = await _until_fresh(clock, look, wanted, deadline)
                result = await choose(view)
            chosen = list(contracts_of(result))
            _log.info(
                "preparation_quoted",
                rounds=rounds,
                seconds=(clock.now() - began).total_seconds(),
                contracts=[contract.symbol for contract in chosen],
            )
            self._keep(clock, self._market.subscribe(chosen, kind, LinePriority.PREPARED))
        return result, view

    def _keep(self, clock: Clock, lease: SubscriptionHandle) -> None:
        """Keep lines for a while after the preparation."""

        async def release_later() -> None:
            with lease:
                await clock.sleep(KEPT_FOR_SECONDS)

        self._tasks.spawn("prepared lines", release_later())


async def _until_fresh(
    clock: Clock, look: Callable[[], BookView], wanted: Iterable[OptionContract], deadline: datetime
) -> BookView:
    waiting = set(wanted)
    while True:
        view = look()
        waiting = {contract for contract in waiting if not is_fresh(view, contract)}
        if not waiting or view.now >= deadline:
            return view
        await clock.sleep(LOOK_EVERY_SECONDS)
