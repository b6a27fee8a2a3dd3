"""DXLink, the protocol of dxFeed's quotes: one connection with handshake, channel, subscriptions and a watchdog.

The order of the handshake is strict: the token is sent only after the server has said `UNAUTHORIZED`. A connection is
given up when nothing was heard for a minute, also while TCP lives; any frame is a sign of life.

Source: `dxFeed/dxLink`, `dxlink-specification/asyncapi.yml`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from mesolive.tastytrade_client.config import SOURCE, Hidden
from mesolive.tastytrade_client.dxlink_events import EventTables
from mesolive.tastytrade_client.socket import open_socket
from mesolive.tastytrade_client.tasks import until_first

_log = logging.getLogger("mesolive.tastytrade_client")

VERSION: Final = "0.1-MesoLiveOpen/1.0"
KEEPALIVE_SECONDS: Final = 60
MAX_ENTRIES: Final = 200
MAX_BYTES: Final = 8 * 1024
MIN_BYTES: Final = 1024
TOO_BIG: Final = 1009
"""The close code of a frame that was too long for the server."""
ENDING_ERRORS: Final = frozenset({"TIMEOUT", "UNAUTHORIZED", "UNSUPPORTED_PROTOCOL"})
"""Errors after which the connection is of no use. After all others the same request would fail again."""

Subscription = tuple[str, str]
"""Type of event and symbol."""


class DxLinkConfig(msgspec.Struct, frozen=True):
    """Times and sizes of a connection; times are seconds of real time.

    Attributes
    ----------
    silence_seconds
        Without any frame for so long, the connection counts as dead.
    keepalive_seconds
        Between two signs of life to the server, where nothing else is sent.
    connect_seconds
        Longest duration of the connection.
    action_seconds
        Longest duration of each step of the handshake.
    aggregation_seconds
        For how long the server may hold back a change, to send the latest value only.
    frame_pause_seconds
        Between two frames of subscriptions.
    max_bytes, max_entries
        Of one frame of subscriptions.
    """

    silence_seconds: float = 60.0
    keepalive_seconds: float = 30.0
    connect_seconds: float = 10.0
    action_seconds: float = 10.0
    aggregation_seconds: float = 0.25
    frame_pause_seconds: float = 0.05
    max_bytes: int = MAX_BYTES
    max_entries: int = MAX_ENTRIES
    source: str = SOURCE


class DxLinkLostError(Exception):
    """The connection is lost or was never made. The text holds no secret.

    Attributes
    ----------
    is_unauthorized
        Whether the server did not accept the token.
    was_too_big
        Whether a frame was too long for the server.
    """

    def __init__(self, message: str, *, is_unauthorized: bool = False, was_too_big: bool = False) -> None:
        super().__init__(message)
        self.is_unauthorized = is_unauthorized
        self.was_too_big = was_too_big


class DxLinkFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame of the server, as far as the client reads it."""

    type: str
    channel: int = 0
    state: str | None = None
    error: str | None = None
    message: str | None = None
    data: list[Any] | None = None
    eventFields: dict[str, list[str]] | None = None  # noqa: N815 - the name on the wire


_frames = msgspec.json.Decoder(DxLinkFrame)


