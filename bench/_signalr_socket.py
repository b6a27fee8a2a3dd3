"""A WebSocket client that costs next to nothing, so that what is measured is the server."""

from __future__ import annotations

import socket
from typing import Self

SEPARATOR = b"\x1e"
_KEY = "MDEyMzQ1Njc4OWFiY2RlZg=="
LARGE_CHUNK = 1 << 18
SMALL_CHUNK = 1 << 12


class RawWebSocket:
    """A blocking WebSocket on the loopback interface. Its masking key is zero, so that masking costs nothing.

    Parameters
    ----------
    port, path
        Of the server.
    chunk
        How much is read at once: small where many sockets get little each, since each read makes a buffer of this size.
    """

    def __init__(self, port: int, path: str, chunk: int = LARGE_CHUNK) -> None:
        self._chunk = chunk
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._socket.sendall(request.encode())
        self._data = b""
        answer = self.read_past(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101"), answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, payload: bytes, *, binary: bool = False) -> None:
        """Send one frame."""
        self._socket.sendall(frame(payload, binary=binary))

    def send_frame(self, data: bytes) -> None:
        """Send a frame made beforehand."""
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """Return the payload of the next frame."""
        while True:
            size = _frame_size(self._data)
            if size is not None and len(self._data) >= sum(size):
                head, length = size
                payload, self._data = self._data[head : head + length], self._data[head + length :]
                return payload
            self._data += self._more()

    def receive_some(self) -> bytes:
        """Return what has arrived, at least a byte: frames and parts of frames, their heads among it."""
        data, self._data = self._data or self._more(), b""
        return data

    def read_past(self, mark: bytes) -> bytes:
        """Read and drop bytes until `mark` has come; return the last ones up to and with it."""
        tail = self._data
        while (at := tail.find(mark)) < 0:
            tail = tail[-len(mark) :] + self._more()
        self._data = tail[at + len(mark) :]
        return tail[: at + len(mark)]

    def _more(self) -> bytes:
        data = self._socket.recv(self._chunk)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data


def frame(payload: bytes, *, binary: bool = False) -> bytes:
    """Return a payload as a client's frame."""
    opcode = 0x82 if binary else 0x81
    length = len(payload)
    short = length < 126
    head = bytes((opcode, 0x80 | (length if short else 126)))
    return head + (b"" if short else length.to_bytes(2, "big")) + bytes(4) + payload


def _frame_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 2:
        return None
    length = data[1]
    if length < 126:
        return 2, length
    extended = 2 if length == 126 else 8
    if len(data) < 2 + extended:
        return None
    return 2 + extended, int.from_bytes(data[2 : 2 + extended], "big")
