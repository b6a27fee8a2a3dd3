"""WebSockets by picows under uvicorn: frames in C, for servers with thousands of connections or messages a second.

    uvicorn.Config(app, ws=PicowsProtocol)

Needs `pip install 'signalr-asyncio[picows]'` and uvicorn. HTTP (negotiation, long polling, health) and the opening of a
WebSocket stay uvicorn's, on the same port. When the application has accepted, picows takes over the connection. Every
ASGI application can be served; `SignalRServer` exchanges whole frames, past ASGI's messages. Nothing is compressed.

picows has no public way to take over a connection that is open. So this uses its protocol class, whose arguments are
not part of its documented interface: the extra pins the minor version.
"""

from __future__ import annotations

import asyncio
import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.utils import ClientDisconnected, get_client_addr, get_path_with_query_string
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from signalr_asyncio.server._transports.frames import EXTENSION, FrameSink

try:
    _picows: Any = import_module("picows")
    _WSProtocol: Any = import_module("picows.picows").WSProtocol
except ImportError as error:
    raise ImportError("WebSockets by picows need it installed: pip install 'signalr-asyncio[picows]'") from error

if TYPE_CHECKING:
    _Listener = object
else:
    _Listener = _picows.WSListener

_log = logging.getLogger("signalr_asyncio.picows")
# picows writes a line for each connection that comes and goes.
_log.setLevel(logging.WARNING)

_TEXT, _BINARY, _CONTINUATION, _CLOSE = 0x1, 0x2, 0x0, 0x8
_NO_STATUS, _PROTOCOL_ERROR, _BAD_TEXT, _TOO_BIG, _RESTART = 1005, 1002, 1007, 1009, 1012
_READ_BUFFER_BYTES = 4 * 1024
_HEAD = (
    "GET / HTTP/1.1\r\nHost: picows\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n"
)


class PicowsProtocol(WebSocketsSansIOProtocol):
    """One WebSocket of uvicorn, for its setting `ws`.

    The attributes are those of uvicorn's protocol and of `FrameConnection`.
    """

    sink: FrameSink | None = None
    _frames: Any = None
    _early = b""

    # Opening, up to the application's answer: uvicorn's.

    def data_received(self, data: bytes) -> None:
        """Take the request. Frames that a client sends before the answer wait for picows."""
        if self.handshake_initiated:
            self._early += data
            if len(self._early) > self.config.ws_max_size:
                self.transport.close()
        else:
            super().data_received(data)
            if self.handshake_initiated and not self.close_sent:
                # The application's task has not begun: it begins in the next turn of the loop.
                cast("Any", self.scope)["extensions"][EXTENSION] = self

    async def send(self, message: Any) -> None:  # noqa: ANN401 - an ASGI message, as in uvicorn
        """Take a message of the application; see the ASGI specification."""
        kind = message["type"]
        if self._frames is None:
            if kind == "websocket.accept" and not self.handshake_complete and self.initial_response is None:
                self._accept(message)
            else:
                await super().send(message)
        elif kind == "websocket.send":
            await self.writable.wait()
            text = message.get("text")
            if text is None:
                self.send_frame(message["bytes"], binary=True)
            else:
                self.send_frame(text.encode(), binary=False)
        elif kind == "websocket.close":
            if self.disconnected:
                raise ClientDisconnected
            self.queue.put_nowait({"type": "websocket.disconnect", "code": message.get("code", 1000), "reason": ""})
            self.close_frames(message.get("code", 1000), message.get("reason") or "")
        else:
            raise RuntimeError(f"Expected ASGI message 'websocket.send' or 'websocket.close', but got '{kind}'.")

    def _accept(self, message: Any) -> None:  # noqa: ANN401 - as in `send`
        if self.transport.is_closing():
            return
        address, path = get_client_addr(self.scope), get_path_with_query_string(self.scope)
        self.logger.info('%s - "WebSocket %s" [accepted]', address, path)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers", [])]
        if message.get("subprotocol"):
            headers.append(("Sec-WebSocket-Protocol", message["subprotocol"]))
        response = _picows.WSUpgradeResponse.create_101_response(headers)
        listener = _PicowsListener(self, self.config.ws_max_size)
        interval, timeout = self.ping_interval or 0.0, self.ping_timeout or 0.0
        pings = interval > 0 and timeout > 0

        def opened(_request: object) -> Any:  # noqa: ANN401 - of picows
            return _picows.WSUpgradeResponseWithListener(response, listener)

        protocol = _WSProtocol(
            None,
            None,
            False,
            opened,
            _log,
            True,
            None,
            pings,
            interval if pings else 20,
            min(interval, timeout) if pings else 20,
            _picows.WSAutoPingStrategy.PING_WHEN_IDLE,
            True,
            self.config.ws_max_size,
            None,
            _READ_BUFFER_BYTES,
        )
        # picows checks the key and answers it; all else of the request was uvicorn's and the application's to judge.
        key = self.request.headers["Sec-WebSocket-Key"]
        protocol.connection_made(self.transport)
        self._frames = protocol.transport
        self.transport.set_protocol(protocol)
        self.handshake_complete = True
        _feed(protocol, _HEAD.format(key).encode("ascii"))
        early, self._early = self._early, b""
        _feed(protocol, early)

    # Frames, after it.

    def send_frame(self, payload: bytes, *, binary: bool) -> None:
        """See `FrameConnection`."""
        if self.disconnected or self._frames.is_close_frame_sent:
            raise ClientDisconnected
        self._frames.send(_BINARY if binary else _TEXT, payload)

    def close_frames(self, code: int, reason: str = "") -> None:
        """See `FrameConnection`."""
        if not (self.disconnected or self._frames.is_close_frame_sent):
            self._frames.send_close(code, reason)
            self.close_sent = True
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
            self.pause_frames(paused=False)

    def pause_frames(self, *, paused: bool) -> None:
        """See `FrameConnection`."""
        if paused != self.read_paused and not self.transport.is_closing():
            self.read_paused = paused
            if paused:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def received(self, payload: bytes, *, text: bool) -> None:
        """Hand over a message; text is checked to be UTF-8."""
        if self.close_sent:
            return
        if text and not payload.isascii():
            try:
                payload.decode()
            except UnicodeDecodeError:
                self.fail(_BAD_TEXT)
                return
        if self.sink is not None:
            self.sink.deliver(payload)
            return
        self.queue.put_nowait(
            {"type": "websocket.receive", "text": payload.decode()}
            if text
            else {"type": "websocket.receive", "bytes": payload}
        )
        self.pause_frames(paused=True)

    def fail(self, code: int) -> None:
        """End the connection: the client broke the protocol."""
        self._frames.send_close(code)
        self.ended_by(code, "")

    def ended_by(self, code: int, reason: str) -> None:
        """End the connection, and let the application know why."""
        if self.sink is not None:
            self.sink.leave()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.close_sent = True
        self.transport.close()

    def lost(self) -> None:
        """Take note that the connection has ended."""
        if self.sink is not None:
            self.sink.leave()
        cast("Any", self.scope)["extensions"].pop(EXTENSION, None)
        self.connection_lost(None)

    def shutdown(self) -> None:
        """End the connection because the server stops."""
        if self._frames is None:
            super().shutdown()
        elif self.close_sent:
            if self.close_timer is not None:
                self.close_timer.cancel()
                self.close_timer = None
            self.transport.close()
        else:
            self._frames.send_close(_RESTART)
            self.ended_by(_RESTART, "")


