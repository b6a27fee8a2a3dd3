"""Graceful shutdown on SIGTERM and SIGINT: hubs end before the web server."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

log = logging.getLogger("signalr_asyncio.server")

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ExitSignals:
    """Runs a shutdown when the process is asked to end, and then lets the web server's own handler have the signal.

    A web server that gets the signal first cuts its WebSockets, so that no call is answered any more, and waits for
    event streams and polls that never end. ASGI does not announce the shutdown to the application. A second
    signal goes to the web server at once.

    Parameters
    ----------
    shutdown
        Ends the hubs.
    """

    def __init__(self, shutdown: Callable[[], Awaitable[None]]) -> None:
        self._shutdown = shutdown
        self._loop: asyncio.AbstractEventLoop | None = None
        self._previous: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._ending: asyncio.Task[None] | None = None

    def install(self) -> None:
        """Stand before the handlers that are installed; do nothing outside of the main thread, or where there are none.

        Handlers of `loop.add_signal_handler` are left alone: who has them decides about the order of the end itself.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        self._loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler) and handler is not signal.default_int_handler and not _is_of_a_loop(handler):
                self._previous[number] = handler
                signal.signal(number, self._handle)

    def uninstall(self) -> None:
        """Restore the previous handlers, unless ours were replaced."""
        for number, handler in self._previous.items():
            if signal.getsignal(number) == self._handle:
                signal.signal(number, handler)
        self._previous.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._ending is None and self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._begin, number, frame)
        elif number in self._previous:
            self._previous[number](number, frame)

    def _begin(self, number: int, frame: FrameType | None) -> None:
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._end(number, frame))

    async def _end(self, number: int, frame: FrameType | None) -> None:
        previous = self._previous[number]
        try:
            await self._shutdown()
        except Exception:
            log.exception("the shutdown failed")
        finally:
            previous(number, frame)


def _is_of_a_loop(handler: Callable[..., Any]) -> bool:
    return getattr(handler, "__module__", "").partition(".")[0] in {"asyncio", "uvloop"}
