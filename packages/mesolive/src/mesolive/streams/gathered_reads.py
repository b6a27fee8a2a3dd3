"""Gathered reads: positions that many streams ask for at the same time are read together.

A page that opens follows all positions of its user at once, and each event of a user has all of their channels read
again: by one statement, not by one for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from mesolive.errors import not_found
from mesolive.tasks import Tasks
from mesolive.trading.portfolio.positions import Position
from mesolive.trading.valuation.from_positions import PositionReader

MAX_POSITIONS = 500
"""Positions that are read together at most."""


@dataclass(slots=True)
class _Batch:
    ids: set[int] = field(default_factory=set[int])
    reading: asyncio.Task[Mapping[int, Position]] | None = None


class GatheredReads:
    """Reads positions for streams.

    Parameters
    ----------
    positions
        What reads them.
    turns
        Limits how many reads run at a time: while all do, the next one grows.
    tasks
        Own the reads.
    """

    def __init__(self, positions: PositionReader, turns: asyncio.Semaphore, tasks: Tasks) -> None:
        self._positions = positions
        self._turns = turns
        self._tasks = tasks
        self._waiting: dict[int, _Batch] = {}

    async def read(self, user_id: int, position_id: int) -> Position:
        """Return one position of the user as it is now or later; `NotFound` when there is none of that id."""
        batch = self._waiting.get(user_id)
        if batch is None or len(batch.ids) >= MAX_POSITIONS:
            batch = self._waiting[user_id] = _Batch()
            # A failure is the answer of those who wait: it is no failure of the task.
            batch.reading = self._tasks.spawn("position reads", self._read(user_id, batch), expected=Exception)
        batch.ids.add(position_id)
        assert batch.reading is not None  # noqa: S101 - set with the batch
        # Who leaves does not end the read of the others.
        position = (await asyncio.shield(batch.reading)).get(position_id)
        if position is None:
            raise not_found(f"position {position_id}")
        return position

    async def _read(self, user_id: int, batch: _Batch) -> Mapping[int, Position]:
        async with self._turns:
            # From here on who asks may want a newer state than this read shows.
            if self._waiting.get(user_id) is batch:
                del self._waiting[user_id]
            return await self._positions.read_many(user_id, batch.ids)
