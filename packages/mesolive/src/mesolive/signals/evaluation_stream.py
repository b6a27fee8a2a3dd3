"""Stream of evaluations: what entries, exits and adjustments were found to be, also where conditions were false.

An evaluation is sent after it was made, at most one item a second. An item has the last evaluation of every strategy
that is followed, so that a slow client which misses an item misses nothing of what holds now.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.signals.latest import LatestEvaluations
from mesolive_sdk import models
from signalr_asyncio import Shared

MIN_INTERVAL_SECONDS = 1.0
"""Real time between two items: what is evaluated within it is one item."""


class _Item(Struct, frozen=True):
    """Evaluations, and the item that sends them, which is encoded once for all who ask for the same."""

    evaluations: list[models.StrategyEvaluated]
    shared: Shared


class EvaluationStreams:
    """Streams the evaluations of users.

    Parameters
    ----------
    latest
        Keeps the last evaluations.
    pace
        Real time.
    """

    def __init__(self, latest: LatestEvaluations, pace: Clock) -> None:
        self._latest = latest
        self._pace = pace
        self._cached: tuple[tuple[int, int, int | None, str | None, int | None], _Item] | None = None

    def follow(self, user: UserContext, args: models.StreamEvaluationsArgs) -> EvaluationStream:
        """Return the stream of a user's evaluations, of all strategies and accounts or of those that are named."""
        return EvaluationStream(self, user, args)

    async def push(self, user: UserContext, args: models.StreamEvaluationsArgs, put: Callable[[Shared], None]) -> None:
        """Call `put` with what was evaluated so far, and again after each evaluation, until cancelled."""
        sent: list[models.StrategyEvaluated] | None = None
        while True:
            version = self._latest.version(user.user_id)
            item = await self._item(version, user, args)
            if item.evaluations != sent:
                put(item.shared)
                sent = item.evaluations
            await self._latest.changed(user.user_id, version)
            await self._pace.sleep(MIN_INTERVAL_SECONDS)

    async def _item(self, version: int, user: UserContext, args: models.StreamEvaluationsArgs) -> _Item:
        """Return the item of a version; the last one that was made is at hand, for several pages ask for the same."""
        key = (user.user_id, version, args.StrategyId, args.BrokerAccountId, args.PositionId)
        if self._cached is None or self._cached[0] != key:
            asked = models.GetEvaluationsArgs(
                StrategyId=args.StrategyId, BrokerAccountId=args.BrokerAccountId, PositionId=args.PositionId
            )
            evaluations = (await self._latest.get(user, asked)).Evaluations
            self._cached = (key, _Item(evaluations, Shared(models.EvaluationsEntry(Evaluations=evaluations))))
        return self._cached[1]


class EvaluationStream(Struct, frozen=True):
    """One user's evaluations, to have pushed into a connection."""

    streams: EvaluationStreams
    user: UserContext
    args: models.StreamEvaluationsArgs

    async def push(self, put: Callable[[Shared], None]) -> None:
        """Call `put` with each item until cancelled."""
        await self.streams.push(self.user, self.args, put)
