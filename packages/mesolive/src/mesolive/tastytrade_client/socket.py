"""WebSocket connections of the tastytrade client: limits, deadlines, and no frame in any log.

`websockets` logs every frame at DEBUG, and frames hold tokens: its loggers are kept at INFO here.
"""

from __future__ import annotations

import logging
from typing import Final

from websockets.asyncio.client import ClientConnection, connect

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
"""Frames of quotes are large; orders with many legs and fills have some kilobytes."""
PING_SECONDS: Final = 20.0

_quiet = logging.getLogger("mesolive.tastytrade_client.socket")
_quiet.setLevel(logging.INFO)


async def open_socket(url: str, source: str, seconds: float) -> ClientConnection:
    """Open a WebSocket.

    Parameters
    ----------
    source
        Sent as `User-Agent`.
    seconds
        Longest duration of opening and of closing it.

    Raises
    ------
    OSError, TimeoutError, websockets.exceptions.WebSocketException
        When there is no connection: refused, timed out, or answered with another status, such as 502.
    """
    return await connect(
        url,
        user_agent_header=source,
        open_timeout=seconds,
        close_timeout=min(seconds, 2.0),
        ping_interval=PING_SECONDS,
        ping_timeout=PING_SECONDS,
        max_size=MAX_FRAME_BYTES,
        compression=None,
        logger=_quiet,
    )
