"""Quote feed: keeps a DXLink connection with its subscriptions, through losses, renewals and refused tokens.

Each connection gets a quote token of its own. It is renewed on purpose before the server would end it, at a quiet time
where there is one. After a connection everything is subscribed anew.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from mesolive.tastytrade_client.config import Hidden
from mesolive.tastytrade_client.dxlink import MIN_BYTES, DxLinkConfig, DxLinkConnection, DxLinkLostError, Subscription
from mesolive.tastytrade_client.dxlink_events import EventTables
from mesolive.tastytrade_client.instrument_messages import QuoteToken
from mesolive.tastytrade_client.outcomes import CallFailedError
from mesolive.tastytrade_client.tasks import until_first

_log = logging.getLogger("mesolive.tastytrade_client")

HOUR: Final = 3600.0
MAX_UNAUTHORIZED: Final = 3
"""After so many refused tokens in a row the longest pause is made at once."""


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """Times of a feed, in seconds of real time.

    Attributes
    ----------
    connection
        Of each connection.
    renew_from_seconds, renew_by_seconds
        Age of a connection from which it is renewed at a quiet moment, and at which it is renewed in any case.
    first_pause_seconds, max_pause_seconds
        Before a further attempt to connect; each is a second longer than the one before.
    """

    connection: DxLinkConfig = field(default_factory=DxLinkConfig)
    renew_from_seconds: float = 18 * HOUR
    renew_by_seconds: float = 19.5 * HOUR
    first_pause_seconds: float = 1.0
    max_pause_seconds: float = 30.0


class FeedState(Struct, frozen=True):
    """How a feed is doing.

    Attributes
    ----------
    message
        What is wrong, without any secret; empty when all is well.
    is_delayed
        Whether the server sends quotes of a quarter of an hour ago (`level` is `demo`).
    """

    is_connected: bool
    message: str = ""
    is_delayed: bool = False


class QuoteFeed:
    """Latest events of any number of symbols. Belongs to one event loop.

    Parameters
    ----------
    token
        Requests a quote token; called before each connection.
    tables
        Where events go.
    received
        Called after each frame of events.
    state_changed
        Called with each new state.
    url
        The address of the quotes; empty for the one that comes with the token.
    is_quiet
        Whether quotes are not missed now, so that the connection may be renewed.
    """

    def __init__(
        self,
        token: Callable[[], Awaitable[QuoteToken]],
        tables: EventTables,
        received: Callable[[], None],
        state_changed: Callable[[FeedState], None],
        config: FeedConfig | None = None,
        *,
        url: str = "",
        is_quiet: Callable[[], bool] = lambda: False,
    ) -> None:
        self._token = token
        self._tables = tables
        self._received = received
        self._state_changed = state_changed
        self._config = config or FeedConfig()
        self._link = self._config.connection
        self._url = url
        self._is_quiet = is_quiet
        self._wanted: dict[Subscription, None] = {}
        self._connection: DxLinkConnection | None = None
        self._state = FeedState(is_connected=False)
        self.connections = 0

    @property
    def state(self) -> FeedState:
        """The present state."""
        return self._state

    @property
    def subscribed(self) -> int:
        """How many subscriptions are wanted."""
        return len(self._wanted)

    @property
    def pending(self) -> int:
        """How many subscriptions have not been sent to the server."""
        return len(self._wanted) if self._connection is None else self._connection.pending

    @property
    def frames(self) -> int:
        """How many frames of events have come on the present channel."""
        return 0 if self._connection is None else self._connection.frames

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """Ask for events, also while there is no connection."""
        new = [item for item in subscriptions if item not in self._wanted]
        self._wanted.update(dict.fromkeys(new))
        if self._connection is not None:
            self._connection.subscribe(new)

    def unsubscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """Ask for no more events."""
        old = [item for item in subscriptions if self._wanted.pop(item, self) is None]
        if self._connection is not None:
            self._connection.unsubscribe(old)

    async def run(self) -> None:
        """Connect, and connect again after each loss, without end."""
        attempt = unauthorized = 0
        while True:
            try:
                await self._connect_once(attempt)
            except (DxLinkLostError, CallFailedError) as error:
                attempt = 0 if self._state.is_connected else attempt
                unauthorized = self._unauthorized(error, unauthorized)
                self._set(replace(self._state, is_connected=False, message=str(error)))
            else:
                _log.info("dxlink_connection_renewed")
                attempt = unauthorized = 0
                continue
            attempt += 1
            first, maximum = self._config.first_pause_seconds, self._config.max_pause_seconds
            pause = maximum if unauthorized >= MAX_UNAUTHORIZED else min(first * attempt, maximum)
            # Jitter: all clients of a server that was restarted must not come back in the same moment.
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - no secret is made of it

    def _unauthorized(self, error: DxLinkLostError | CallFailedError, before: int) -> int:
        if isinstance(error, CallFailedError):
            return MAX_UNAUTHORIZED if error.is_refused else before
        if error.was_too_big:
            self._link = replace(self._link, max_bytes=max(self._link.max_bytes // 2, MIN_BYTES))
            _log.warning("dxlink_frames_shrunk bytes=%d", self._link.max_bytes)
        return before + 1 if error.is_unauthorized else 0

    async def _connect_once(self, attempt: int) -> None:
        """Connect, and receive until the connection is lost (`DxLinkLostError`) or is to be renewed."""
        access = await self._token()
        connection = DxLinkConnection(
            self._url or access.dxlink_url, Hidden(access.token), self._tables, self._received, self._link
        )
        try:
            await connection.open()
            _log.info("dxlink_connected attempt=%d symbols=%d", attempt, len(self._wanted))
            connection.subscribe(self._wanted)
            self._connection = connection
            self.connections += 1
            self._set(FeedState(is_connected=True, is_delayed=(access.level or "").lower() == "demo"))
            # Both are over before the next connection is made.
            await until_first(connection=connection.run(), renewal=self._grow_old(connection))
        finally:
            self._connection = None
            await connection.close()

    async def _grow_old(self, connection: DxLinkConnection) -> None:
        """Return when the connection is to be renewed: at a quiet moment if there is one; show warnings meanwhile."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        step = min(self._config.renew_from_seconds / 10, 1.0)
        while True:
            await asyncio.sleep(step)
            if connection.warning != self._state.message:
                self._set(replace(self._state, message=connection.warning))
            age = loop.time() - begun
            due = age >= self._config.renew_from_seconds and self._is_quiet()
            if due or age >= self._config.renew_by_seconds:
                return

    def _set(self, state: FeedState) -> None:
        if state != self._state:
            self._state = state
            self._state_changed(state)
