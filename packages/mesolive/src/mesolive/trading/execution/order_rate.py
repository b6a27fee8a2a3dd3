"""Order rate: how many orders an account has sent in the last minute, read once and then counted in memory.

To count rows for each batch of orders costs more the higher the rate is. One server sends orders at a time: on SQLite
the file lock sees to it, on PostgreSQL the send permits, which a server gets no more once another has taken over. So to
what this process has read of an account it adds what it stores itself.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from typing import Final

from mesolive.store.database import Transaction
from mesolive.trading.orders.open_orders import orders_sent_at

MINUTE: Final = timedelta(minutes=1)

MAX_ACCOUNTS: Final = 10_000
"""How many accounts are kept; beyond, all are read again."""


class _Sent:
    """Orders of one account by the moments at which they were stored, ascending.

    Attributes
    ----------
    since
        Orders that were stored later than this are known.
    """

    __slots__ = ("_moments", "_numbers", "_total", "since")

    def __init__(self, since: datetime) -> None:
        self.since = since
        self._moments: list[datetime] = []
        self._numbers: list[int] = []
        self._total = 0

    def add(self, at: datetime, number: int) -> None:
        self._total += number
        place = bisect_right(self._moments, at)
        if place and self._moments[place - 1] == at:
            self._numbers[place - 1] += number
        else:
            self._moments.insert(place, at)
            self._numbers.insert(place, number)

    def count(self, now: datetime) -> int:
        """Return how many were stored in the minute up to `now`, and forget those before it."""
        self.since = now - MINUTE
        gone = bisect_right(self._moments, self.since)
        if gone:
            self._total -= sum(self._numbers[:gone])
            del self._moments[:gone], self._numbers[:gone]
        # A simulated market may have gone back to an earlier moment: orders with later times do not count.
        return self._total - sum(self._numbers[bisect_right(self._moments, now) :])


class OrderRate:
    """Counts the orders of accounts. What one transaction adds must be committed before the next one counts."""

    def __init__(self) -> None:
        self._sent: dict[int, _Sent] = {}

    async def count(self, tx: Transaction, account_id: int, now: datetime) -> int:
        """Return how many orders an account has stored later than a minute before `now`, until `now`."""
        sent = self._sent.get(account_id)
        if sent is None or now - MINUTE < sent.since:
            sent = _Sent(now - MINUTE)
            for at, number in await orders_sent_at(tx, account_id, sent.since, now):
                sent.add(at, number)
            if len(self._sent) >= MAX_ACCOUNTS:
                self._sent.clear()
            self._sent[account_id] = sent
        return sent.count(now)

    def add(self, account_id: int, at: datetime, number: int) -> None:
        """Count orders that were stored at a moment and are committed."""
        if (sent := self._sent.get(account_id)) is not None:
            sent.add(at, number)

    def clear(self) -> None:
        """Read all accounts again the next time: whether a transaction was committed is not known."""
        self._sent.clear()
