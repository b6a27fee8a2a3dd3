"""Connection registry: the connections of a server by token, from negotiation to their end."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar

from signalr_asyncio.server._auth import Principal
from signalr_asyncio.server._options import TransportType
from signalr_asyncio.server._runtime import Runtime
from signalr_asyncio.server._session import Session
from signalr_asyncio.server._transports.base import Inbox
from signalr_asyncio.server._transports.long_polling import LongPollingTransport
from signalr_asyncio.server._transports.server_sent_events import ServerSentEventsTransport

_K = TypeVar("_K")

MAX_NEGOTIATIONS_PER_USER = 1000
"""How many unused negotiations of one user are remembered, or twice as many as they may have connections.

A client opens its connection within a round trip, so that this many a second still leave it the time for that.
"""


class TooManyConnectionsError(Exception):
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
    counted
        Whether it is open, and counts for the limits.
    """

    token: str
    connection_id: str
    runtime: Runtime
    principal: Principal
    last_seen: float
    stateful: bool = False
    transport: TransportType | None = None
    session: Session | None = None
    carrier: LongPollingTransport | ServerSentEventsTransport | None = None
    inbox: Inbox | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    counted: bool = False


class Connections:
    """All connections of a server.

    One that is only negotiated takes no place of those that are open: a user who negotiates again and again, and never
    connects, must not lock their own clients out. Their oldest unused negotiation gives way to the new one instead.

    Parameters
    ----------
    maximum, maximum_per_user
        Limits of open connections over all hubs; each hub's own options limit them as well.
    """

    def __init__(self, maximum: int, maximum_per_user: int | None) -> None:
        self._maximum = maximum
        self._maximum_per_user = maximum_per_user
        self._refusing = False
        self._by_token: dict[str, Connection] = {}
        # Negotiated and not opened, oldest first, by user.
        self._negotiated: dict[str | None, dict[str, Connection]] = {}
        self._open = 0
        self._per_hub: Counter[Runtime] = Counter()
        self._per_user: Counter[str] = Counter()
        self._per_hub_user: Counter[tuple[Runtime, str]] = Counter()

    def __len__(self) -> int:
        """Return how many there are, those included that are only negotiated."""
        return len(self._by_token)

    def refuse(self) -> None:
        """Take no more connections."""
        self._refusing = True

    def all(self) -> list[Connection]:
        """Return them as they are now."""
        return list(self._by_token.values())

    def negotiate(
        self,
        runtime: Runtime,
        principal: Principal,
        now: float,
        *,
        token_is_id: bool = False,
        stateful: bool = False,
    ) -> Connection:
        """Make a connection that the client will open.

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
        TooManyConnectionsError
            When a limit is reached.
        """
        self._require_room(runtime, principal)
        negotiated = self._negotiated.get(principal.user_id, {})
        # Those without a user are not one and the same client.
        if principal.user_id is not None and len(negotiated) >= self._maximum_negotiations(runtime):
            self.remove(next(iter(negotiated.values())))
        elif len(self._by_token) - self._open >= self._maximum:
            self.remove(next(iter(max(self._negotiated.values(), key=len).values())))
        connection_id = secrets.token_urlsafe(16)
        token = connection_id if token_is_id else secrets.token_urlsafe(16)
        connection = Connection(token, connection_id, runtime, principal, now, stateful)
        self._by_token[token] = connection
        self._negotiated.setdefault(principal.user_id, {})[token] = connection
        return connection

    def open(self, connection: Connection) -> None:
        """Count a connection whose transport begins.

        Raises
        ------
        TooManyConnectionsError
            When a limit is reached.
        """
        self._require_room(connection.runtime, connection.principal)
        self._forget_negotiation(connection)
        connection.counted = True
        self._count(connection, 1)
        connection.runtime.counters.connections += 1

    def find(self, token: str, runtime: Runtime) -> Connection | None:
        """Return a connection of this hub by its token."""
        connection = self._by_token.get(token)
        return connection if connection is not None and connection.runtime is runtime else None

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        if self._by_token.pop(connection.token, None) is None:
            return
        if connection.inbox is not None:
            connection.inbox.close()
        if connection.counted:
            self._count(connection, -1)
        else:
            self._forget_negotiation(connection)

    def _require_room(self, runtime: Runtime, principal: Principal) -> None:
        user, options = principal.user_id, runtime.options
        if self._refusing or self._open >= self._maximum or self._per_hub[runtime] >= options.maximum_connections:
            raise TooManyConnectionsError(per_user=False)
        if user is not None and (
            _reached(self._per_user[user], self._maximum_per_user)
            or _reached(self._per_hub_user[runtime, user], options.maximum_connections_per_user)
        ):
            raise TooManyConnectionsError(per_user=True)

    def _maximum_negotiations(self, runtime: Runtime) -> int:
        limits = (self._maximum_per_user, runtime.options.maximum_connections_per_user)
        return max((MAX_NEGOTIATIONS_PER_USER, *(2 * limit for limit in limits if limit is not None)))

    def _forget_negotiation(self, connection: Connection) -> None:
        user = connection.principal.user_id
        negotiated = self._negotiated.get(user)
        if negotiated is not None:
            negotiated.pop(connection.token, None)
            if not negotiated:
                del self._negotiated[user]

    def _count(self, connection: Connection, change: int) -> None:
        runtime, user = connection.runtime, connection.principal.user_id
        self._open += change
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
