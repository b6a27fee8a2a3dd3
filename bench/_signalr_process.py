"""The SignalR server of the benchmarks as a process of its own, and raw connections to it."""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import Literal, Self

from bench._signalr_socket import LARGE_CHUNK, SEPARATOR, RawWebSocket
from signalr_asyncio.protocol import HandshakeRequest, encode_handshake


class SignalRProcess:
    """Runs `bench._signalr_server`.

    Parameters
    ----------
    websockets
        What carries WebSockets: uvicorn's own, or picows.

    Attributes
    ----------
    port
        Where it listens, once entered.
    """

    def __init__(self, websockets: Literal["uvicorn", "picows"] = "uvicorn") -> None:
        self._websockets = websockets
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "bench._signalr_server", self._websockets]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(30)

    def connect(self, path: str, chunk: int = LARGE_CHUNK) -> RawWebSocket:
        """Open a WebSocket that reads so many bytes at once."""
        return RawWebSocket(self.port, path, chunk)

    def hub(self, path: str = "/hub", protocol: str = "json", chunk: int = LARGE_CHUNK) -> RawWebSocket:
        """Connect to a hub, without negotiation, and shake hands."""
        connection = self.connect(path, chunk)
        connection.send(encode_handshake(HandshakeRequest(protocol, 1)))
        assert connection.receive() == b"{}" + SEPARATOR
        return connection

    def rss(self) -> int:
        """Return its resident memory in bytes, garbage collected."""
        return int(self._stats()["rss"])

    def encodings(self) -> int:
        """Return how many server calls it encoded."""
        return int(self._stats()["encodings"])

    def cpu_seconds(self) -> float:
        """Return the processor time that it has taken."""
        with self.connect("/cpu") as connection:
            connection.send(b"?")
            return float(connection.receive())

    def _stats(self) -> dict[str, float]:
        with self.connect("/stats") as connection:
            connection.send(b"?")
            return json.loads(connection.receive())
