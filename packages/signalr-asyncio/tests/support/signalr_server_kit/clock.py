"""A clock that tests move by hand, and waiting for what needs no time."""

from __future__ import annotations

import asyncio

from signalr_asyncio.testing import ManualClock

__all__ = ["ManualClock", "settle"]


async def settle() -> None:
    """Let everything run that can run without time passing or a peer acting."""
    for _ in range(25):
        await asyncio.sleep(0)
