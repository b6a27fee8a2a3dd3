"""The connections of a server by their secret token, from negotiation to their end."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar

from signalr_asyncio.server.auth import Principal
from signalr_asyncio.server.options import TransportType
from signalr_asyncio.server.runtime import HubRuntime
from signalr_asyncio.server.session import HubSession
from signalr_asyncio.server.transports.base import Inbox
from signalr_asyncio.server.transports.long_polling import LongPollingTransport
from signalr_asyncio.server.transports.server_sent_events import ServerSentEventsTransport

_K = TypeVar("_K")


class TooManyConnections(Exception):  # noqa: N818 - it says a state
    """A limit of connections is reached.

    Parameters
    ----------
    per_user
        Whether it is the user's limit, and not the server's.
    """

    def __init__(self, *, per_user: bool) -> None:
        super().__init__("The user has too many connections" if per_user else "The server takes no more connections")
        self.per_user = per_user


@dataclass(slots=True, eq=False)
class Connection:
    """One client, as the HTTP requests of its transport address it.

    Attributes
    ----------
    token
        The secret that addresses it.
    connection_id
        The public id.
    last_seen
        When a request last used it; only while no request is under way.
    session
        Its hub connection, once a transport has started.
    transport
        Which one it chose.
    carrier
        The transport itself, where several requests make it up.
    inbox
        What the client's requests brought; some send their handshake before they ask for the first answer.
    lock
        Keeps the bodies of the client's requests apart.
    """

    token: str
    connection_id: str
    runtime: HubRuntime
    principal: Principal
    last_seen: float
    stateful: bool = False
    transport: TransportType | None = None
    session: HubSession | None = None
    carrier: LongPollingTransport | ServerSentEventsTransport | None = None
    inbox: Inbox | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Connections:
    """All connections of a server.

    Parameters
    ----------
    maximum, maximum_per_user
        Limits over all hubs; each hub's own options limit it as well.
    """

    def __init__(self, maximum: int, maximum_per_user: int | None) -> None:
        self._maximum = maximum
        self._maximum_per_user = maximum_per_user
        self._by_token: dict[str, Connection] = {}
        self._per_hub: Counter[HubRuntime] = Counter()
        self._per_user: Counter[str] = Counter()
        self._per_hub_user: Counter[tuple[HubRuntime, str]] = Counter()

    def __len__(self) -> int:
        """Return how many there are, those included that are only negotiated."""
        return len(self._by_token)

    def refuse(self) -> None:
        """Take no more connections."""
        self._maximum = 0

    def all(self) -> list[Connection]:
        """Return them as they are now."""
        return list(self._by_token.values())

    def create(
        self,
        runtime: HubRuntime,
        principal: Principal,
        now: float,
        *,
        token_is_id: bool = False,
        stateful: bool = False,
    ) -> Connection:
        """Make a connection.

        Parameters
        ----------
        runtime, principal
            The hub, and who connects.
        now
            The clock's time.
        token_is_id
            For clients of the first negotiation, which know only one id.
        stateful
            Whether stateful reconnect was agreed.

        Raises
        ------
        TooManyConnections
            When a limit is reached.
        """
        user, options = principal.user_id, runtime.options
        if len(self._by_token) >= self._maximum or self._per_hub[runtime] >= options.maximum_connections:
            raise TooManyConnections(per_user=False)
        if user is not None and (
            _reached(self._per_user[user], self._maximum_per_user)
            or _reached(self._per_hub_user[runtime, user], options.maximum_connections_per_user)
        ):
            raise TooManyConnections(per_user=True)
        connection_id = secrets.token_urlsafe(16)
        token = connection_id if token_is_id else secrets.token_urlsafe(16)
        connection = Connection(token, connection_id, runtime, principal, now, stateful)
        self._by_token[token] = connection
        self._count(connection, 1)
        runtime.counters.connections += 1
        return connection

    def find(self, token: str, runtime: HubRuntime) -> Connection | None:
        """Return a connection of this hub by its token."""
        connection = self._by_token.get(token)
        return connection if connection is not None and connection.runtime is runtime else None

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        if self._by_token.pop(connection.token, None) is not None:
            if connection.inbox is not None:
                connection.inbox.close()
            self._count(connection, -1)

    def _count(self, connection: Connection, change: int) -> None:
        runtime, user = connection.runtime, connection.principal.user_id
        _add(self._per_hub, runtime, change)
        if user is not None:
            _add(self._per_user, user, change)
            _add(self._per_hub_user, (runtime, user), change)


def _reached(count: int, maximum: int | None) -> bool:
    return maximum is not None and count >= maximum


def _add(counter: Counter[_K], key: _K, change: int) -> None:
    counter[key] += change
    if not counter[key]:
        del counter[key]
