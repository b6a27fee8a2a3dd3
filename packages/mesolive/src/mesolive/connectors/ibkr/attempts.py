"""Calls of the venue that wait for TWS: what was asked for, and how it came out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from mesolive.connectors.ibkr.error_codes import Phase
from mesolive.connectors.ibkr.order_book import Chain, Order


def _future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False)
class Attempt:
    """One new order, modification or cancel under way.

    Attributes
    ----------
    order
        The order that is sent, or that is to be cancelled.
    done
        Done when the order book says how it came out.
    denial
        Why a cancel is not carried out, with the code; `None` while it may be.
    """

    phase: Phase
    order: Order
    done: asyncio.Future[None] = field(default_factory=_future)
    denial: tuple[str, int] | None = None

    def finish(self) -> None:
        """Let the call continue."""
        if not self.done.done():
            self.done.set_result(None)


class Attempts:
    """The calls that wait: one at a time for a chain."""

    def __init__(self) -> None:
        self._by_chain: dict[str, Attempt] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def lock(self, order_ref: str) -> asyncio.Lock:
        """Return the lock of a chain's calls."""
        if len(self._locks) > 1000:  # locks that are not held are made again when they are needed
            self._locks = {key: lock for key, lock in self._locks.items() if lock.locked()}
        return self._locks.setdefault(order_ref, asyncio.Lock())

    def begin(self, phase: Phase, order: Order) -> Attempt:
        """Wait for an outcome from now on."""
        attempt = Attempt(phase, order)
        self._by_chain[order.chain.order_ref] = attempt
        return attempt

    def end(self, attempt: Attempt) -> None:
        """Wait no more."""
        if self._by_chain.get(attempt.order.chain.order_ref) is attempt:
            del self._by_chain[attempt.order.chain.order_ref]

    def of(self, chain: Chain) -> Attempt | None:
        """Return what is under way for a chain."""
        return self._by_chain.get(chain.order_ref)
