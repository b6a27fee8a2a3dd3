"""Load generator of hub calls: many callers, each a WebSocket with one call in flight, in a process of their own.

The parent uses `Callers`. The process reads one job a line from its input and answers each with one line of JSON, so a
server can be warmed up, its processor time be read, and the measured part follow.

    python -m bench._callers PORT PATH COUNT CORE
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Self, cast

import msgspec
import uvloop

from bench._signalr_server import pin
from bench._signalr_socket import SEPARATOR, frame
from signalr_asyncio import JsonHubProtocol
from signalr_asyncio.protocol import HandshakeRequest, Invocation, encode_handshake

CALLER_CORE = 1
_KEY = "MDEyMzQ1Njc4OWFiY2RlZg=="
_COMPLETION = b'{"type":3,'


class Call(msgspec.Struct, array_like=True):
    """One call: the method and its arguments, anything that JSON can hold."""

    target: str
    arguments: list[Any]


class Load(msgspec.Struct):
    """What callers measured.

    Attributes
    ----------
    seconds
        From the first call to the last answer.
    took
        Of each call, the seconds from sending to its answer; in no order over several callers.
    results
        Of each call, what it returned, in the order of `took`.
    error
        The first error that a call was answered with.
    """

    seconds: float
    took: list[float]
    results: list[msgspec.Raw]
    error: str | None = None

    @property
    def per_second(self) -> float:
        """Calls in a second."""
        return len(self.took) / self.seconds


class _Completion(msgspec.Struct):
    error: str | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")


class Callers(AbstractContextManager["Callers"]):
    """Callers in a process of their own, connected to a hub with the JSON protocol.

    Parameters
    ----------
    port, path
        Of the hub; a token goes into the query string.
    count
        How many.
    core
        The processor core that the process keeps to, where there are so many; `None` for any.
    """

    def __init__(self, port: int, path: str, count: int, core: int | None = CALLER_CORE) -> None:
        command = [
            sys.executable,
            "-m",
            "bench._callers",
            str(port),
            path,
            str(count),
            str(-1 if core is None else core),
        ]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.count = count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def play(self, calls: Sequence[Sequence[Call]]) -> Load:
        """Make the calls, one list per caller, each caller one call after another; blocks until all are answered.

        Raises
        ------
        RuntimeError
            When a call was answered with an error, or the process failed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert len(calls) <= self.count
        self._process.stdin.write(msgspec.json.encode(calls) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the callers' process has ended; see what it wrote to standard error")
        answer = msgspec.json.decode(line, type=Load)
        if answer.error is not None:
            raise RuntimeError(answer.error)
        return answer


class _Caller(asyncio.Protocol):
    """One WebSocket that sends the next frame when the last is answered."""

    def __init__(self, path: str) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.took: list[float] = []
        self.answers: list[bytes] = []
        self._path = path
        self._frames: list[bytes] = []
        self._done: asyncio.Future[None] | None = None
        self._sent = 0.0
        self._data = b""
        self._text = b""
        self._upgraded = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self.ready, self._done):
            if future is not None and not future.done():
                future.set_exception(exc or ConnectionError("the server closed the connection"))

    def play(self, frames: list[bytes]) -> asyncio.Future[None]:
        """Begin to send; done when the last is answered."""
        self._frames = frames[::-1]
        self._done = asyncio.get_running_loop().create_future()
        self._next()
        return self._done

    def _next(self) -> None:
        assert self._transport is not None
        assert self._done is not None
        if self._frames:
            self._sent = time.perf_counter()
            self._transport.write(self._frames.pop())
        else:
            self._done.set_result(None)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._data += data
        if not self._upgraded:
            head, end, self._data = self._data.partition(b"\r\n\r\n")
            if not end:
                self._data = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.ready.set_exception(ConnectionError(head.decode(errors="replace")))
                return
            self._upgraded = True
            assert self._transport is not None
            self._transport.write(frame(encode_handshake(HandshakeRequest("json", 1))))
        while (payload := self._payload()) is not None:
            *records, self._text = (self._text + payload).split(SEPARATOR)
            for record in records:
                if record.startswith(_COMPLETION):
                    self.took.append(now - self._sent)
                    self.answers.append(record)
                    self._next()
                elif not self.ready.done():
                    self.ready.set_result(None)

    def _payload(self) -> bytes | None:
        """Take the payload of the next whole frame of a server, which is not masked."""
        data = self._data
        if len(data) < 2:
            return None
        length, start = data[1], 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(data) < start:
                return None
            length = int.from_bytes(data[2:start], "big")
        if len(data) < start + length:
            return None
        self._data = data[start + length :]
        return data[start : start + length]


async def _serve(port: int, path: str, count: int) -> None:
    loop = asyncio.get_running_loop()
    callers: list[_Caller] = []
    for _ in range(count):
        _, caller = await loop.create_connection(lambda: _Caller(path), "127.0.0.1", port)
        await caller.ready
        callers.append(caller)
    protocol = JsonHubProtocol()
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        jobs = msgspec.json.decode(line, type=list[list[Call]])
        frames = [
            [frame(protocol.encode(Invocation(call.target, call.arguments, "1"))) for call in job] for job in jobs
        ]
        for caller in callers:
            caller.took, caller.answers = [], []
        started = time.perf_counter()
        await asyncio.gather(*(caller.play(job) for caller, job in zip(callers, frames, strict=False)))
        elapsed = time.perf_counter() - started
        answer = Load(elapsed, [], [])
        for caller in callers:
            answer.took += caller.took
            for record in caller.answers:
                completion = msgspec.json.decode(record, type=_Completion)
                answer.error = answer.error or completion.error
                answer.results.append(completion.result)
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


def main() -> None:
    """Connect, and play what comes on standard input."""
    port, path, count, core = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if core >= 0:
        pin(core)
    uvloop.run(_serve(port, path, count))


if __name__ == "__main__":
    main()
