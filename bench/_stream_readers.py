"""Load generator of streams: WebSockets that follow streams and throw the items away, in a process of their own.

    python -m bench._stream_readers PORT PATH CONNECTIONS CORE

Reads one line of JSON, the calls that open the streams (`[[target, arguments], ...]`, dealt to the connections in
turn); prints `ready` when each stream has had its first item. After that every line of input is answered by the number
of items so far.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

import msgspec

from bench._callers import CALLER_CORE
from bench._signalr_server import pin
from bench._signalr_socket import SEPARATOR, RawWebSocket
from signalr_asyncio import JsonHubProtocol
from signalr_asyncio.protocol import HandshakeRequest, StreamInvocation, encode_handshake

_ITEM = b'{"type":2,'
_COMPLETION = b'{"type":3,'


class StreamReaders(AbstractContextManager["StreamReaders"]):
    """Followers of streams in a process of their own.

    Parameters
    ----------
    port, path
        Of the hub.
    connections
        How many.
    streams
        The calls that open them: method and arguments.
    """

    def __init__(self, port: int, path: str, connections: int, streams: Sequence[tuple[str, list[Any]]]) -> None:
        command = [sys.executable, "-m", "bench._stream_readers", str(port), path, str(connections), str(CALLER_CORE)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._streams = streams

    def __enter__(self) -> Self:
        assert self._ask(msgspec.json.encode(self._streams)) == b"ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def items(self) -> int:
        """Return how many items have arrived."""
        return int(self._ask(b""))

    def _ask(self, line: bytes) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


class _Follower:
    """One connection with its streams; a thread of its own reads."""

    def __init__(self, port: int, path: str, streams: Sequence[tuple[str, list[Any]]]) -> None:
        self.items = 0
        self.ready = threading.Event()
        self._connection = RawWebSocket(port, path)
        self._connection.send(encode_handshake(HandshakeRequest("json", 1)))
        assert self._connection.receive() == b"{}" + SEPARATOR
        protocol = JsonHubProtocol()
        for number, (target, arguments) in enumerate(streams):
            self._connection.send(protocol.encode(StreamInvocation(target, arguments, str(number))))
        threading.Thread(target=self._read, args=(len(streams),), daemon=True).start()

    def _read(self, streams: int) -> None:
        tail = b""
        while True:
            data = tail + self._connection.receive_some()
            # The mark may be cut by the end of what came.
            tail = data[-len(_ITEM) + 1 :]
            if _COMPLETION in data:
                raise RuntimeError(f"a stream has ended: {data[data.index(_COMPLETION) :][:300]!r}")
            self.items += data.count(_ITEM)
            if self.items >= streams:
                self.ready.set()


def main() -> None:
    """Follow what the first line of standard input names."""
    port, path, connections, core = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    pin(core)
    socket.setdefaulttimeout(60)
    streams = msgspec.json.decode(sys.stdin.buffer.readline(), type=list[tuple[str, list[Any]]])
    followers = [_Follower(port, path, streams[first::connections]) for first in range(connections)]
    for follower in followers:
        follower.ready.wait(60)
    print("ready", flush=True)
    while sys.stdin.buffer.readline():
        print(sum(follower.items for follower in followers), flush=True)


if __name__ == "__main__":
    main()
