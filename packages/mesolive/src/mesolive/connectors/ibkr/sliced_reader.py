"""Reading of a socket in slices: so much that TWS sends at once takes many turns of the loop, and not one.

Contract details come by the hundred, a quarter of a megabyte in one read. Decoded in one turn they hold everything
else of the process for a tenth of a second, orders included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

SLICE_BYTES: Final = 8 * 1024
"""About ten contract details, or 250 ticks: some milliseconds."""


class SlicedReader:
    """Passes bytes on in their order, a slice per turn of the loop.

    Parameters
    ----------
    take
        Takes a slice; a message may begin in one and end in the next.
    """

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._waiting = bytearray()
        self._next: asyncio.Handle | None = None

    def received(self, data: bytes) -> None:
        """Take what the socket has brought."""
        self._waiting += data
        if self._next is None:
            self._pass_on()

    def flush(self) -> None:
        """Pass on everything at once: the socket is closed, and what was read before counts before that."""
        self._cancel()
        while self._waiting:
            self._slice()

    def stop(self) -> None:
        """Drop what waits."""
        self._cancel()
        self._waiting.clear()

    def _pass_on(self) -> None:
        self._next = None
        self._slice()
        if self._waiting:
            self._next = asyncio.get_running_loop().call_soon(self._pass_on)

    def _slice(self) -> None:
        piece = bytes(self._waiting[:SLICE_BYTES])
        del self._waiting[:SLICE_BYTES]
        self._take(piece)

    def _cancel(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
