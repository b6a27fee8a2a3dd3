"""Account stream of tastytrade: notifications of orders, positions and balances, as hints.

The stream has no sequence numbers, no replay and no promise of order. After each connection, and whenever something
was unreadable, the orders must be read by REST. A connection is given up when nothing was heard for three heartbeats,
also while TCP lives.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from mesolive.tastytrade_client.account_messages import Balance, Position
from mesolive.tastytrade_client.config import SOURCE, Hidden
from mesolive.tastytrade_client.oauth import LoginRefusedError, TokenSource
from mesolive.tastytrade_client.order_messages import Order
from mesolive.tastytrade_client.socket import open_socket
from mesolive.tastytrade_client.tasks import beside

_log = logging.getLogger("mesolive.tastytrade_client")


class StreamLostError(Exception):
    """The stream has no connection. The text holds no secret."""


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """Times of the account stream, in seconds of real time.

    Attributes
    ----------
    heartbeat_seconds
        Between two heartbeats; each bears the access token that is valid then.
    missed_heartbeats
        After how many heartbeats without any frame the connection counts as dead.
    connect_seconds
        Longest duration of the connection, and of the answer to `connect`.
    source
        `product/version`.
    """

    heartbeat_seconds: float = 15.0
    missed_heartbeats: int = 3
    connect_seconds: float = 10.0
    source: str = SOURCE


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A notification that could not be read: what it was about must be read by REST."""

    kind: str


@dataclass(frozen=True, slots=True)
class Other:
    """A notification that the client has no use for."""

    kind: str


Notification = Order | Position | Balance | Unreadable | Other

_KINDS: Final[dict[str, type[Order | Position | Balance]]] = {
    "Order": Order,
    "CurrentPosition": Position,
    "AccountBalance": Balance,
}


class _Frame(msgspec.Struct, frozen=True, kw_only=True):
    type: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")
    status: str | None = None
    action: str | None = None
    message: str | None = None
    results: list[_Frame] | None = None


