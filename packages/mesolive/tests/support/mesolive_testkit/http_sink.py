"""A local HTTP server that takes webhooks, for tests of notifications: it answers, refuses or hangs on request."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

SECONDS = 60.0
"""How long a message is awaited."""


class Sink:
    """What was received, and how it is answered.

    Attributes
    ----------
    before_answer
        Called with each message's text before it is answered; what it returns is the status.
    """

    def __init__(self) -> None:
        self.before_answer: Callable[[str], int] = lambda _: 200
        self.received: list[str] = []
        self._queue: Queue[str] = Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def address(self, path: str = "hook") -> str:
        """Return the address of a rule that sends here."""
        return f"json://127.0.0.1:{self._server.server_port}/{path}"

    async def next(self) -> str:
        """Return the next message's title and text."""
        return await asyncio.to_thread(self._queue.get, True, SECONDS)

    def nothing_waits(self) -> bool:
        """Return whether every message that came was taken by `next`."""
        return self._queue.empty()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def _take(self, body: bytes) -> int:
        message: dict[str, Any] = json.loads(body)
        text = f"{message['title']}\n{message['message']}"
        status = self.before_answer(text)
        self.received.append(text)
        self._queue.put(text)
        return status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status = take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base names it
                pass

        return Handler


@contextmanager
def http_sink() -> Generator[Sink]:
    """Run a sink while the context lasts."""
    sink = Sink()
    try:
        yield sink
    finally:
        sink.close()