class DxLinkConnection:
    """One connection. Call `open`, then `run` until it raises; subscriptions may be changed at any time.

    Parameters
    ----------
    tables
        Where events go.
    received
        Called after each frame of events of which something was of use.

    Attributes
    ----------
    warning
        The last error of the server that did not end the connection, such as a limit of subscriptions; empty for none.
    frames
        How many frames of events have come on the present channel.
    """

    def __init__(
        self,
        url: str,
        token: Hidden,
        tables: EventTables,
        received: Callable[[], None],
        config: DxLinkConfig | None = None,
    ) -> None:
        self._url = url
        self._token = token
        self._tables = tables
        self._received = received
        self._config = config or DxLinkConfig()
        self._socket: ClientConnection | None = None
        self._channel = -1
        self._is_open = False
        self._wanted: dict[Subscription, None] = {}
        self._to_add: dict[Subscription, None] = {}
        self._to_remove: dict[Subscription, None] = {}
        self._reset = True
        self._work = asyncio.Event()
        self._heard_at = 0.0
        self.warning = ""
        self.frames = 0

    # --- subscriptions ------------------------------------------------------------------------------------------------

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """Ask for events; what is asked for already is not asked for again."""
        for item in subscriptions:
            self._to_remove.pop(item, None)
            if item not in self._wanted:
                self._wanted[item] = None
                self._to_add[item] = None
        self._work.set()

    def unsubscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """Ask for no more events."""
        for item in subscriptions:
            if item in self._wanted:
                del self._wanted[item]
                if item in self._to_add:
                    del self._to_add[item]
                else:
                    self._to_remove[item] = None
        self._work.set()

    @property
    def pending(self) -> int:
        """How many changes of subscriptions have not been sent yet."""
        return len(self._to_add) + len(self._to_remove)

    # --- the connection -----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect, and return once subscriptions can be sent.

        Raises
        ------
        DxLinkLostError
            When a step of the handshake fails or takes too long.
        """
        config = self._config
        try:
            self._socket = await open_socket(self._url, config.source, config.connect_seconds)
        except (OSError, TimeoutError, WebSocketException) as error:
            status = getattr(getattr(error, "response", None), "status_code", None)
            cause = f"{type(error).__name__}{f' {status}' if status else ''}"
            raise DxLinkLostError(f"no connection to the quotes ({cause})") from None
        try:
            await self._shake_hands(self._socket)
        except WebSocketException as error:
            raise _lost(error) from None

    async def _shake_hands(self, socket: ClientConnection) -> None:
        setup = {
            "type": "SETUP",
            "channel": 0,
            "version": VERSION,
            "keepaliveTimeout": KEEPALIVE_SECONDS,
            "acceptKeepaliveTimeout": KEEPALIVE_SECONDS,
        }
        await self._send(socket, setup)
        state = (await self._expect(socket, "AUTH_STATE")).state
        if state != "AUTHORIZED":
            # A token before the server's UNAUTHORIZED ends the session there.
            await self._send(socket, {"type": "AUTH", "channel": 0, "token": self._token.reveal()})
            state = (await self._expect(socket, "AUTH_STATE")).state
        if state != "AUTHORIZED":
            raise DxLinkLostError("the token of the quotes was not accepted", is_unauthorized=True)
        await self._request_channel(socket)
        await self._expect(socket, "CHANNEL_OPENED")
        await self._set_up_feed(socket)

    async def run(self) -> None:
        """Receive events until the connection is lost.

        Raises
        ------
        DxLinkLostError
            When it is lost, or nothing was heard for too long.
        """
        socket = self._socket
        if socket is None:
            raise DxLinkLostError("the connection was not opened")
        try:
            await until_first(
                reader=self._receive(socket), watchdog=self._watch(), subscriptions=self._send_changes(socket)
            )
        except WebSocketException as error:
            raise _lost(error) from None
        raise DxLinkLostError("the connection has ended")

    async def close(self) -> None:
        """Close the connection; safe to call twice."""
        if self._socket is not None:
            await self._socket.close()

    # --- frames from the server ---------------------------------------------------------------------------------------

    async def _expect(self, socket: ClientConnection, kind: str) -> DxLinkFrame:
        """Wait for a frame of the handshake; others that come meanwhile are taken as usual."""
        try:
            async with asyncio.timeout(self._config.action_seconds):
                while True:
                    frame = read_frame(await socket.recv(decode=False))
                    if frame is None:
                        continue
                    if frame.type == kind:
                        if kind == "CHANNEL_OPENED":
                            self._opened()
                        return frame
                    await self._take(socket, frame)
        except TimeoutError:
            raise DxLinkLostError(f"the quotes' server sends no {kind}") from None

    async def _receive(self, socket: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        self._heard_at = loop.time()
        while True:
            text = await socket.recv(decode=False)
            self._heard_at = loop.time()
            if self._tables.take_text_of(text, self._channel):
                self.frames += 1
                self._received()
                continue
            frame = read_frame(text)
            if frame is None:
                self._tables.dropped += 1
            elif frame.data is not None:
                if frame.channel == self._channel:
                    self._take_data(frame.data)
            else:
                await self._take(socket, frame)

    async def _take(self, socket: ClientConnection, frame: DxLinkFrame) -> None:
        match frame.type:
            case "FEED_CONFIG":
                self._tables.configure(frame.eventFields)
            case "FEED_DATA":
                if frame.data is not None:
                    self._take_data(frame.data)
            case "CHANNEL_OPENED":
                if frame.channel == self._channel:
                    self._opened()
                    await self._set_up_feed(socket)
            case "CHANNEL_CLOSED":
                if frame.channel == self._channel:
                    _log.warning("dxlink_channel_closed channel=%d", frame.channel)
                    await self._request_channel(socket)
            case "AUTH_STATE":
                if self._is_open and frame.state != "AUTHORIZED":
                    raise DxLinkLostError("the token of the quotes has ended", is_unauthorized=True)
            case "ERROR":
                self._fail_or_warn(frame)
            case _:
                pass  # KEEPALIVE, SETUP, and what later versions add

    def _take_data(self, data: list[Any]) -> None:
        self.frames += 1
        if self._tables.take_frame(data):
            self._received()

    def _fail_or_warn(self, frame: DxLinkFrame) -> None:
        message = (frame.message or "")[:200]
        if frame.error in ENDING_ERRORS:
            is_unauthorized = frame.error == "UNAUTHORIZED"
            raise DxLinkLostError(f"the quotes' server ends: {frame.error}: {message}", is_unauthorized=is_unauthorized)
        # It would come again after every reconnect.
        self.warning = f"{frame.error}: {message}"
        _log.warning("dxlink_error_received error=%s message=%s", frame.error, message)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        limit = self._config.silence_seconds
        self._heard_at = max(self._heard_at, loop.time())
        while True:
            left = self._heard_at + limit - loop.time()
            if left <= 0:
                raise DxLinkLostError(f"nothing was heard from the quotes' server for {limit:g} s")
            await asyncio.sleep(left)

    # --- frames to the server -----------------------------------------------------------------------------------------

    async def _request_channel(self, socket: ClientConnection) -> None:
        """Ask for the next odd channel; everything is subscribed anew on it."""
        self._is_open = False
        self._channel += 2
        self.frames = 0
        self._reset = True
        self._to_add = dict.fromkeys(self._wanted)
        self._to_remove.clear()
        self._tables.reset_schema()
        parameters = {"contract": "AUTO"}
        await self._send(
            socket,
            {"type": "CHANNEL_REQUEST", "channel": self._channel, "service": "FEED", "parameters": parameters},
        )

    async def _set_up_feed(self, socket: ClientConnection) -> None:
        asked = {kind: table.asked for kind, table in self._tables.tables.items()}
        setup = {
            "type": "FEED_SETUP",
            "channel": self._channel,
            "acceptAggregationPeriod": self._config.aggregation_seconds,
            "acceptDataFormat": "COMPACT",
            "acceptEventFields": asked,
        }
        await self._send(socket, setup)
        self._work.set()

    def _opened(self) -> None:
        self._is_open = True
        self._work.set()

    async def _send_changes(self, socket: ClientConnection) -> None:
        """Send subscriptions in frames of bounded size, with pauses; a sign of life where there are none."""
        config, loop = self._config, asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(config.keepalive_seconds):
                    await self._work.wait()
            except TimeoutError:
                await self._send(socket, {"type": "KEEPALIVE", "channel": 0})
                continue
            self._work.clear()
            while self._is_open and (self._to_add or self._to_remove):
                # From frame to frame: what takes time meanwhile is part of the pause.
                due = loop.time() + config.frame_pause_seconds
                await self._send(socket, self._next_frame())
                await asyncio.sleep(due - loop.time())

    def _next_frame(self) -> Mapping[str, Any]:
        frame: dict[str, Any] = {"type": "FEED_SUBSCRIPTION", "channel": self._channel}
        if self._reset:
            frame["reset"] = True
            self._reset = False
        removing = not self._to_add
        pending = self._to_remove if removing else self._to_add
        taken = list(_fitting(pending, self._config))
        for item in taken:
            del pending[item]
        frame["remove" if removing else "add"] = [{"type": kind, "symbol": symbol} for kind, symbol in taken]
        return frame

    async def _send(self, socket: ClientConnection, frame: Mapping[str, Any]) -> None:
        await socket.send(msgspec.json.encode(frame).decode())


ENTRY_BYTES: Final = len('{"type":"","symbol":""},')
FRAME_BYTES: Final = 80
"""What surrounds the entries of a frame, rounded up."""


def _fitting(pending: Iterable[Subscription], config: DxLinkConfig) -> Iterator[Subscription]:
    """Yield the first subscriptions that fit into one frame; one at least."""
    size = FRAME_BYTES
    for count, (kind, symbol) in enumerate(pending):
        size += ENTRY_BYTES + len(kind.encode()) + len(symbol.encode())
        if count and (count >= config.max_entries or size > config.max_bytes):
            return
        yield kind, symbol


def read_frame(text: bytes) -> DxLinkFrame | None:
    """Return a frame, or `None` for a text that is none."""
    try:
        return _frames.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _lost(error: WebSocketException) -> DxLinkLostError:
    code = error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd is not None else None
    cause = f"{type(error).__name__}{f' {code}' if code else ''}"
    return DxLinkLostError(f"the quotes' connection was closed ({cause})", was_too_big=code == TOO_BIG)