class _PicowsListener(_Listener):
    """What picows calls for one connection."""

    def __init__(self, protocol: PicowsProtocol, maximum: int) -> None:
        self._protocol = protocol
        self._maximum = maximum
        self._parts: list[bytes] = []
        self._size = 0
        self._text: bool | None = None

    def on_ws_frame(self, transport: Any, frame: Any) -> None:  # noqa: ANN401 - of picows
        """Take a frame."""
        kind = int(frame.msg_type)
        if kind in {_TEXT, _BINARY} and frame.fin and self._text is None:
            self._protocol.received(frame.get_payload_as_bytes(), text=kind == _TEXT)
        elif kind == _CLOSE:
            self._close(transport, frame)
        elif kind in {_TEXT, _BINARY, _CONTINUATION}:
            self._join(kind, frame)

    def _join(self, kind: int, frame: Any) -> None:  # noqa: ANN401 - of picows
        if (kind == _CONTINUATION) == (self._text is None):
            # A continuation of nothing, or a new message within another.
            self._protocol.fail(_PROTOCOL_ERROR)
            return
        if self._text is None:
            self._text = kind == _TEXT
        payload = frame.get_payload_as_bytes()
        self._parts.append(payload)
        self._size += len(payload)
        if self._size > self._maximum:
            self._protocol.fail(_TOO_BIG)
        elif frame.fin:
            text, whole = self._text, b"".join(self._parts)
            self._parts, self._size, self._text = [], 0, None
            self._protocol.received(whole, text=text)

    def _close(self, transport: Any, frame: Any) -> None:  # noqa: ANN401 - of picows
        code = int(frame.get_close_code()) or _NO_STATUS
        if not transport.is_close_frame_sent:
            transport.send_close(1000 if code == _NO_STATUS else code)
        self._protocol.ended_by(code, frame.get_close_reason() or "")

    def on_ws_disconnected(self, transport: Any) -> None:  # noqa: ANN401, ARG002 - of picows
        """Take note of the end."""
        self._protocol.lost()

    def pause_writing(self) -> None:
        """Take note that the client takes nothing more."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Take note that the client takes more."""
        self._protocol.resume_writing()


def _feed(protocol: asyncio.BufferedProtocol, data: bytes) -> None:
    """Hand bytes to picows as if they had arrived from the socket now."""
    while data:
        buffer = memoryview(cast("bytearray", protocol.get_buffer(len(data))))
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        protocol.buffer_updated(size)
        data = data[size:]
