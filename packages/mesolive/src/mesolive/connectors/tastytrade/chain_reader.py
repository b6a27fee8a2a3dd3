"""Reads the chain of an underlying from tastytrade, and which symbol its own quotes have."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mesolive.clock import Clock
from mesolive.connectors.tastytrade.chain_listing import ListedChain, listed_chain, listed_futures_chain
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.contracts import Underlying
from mesolive.tastytrade_client import Future, RestApi, moment, value_of

NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReadChain:
    """A chain as it was read.

    Attributes
    ----------
    sources
        The symbols of the underlying's quotes, each with the moment until which it is the underlying: of a product of
        futures the futures, the nearest first.
    """

    chain: ListedChain
    sources: Sequence[tuple[datetime, str]]

    def source(self, now: datetime) -> str:
        """Return the symbol of the underlying's quotes at a moment; empty where there is none."""
        return next((symbol for until, symbol in self.sources if until > now), "")


async def read_chain(api: RestApi, item: Underlying, clock: Clock, calendar: ExchangeCalendar) -> ReadChain:
    """Read the options on an underlying.

    Raises
    ------
    mesolive.tastytrade_client.CallFailedError
        When the broker does not answer or refuses.
    TimeoutError
        When it lists no options.
    """
    sources: Sequence[tuple[datetime, str]] = ((NEVER, item.symbol),)
    # Thousands of contracts: not on the loop that serves orders.
    if item.is_future:
        futures = value_of(f"the futures {item.symbol}", await api.futures(item.symbol))
        nested = value_of(f"the chain of {item.symbol}", await api.nested_futures_chain(item.symbol))
        chain = await asyncio.to_thread(listed_futures_chain, item, nested, clock.now(), calendar)
        sources = sorted(
            (until, future.streamer_symbol) for future in futures if future.streamer_symbol and (until := _ends(future))
        )
    else:
        chains = value_of(f"the chain of {item.symbol}", await api.nested_chain(item.symbol))
        chain = await asyncio.to_thread(listed_chain, item, chains, clock.now(), calendar)
    if not len(chain.listing):
        raise TimeoutError(f"the broker lists no options on {item.symbol}")
    return ReadChain(chain, sources)


def _ends(future: Future) -> datetime | None:
    return moment(future.stops_trading_at) or moment(future.expires_at)
