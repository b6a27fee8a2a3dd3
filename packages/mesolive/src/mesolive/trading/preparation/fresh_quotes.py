"""Fresh quotes for a preparation: candidates are pinned to market data lines, awaited, and selected from again.

A provider with few lines models most of its chain (`mesolive.market.partial_chain`). A selection on modelled values
names what to quote: the chosen contracts and their neighbours get a line at once, and the selection is repeated on
their quotes. Nothing is prepared on a modelled quote.

Such a provider may read its chain expiration by expiration. A selection whose best expiration is listed but not read
waits for it: another one would not be what the definition asks for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Final, TypeVar

import numpy as np
import structlog

from mesolive.clock import Clock
from mesolive.language.decision import SelectionError, UnreadExpirationError
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import OptionContract
from mesolive.market.lines import LinePriority
from mesolive.market.moments import NEVER
from mesolive.market.partial_chain import strikes_around
from mesolive.market.provider import PartialProvider
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market
from mesolive.market.subscriptions import SubscriptionHandle
from mesolive.tasks import Tasks
from mesolive_sdk.models import DataProviderType

T = TypeVar("T")

_log = structlog.get_logger(__name__)

MAX_WAIT: Final = timedelta(seconds=3)
"""The longest that a preparation waits for quotes, in market time."""
MAX_READ: Final = timedelta(seconds=40)
"""The longest that it waits for contracts that the provider has not read yet."""
LOOK_EVERY_SECONDS: Final = 0.025
NEIGHBOURS: Final = 3
"""So many strikes on either side of a chosen one are quoted with it: the model may be wrong by one or two."""
RETENTION_SECONDS: Final = 120.0
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

        Raises
        ------
        mesolive.language.decision.SelectionError
            Of `choose`; when the contracts of the best expiration were not read within `MAX_READ`, with what is read.
        """
        partial = self._market.partial_provider(symbol, provider)
        if partial is None:
            view = look()
            return await choose(view), view
        result, view = await _chosen_of_whole(partial, symbol, look, choose)
        if view.live_throughout:
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
                wanted = {item for contract in chosen for item in strikes_around(view.listing, contract, NEIGHBOURS)}
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
                await clock.sleep(RETENTION_SECONDS)

        self._tasks.spawn("prepared lines", release_later())


async def _chosen_of_whole(
    partial: PartialProvider,
    symbol: str,
    look: Callable[[], BookView],
    choose: Callable[[BookView], Awaitable[T]],
) -> tuple[T, BookView]:
    """Choose once all expirations that the choice needs are read, the ones that it asks for before all others."""
    clock = partial.books[symbol].clock
    read_by = clock.now() + MAX_READ
    while True:
        view = await _until_modelled(clock, look)
        try:
            return await choose(view), view
        except UnreadExpirationError as error:
            if clock.now() >= read_by:
                raise _not_read(error, partial, view) from None
            awaited = error.expiration
            _log.info("preparation_delayed", symbol=symbol, root=awaited.root, day=awaited.day.isoformat())
            partial.note_interest(symbol, [(awaited.root, awaited.day)])
            while awaited in look().unread_expirations and clock.now() < read_by:
                await clock.sleep(LOOK_EVERY_SECONDS)


async def _until_modelled(clock: Clock, look: Callable[[], BookView]) -> BookView:
    """Return the market once what was listed just now has its first values, of the model's next fit; or after a while.

    A choice among the few contracts of an expiration that are quoted by then would be the best of those alone.
    """
    deadline = clock.now() + MAX_WAIT
    while _lacks_values(view := look()) and clock.now() < deadline:
        await clock.sleep(LOOK_EVERY_SECONDS)
    return view


def _lacks_values(view: BookView) -> bool:
    """Return whether most calls or most puts of an expiration that still trades have no offer, not even a model's."""
    listing = view.listing
    unknown = np.isnan(view.columns.values["ask"])
    sides = [
        side
        for start, middle, end in listing.bounds[listing.first_alive(view.now) :]
        for side in (unknown[start:middle], unknown[middle:end])
    ]
    return any(2 * np.count_nonzero(side) > len(side) for side in sides)


def _not_read(error: UnreadExpirationError, partial: PartialProvider, view: BookView) -> SelectionError:
    read, unread = len(view.expirations), len(view.unread_expirations)
    status = partial.status.message
    return SelectionError(
        error.what,
        f"{error.reason}: {partial.name.name} was asked for them {MAX_READ.total_seconds():g} s ago, and has sent "
        f"{read} of {read + unread} expirations; prepare again later{f' ({status})' if status else ''}",
    )


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
