"""Server-to-client streams as async iterators."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Generic, TypeVar, cast

import msgspec

from signalr_asyncio.client._exceptions import PayloadMismatchError
from signalr_asyncio.client._session import Items, Session
from signalr_asyncio.protocol.messages import Payload

T = TypeVar("T")


def decode(payload: Payload | None, type_: type[T] | None, what: str) -> T:
    """Decode a payload as `type_`, or as plain values where there is no type; nothing counts as null.

    Raises
    ------
    PayloadMismatchError
        When it does not fit.
    """
    try:
        if payload is None:
            return msgspec.convert(None, type_) if type_ is not None else cast("T", None)
        return payload.decode(type_) if type_ is not None else cast("T", payload.builtins())
    except msgspec.MsgspecError as error:
        raise PayloadMismatchError(f"{what} does not fit the type asked for: {error}") from error


class Stream(AsyncIterator[T], Generic[T]):
    """The items of a streaming method. Made by `HubConnection.stream`; the method is called with the first item's wait.

    Leaving the loop, `aclose()`, leaving an `async with` block and forgetting the object all cancel the stream on the
    server.

    Attributes
    ----------
    dropped
        How many items a stream with `latest_only` has dropped so far.
    """

    def __init__(
        self,
        session: Callable[[], Session],
        items: Items,
        target: str,
        arguments: tuple[object, ...],
        item_type: type[T] | None,
    ) -> None:
        self._session_of = session
        self._items = items
        self._target = target
        self._arguments = arguments
        self._type = item_type
        self._open: tuple[Session, str, asyncio.AbstractEventLoop] | None = None
        self._closed = False

    @property
    def dropped(self) -> int:
        """How many items were dropped so far."""
        return self._items.dropped

    def __aiter__(self) -> Stream[T]:
        return self

    async def __anext__(self) -> T:
        """Return the next item.

        Raises
        ------
        NotConnectedError
            When there is no connection to open the stream on.
        HubError
            When the server ended the stream with an error.
        ConnectionLostError
            When the connection went away.
        PayloadMismatchError
            When the item does not fit the type; the stream is cancelled.
        StreamOverflowError
            When this reader blocked answers for too long.
        """
        if self._open is None:
            if self._closed:
                raise StopAsyncIteration
            session = self._session_of()
            try:
                invocation_id = await session.open_stream(self._target, self._arguments, self._items)
            except BaseException:
                # Whether the server began is unknown, so this object is of no more use.
                self._closed = True
                raise
            self._open = session, invocation_id, asyncio.get_running_loop()
            self._arguments = ()
        items = self._items
        item = items.take() if items.items else await items.get()
        try:
            # This runs once per item, so it is not `decode` below, which costs a call and a text.
            return item.builtins() if self._type is None else item.decode(self._type)
        except msgspec.MsgspecError as error:
            await self.aclose()
            raise PayloadMismatchError(
                f"An item of '{self._target}' does not fit the type asked for: {error}"
            ) from error

    async def aclose(self) -> None:
        """Cancel the stream; nothing happens when it has ended."""
        self._closed = True
        if self._open is not None:
            session, invocation_id, _ = self._open
            session.cancel_stream(invocation_id)

    async def __aenter__(self) -> Stream[T]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if self._open is not None and not self._closed:
            session, invocation_id, loop = self._open
            # The collector may run in any thread. Once the loop is closed (RuntimeError) no cancellation can be sent.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(session.cancel_stream, invocation_id)
