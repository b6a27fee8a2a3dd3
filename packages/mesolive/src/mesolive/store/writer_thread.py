"""Worker thread for blocking database calls: runs them in order, outside of the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

R = TypeVar("R")

_Item = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class Worker(Protocol):
    """Runs blocking work in order."""

    @property
    def busy(self) -> bool:
        """Whether work is waiting or under way."""
        ...

    def do(self, work: Callable[[], R]) -> asyncio.Future[R]:
        """Queue work; the future gets its result or its exception."""
        ...

    def close(self) -> None:
        """End after the queued work."""
        ...


class EventLoopWorker:
    """Runs work at once, on the event loop: for a process that has nothing else to do meanwhile, as a backtest."""

    busy = False

    def do(self, work: Callable[[], R]) -> asyncio.Future[R]:
        """Run work; return a future that is done."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        try:
            answer.set_result(work())
        except Exception as error:  # noqa: BLE001 - it is the answer
            answer.set_exception(error)
        return answer

    def close(self) -> None:
        """Do nothing: no thread was started."""


class WriterThread:
    """One thread with a queue before it; started by its first work. Used from one event loop.

    Cancelling the caller does not stop its work: later work begins when it has ended.

    Parameters
    ----------
    name
        The thread's name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._items: SimpleQueue[_Item | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._pending = 0

    @property
    def busy(self) -> bool:
        """Whether work is waiting or under way."""
        return self._pending > 0

    def do(self, work: Callable[[], R]) -> asyncio.Future[R]:
        """Queue work for the thread; the future gets its result or its exception."""
        if self._thread is None:
            # A daemon thread: a commit that never returns must not keep the process alive.
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._pending += 1
        self._items.put((work, loop, answer))
        return answer

    def close(self) -> None:
        """End the thread after its queued work; later work starts another."""
        if self._thread is not None:
            self._thread = None
            self._items.put(None)

    def _run(self) -> None:
        while (item := self._items.get()) is not None:
            work, loop, answer = item
            result: Any = None
            error: BaseException | None = None
            try:
                result = work()
            except BaseException as raised:  # noqa: BLE001 - it is the answer
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop is closed: no caller waits for the result
                loop.call_soon_threadsafe(self._answer, answer, result, error)
            del item, work, result, error  # release the references while the thread waits

    def _answer(self, answer: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
        self._pending -= 1
        if answer.done():
            return  # The caller was cancelled; a transaction that it left open is rolled back.
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)
