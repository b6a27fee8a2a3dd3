"""Fair scheduling between users: round-robin turns, a limit of concurrent calls per user, and an urgent lane.

Hundreds of calls of one user delay that user alone: a call waits for at most one turn of each other user. Calls that
lower risk (cancels, exits) run before all others.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from enum import Enum

URGENT: ContextVar[bool] = ContextVar("mesolive_urgent", default=False)
"""Whether the work of this context lowers risk: it is set for calls of that lane, and for the tasks that they start."""

Waiter = asyncio.Future[None]


class Lane(Enum):
    """Lanes of calls. Calls in different lanes do not wait for each other."""

    COMMON = "common"
    ORDERS = "orders"
    RISK = "risk"
    """What lowers risk: cancels, exits, liquidations."""

    # Members are single objects; the hash of `Enum` runs in Python, five times for each call.
    __hash__ = object.__hash__


class _Queue:
    """Waiters by user. The next waiter belongs to the user who has waited longest for a turn."""

    def __init__(self) -> None:
        self._waiters: OrderedDict[Hashable, deque[Waiter]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._waiters)

    def put(self, user: Hashable, waiter: Waiter) -> None:
        self._waiters.setdefault(user, deque()).append(waiter)

    def pop(self) -> Waiter | None:
        """Return the next waiter that still waits."""
        while self._waiters:
            user, waiters = next(iter(self._waiters.items()))
            waiter = waiters.popleft()
            if waiters:
                self._waiters.move_to_end(user)
            else:
                del self._waiters[user]
            if not waiter.done():
                return waiter
        return None


class FairTurns:
    """A semaphore whose waiters have their turns round robin by user, the urgent ones first.

    Parameters
    ----------
    number
        How many have a turn at once.
    idle
        Called when a turn is given back and no caller waits for one; returns whether it takes the turn itself, to give
        it back later.
    """

    def __init__(self, number: int, idle: Callable[[], bool] | None = None) -> None:
        self._number = number
        self._free = number
        self._idle = idle
        self._urgent = _Queue()
        self._common = _Queue()

    @property
    def is_free(self) -> bool:
        """Whether no turn is taken or awaited."""
        return self._free == self._number

    async def acquire(self, user: Hashable) -> None:
        """Wait for a turn."""
        if self._free > 0 and not self._urgent and not self._common:
            self._free -= 1
            return
        waiter: Waiter = asyncio.get_running_loop().create_future()
        (self._urgent if URGENT.get() else self._common).put(user, waiter)
        if self._free > 0:
            self._free -= 1
            self.release()  # All earlier waiters were cancelled: take the turn at once.
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()  # the turn was granted before the cancellation arrived
            raise

    def release(self) -> None:
        """Pass the turn on."""
        waiter = self._urgent.pop() or self._common.pop()
        if waiter is not None:
            waiter.set_result(None)
        elif self._idle is None or not self._idle():
            self._free += 1


ORDERS_FACTOR = 4
"""Calls of the orders lane per call of another lane: those that run together are stored in one commit."""


class CallShares:
    """Bounds how many calls of one user run at once, in each lane by itself, over all connections of the user.

    Parameters
    ----------
    calls
        Of one user, in one lane; `ORDERS_FACTOR` times as many in the lane of orders. Further ones wait for those. All
        of them are between another user's call and its next step on the event loop, so that few are both fairer and
        faster: readers of the database compete for the interpreter.
    """

    def __init__(self, calls: int) -> None:
        self._calls = calls
        self._turns: dict[tuple[Hashable, Lane], FairTurns] = {}
        self._present: Counter[tuple[Hashable, Lane]] = Counter()

    @property
    def present(self) -> int:
        """The number of calls that run or wait."""
        return self._present.total()

    def turn(self, user: Hashable, lane: Lane) -> _CallTurn:
        """Return a context that runs a call of a user within the limit of concurrent calls of that user."""
        return _CallTurn(self, user, lane)

    def enter(self, user: Hashable, lane: Lane) -> FairTurns:
        """Count a call of a user, and return what it must have a turn of."""
        key = (user, lane)
        turns = self._turns.get(key)
        if turns is None:
            turns = self._turns[key] = FairTurns(self._calls * (ORDERS_FACTOR if lane is Lane.ORDERS else 1))
        self._present[key] += 1
        return turns

    def leave(self, user: Hashable, lane: Lane) -> None:
        """Count a call less."""
        key = (user, lane)
        self._present[key] -= 1
        if not self._present[key]:
            del self._present[key], self._turns[key]


class _CallTurn:
    """The turn of one call. A class, because every call has one and a generator costs three times as much."""

    __slots__ = ("_lane", "_reset", "_shares", "_turns", "_user")

    def __init__(self, shares: CallShares, user: Hashable, lane: Lane) -> None:
        self._shares = shares
        self._user = user
        self._lane = lane

    async def __aenter__(self) -> None:
        self._turns = self._shares.enter(self._user, self._lane)
        self._reset = URGENT.set(self._lane is Lane.RISK)
        try:
            await self._turns.acquire(self._user)
        except BaseException:
            self._end()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._turns.release()
        self._end()

    def _end(self) -> None:
        URGENT.reset(self._reset)
        self._shares.leave(self._user, self._lane)


class CountedShares:
    """Counts the open resources of each user, such as streams.

    Parameters
    ----------
    maximum
        How many one user may have.
    """

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self._open: Counter[Hashable] = Counter()

    def take(self, user: Hashable) -> bool:
        """Count one more; returns False when the user has the maximum already."""
        if self._open[user] >= self.maximum:
            return False
        self._open[user] += 1
        return True

    def give_back(self, user: Hashable) -> None:
        """Count one less."""
        self._open[user] -= 1
        if self._open[user] <= 0:
            del self._open[user]
