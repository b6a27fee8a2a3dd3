"""Client-to-server streams: sends async iterables among a call's arguments item by item."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Sequence
from typing import Any, cast

from signalr_asyncio.client._exceptions import HubError
from signalr_asyncio.client._transports.base import TransportClosedError
from signalr_asyncio.protocol.codec import EncodeError
from signalr_asyncio.protocol.messages import Completion, HubMessage, StreamItem

logger = logging.getLogger("signalr_asyncio.client")

Upload = tuple[str, AsyncIterable[Any]]
"""The id of a client stream and where its items come from."""


def split_arguments(arguments: Sequence[object], next_id: Callable[[], str]) -> tuple[list[object], list[Upload]]:
    """Return the arguments that travel in the call, and those that travel as streams, with their ids."""
    plain: list[object] = []
    uploads: list[Upload] = []
    for argument in arguments:
        if isinstance(argument, AsyncIterable):
            uploads.append((next_id(), cast("AsyncIterable[Any]", argument)))
        else:
            plain.append(argument)
    return plain, uploads


async def pump(upload: Upload, write: Callable[[HubMessage], Awaitable[None]]) -> None:
    """Send the items of an upload, and its end. An exception of the iterable reaches the server as the stream's error.

    Only a `HubError` says its text to the server; of others it learns nothing but that there was one.
    """
    stream_id, items = upload
    error: str | None = None
    try:
        iterator = aiter(items)
        try:
            async for item in iterator:
                await write(StreamItem(stream_id, item))
        finally:
            # A generator that waits at its `yield` learns of the end only so.
            if isinstance(iterator, AsyncGenerator):
                await cast("AsyncGenerator[Any, None]", iterator).aclose()
    except TransportClosedError:
        # The call that this belongs to fails with the connection.
        return
    except HubError as failure:
        error = failure.text
    except EncodeError:
        logger.exception("An item of an upload cannot be sent")
        error = "An item of the stream could not be encoded."
    except Exception:
        logger.exception("An upload's iterable failed")
        error = "An unexpected error occurred in the stream of the client."
    with contextlib.suppress(TransportClosedError):
        await write(Completion(stream_id, error=error))
