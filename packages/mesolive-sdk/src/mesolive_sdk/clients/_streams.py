"""Live data stream: an async iterator of models with a bounded queue that keeps the newest items."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Generic, Self, TypeVar

import msgspec

from mesolive_sdk.clients._base import signalr_error
from mesolive_sdk.wire import Encoding, WireValidationError, decode_reply
from signalr_asyncio import ClientError, Stream

T = TypeVar("T")


class DataStream(AsyncIterator[T], Generic[T]):
    """The items of a live stream, made by the `stream_…_data` methods.

    The queue between the connection and the reader is bounded; when the reader is slow, the oldest item is dropped,
    because the latest value is what matters. Leaving the loop with the object, `aclose()` and leaving an `async with`
    block end the stream on the server.

    Attributes
    ----------
    dropped
        How many items were dropped here so far.
    """

    def __init__(self, stream: Stream[msgspec.Raw], method: str, item: type[T], encoding: Encoding) -> None:
        self._stream = stream
        self._method = method
        self._item = item
        self._encoding: Encoding = encoding

    @property
    def dropped(self) -> int:
        """How many items were dropped here so far."""
        return self._stream.dropped

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        """Return the next item.

        Raises
        ------
        MesoLiveSignalRError
            When the server ended the stream with an error (`status` says which), or the connection went away.
        """
        try:
            return decode_reply(await self._stream.__anext__(), self._item, self._encoding)
        except ClientError as error:
            raise signalr_error(error, self._method) from error
        except WireValidationError as error:
            await self.aclose()
            raise signalr_error(error, self._method) from error

    async def aclose(self) -> None:
        """End the stream; nothing happens when it has ended."""
        await self._stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
