"""Subscription to the market data of one contract: the handle that its owner closes."""

from __future__ import annotations

import asyncio
from typing import Protocol


class LineOwner(Protocol):
    """What a subscription needs of the session that made it."""

    def has_line(self, req_id: int) -> bool:
        """Whether ticks of a subscription are passed on."""
        ...

    def close_line(self, req_id: int, written: asyncio.Future[None]) -> None:
        """End a subscription."""
        ...


class Line:
    """A subscription to the market data of one contract."""

    def __init__(self, session: LineOwner, req_id: int, written: asyncio.Future[None]) -> None:
        self._session = session
        self.req_id = req_id
        self._written = written

    @property
    def open(self) -> bool:
        """Whether the sink still receives ticks."""
        return self._session.has_line(self.req_id)

    def close(self) -> None:
        """End the subscription; the sink is not called any more."""
        self._session.close_line(self.req_id, self._written)