class _Request(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", omit_defaults=True):
    action: str
    auth_token: str
    request_id: int
    value: list[str] | None = None
    source: str | None = None


_frames = msgspec.json.Decoder(_Frame)


class AccountStream:
    """One connection of the account stream after another; belongs to one event loop.

    Parameters
    ----------
    tokens
        Access tokens: each frame to the server has one that is valid at that moment.
    record
        Called with each frame of the server.
    """

    def __init__(
        self,
        url: str,
        tokens: TokenSource,
        config: StreamConfig | None = None,
        *,
        record: Callable[[str], None] | None = None,
    ) -> None:
        self._url = url
        self._record = record
        self._tokens = tokens
        self._config = config or StreamConfig()
        self._requests = 0

    @asynccontextmanager
    async def connected(self, accounts: Sequence[str]) -> AsyncGenerator[AsyncIterator[Notification]]:
        """Connect for some accounts, and return their notifications as long as the connection lasts.

        The iterator raises `StreamLostError` when the connection is lost. The server has confirmed the accounts when
        the block begins: what is read by REST from then on is not older than the first notification.

        Raises
        ------
        StreamLostError
            When there is no connection, or the server does not confirm the accounts.
        """
        socket = await self._open()
        try:
            early = await self._confirmed(socket, accounts)
            async with beside("heartbeats", self._beat(socket)), aclosing(self._notifications(socket, early)) as notes:
                yield notes
        finally:
            await socket.close()

    async def _open(self) -> ClientConnection:
        try:
            return await open_socket(self._url, self._config.source, self._config.connect_seconds)
        except (OSError, TimeoutError, WebSocketException) as error:
            raise StreamLostError(f"no connection to the account stream ({_words(error)})") from None

    async def _confirmed(self, socket: ClientConnection, accounts: Sequence[str]) -> list[_Frame]:
        """Send `connect`, and wait until it is confirmed; a token that is not accepted is replaced once.

        Returns
        -------
        list[_Frame]
            Notifications that came before the confirmation.
        """
        early: list[_Frame] = []
        token = await self._token()
        try:
            async with asyncio.timeout(self._config.connect_seconds):
                refusal = ""
                for attempt in range(2):
                    if attempt:
                        token = await self._renewed(token)
                    await self._send(socket, "connect", token, list(accounts))
                    answer = await self._answer(socket, early)
                    if answer.status == "ok":
                        return early
                    refusal = (answer.message or "")[:100]
                raise StreamLostError(f"the account stream refuses the connection: {refusal}")
        except TimeoutError:
            raise StreamLostError("the account stream does not confirm the connection") from None
        except WebSocketException as error:
            raise StreamLostError(f"the account stream was closed ({_words(error)})") from None

    async def _answer(self, socket: ClientConnection, early: list[_Frame]) -> _Frame:
        """Wait for the answer to `connect`; it may come without a request id, and is known by its action."""
        while True:
            frame = _read(await socket.recv(decode=False))
            if frame is not None and frame.action == "connect":
                return frame
            if frame is not None:
                early.append(frame)

    async def _beat(self, socket: ClientConnection) -> None:
        while True:
            await asyncio.sleep(self._config.heartbeat_seconds)
            try:
                await self._send(socket, "heartbeat", await self._tokens.current(), None)
            except LoginRefusedError as error:
                # The watchdog ends the connection if the server does; without a token there is nothing to send.
                _log.warning("heartbeat_not_sent reason=%s", error)
            except WebSocketException:
                return  # the reader meets the same

    async def _notifications(self, socket: ClientConnection, early: Sequence[_Frame]) -> AsyncGenerator[Notification]:
        for frame in early:
            for note in _notes(frame):
                yield note
        silence = self._config.heartbeat_seconds * self._config.missed_heartbeats
        while True:
            try:
                async with asyncio.timeout(silence):
                    text = await socket.recv(decode=False)
            except TimeoutError:
                raise StreamLostError(f"nothing was heard from the account stream for {silence:g} s") from None
            except WebSocketException as error:
                raise StreamLostError(f"the account stream was closed ({_words(error)})") from None
            if self._record is not None:
                self._record(f"stream <- {text.decode(errors='replace')}")
            frame = _read(text)
            if frame is None:
                yield Unreadable("frame")
                continue
            if frame.status == "error":
                # A heartbeat whose token was not accepted; the server may close, and the next one has a new token.
                _log.warning("account_stream_refused action=%s message=%s", frame.action, (frame.message or "")[:100])
                await self._renew_quietly()
            for note in _notes(frame):
                yield note

    async def _renew_quietly(self) -> None:
        try:
            await self._tokens.renewed(await self._tokens.current())
        except LoginRefusedError as error:
            _log.warning("access_token_not_renewed reason=%s", error)

    async def _send(self, socket: ClientConnection, action: str, token: Hidden, accounts: list[str] | None) -> None:
        self._requests += 1
        request = _Request(
            action=action,
            auth_token=f"Bearer {token.reveal()}",
            request_id=self._requests,
            value=accounts,
            source=self._config.source,
        )
        await socket.send(msgspec.json.encode(request).decode())

    async def _token(self) -> Hidden:
        try:
            return await self._tokens.current()
        except LoginRefusedError as error:
            raise StreamLostError(str(error)) from None

    async def _renewed(self, token: Hidden) -> Hidden:
        try:
            return await self._tokens.renewed(token)
        except LoginRefusedError as error:
            raise StreamLostError(str(error)) from None


def _read(text: bytes) -> _Frame | None:
    try:
        return _frames.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        _log.warning("account_frame_unreadable size=%d", len(text))
        return None


def _notes(frame: _Frame) -> list[Notification]:
    """Return the notifications of a frame; some servers put several into one."""
    if frame.results is not None:
        return [note for item in frame.results for note in _notes(item)]
    if frame.type is None:
        return []
    model = _KINDS.get(frame.type)
    if model is None:
        return [Other(frame.type)]
    try:
        return [msgspec.json.decode(frame.data, type=model)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _log.warning("notification_unreadable kind=%s problem=%s", frame.type, error)
        return [Unreadable(frame.type)]


def _words(error: BaseException) -> str:
    """Return what happened to a socket; texts of errors are left out, for they may repeat what was sent."""
    code = getattr(getattr(error, "rcvd", None), "code", None)
    status = getattr(getattr(error, "response", None), "status_code", None)
    known = f" {code or status}" if code or status else ""
    return f"{type(error).__name__}{known}"
