"""Client proxies and groups: broadcasts to all, groups, users or single connections of a hub."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.messages import Invocation
from signalr_asyncio.server._auth import Principal
from signalr_asyncio.server._errors import ClientDisconnectedError
from signalr_asyncio.server._options import HubOptions
from signalr_asyncio.server._slots import without_slot

# Connections of a broadcast after which other tasks have their turn.
_CONNECTIONS_PER_TURN = 250


class Receiver(Protocol):
    """A connection of a hub, as far as others reach it."""

    connection_id: str
    user_id: str | None
    options: HubOptions

    @property
    def principal(self) -> Principal:
        """Who connected."""
        ...

    @property
    def protocol(self) -> HubProtocol:
        """The encoding that the handshake chose."""
        ...

    def close(self, error: str | None = None, *, reason: str | None = None, allow_reconnect: bool = False) -> None:
        """End the connection."""
        ...

    def post(self, record: bytes) -> bool:
        """Queue a record; returns False when nothing more is sent."""
        ...

    async def ask(self, target: str, arguments: Sequence[Any], result_type: Any, seconds: float) -> Any:  # noqa: ANN401 - of `result_type`
        """Call a method of the client and wait for its result."""
        ...


class Registry:
    """The connections of one hub, by id, user and group."""

    __slots__ = ("groups", "memberships", "sessions", "users")

    def __init__(self) -> None:
        self.sessions: dict[str, Receiver] = {}
        self.users: dict[str, dict[str, Receiver]] = {}
        self.groups: dict[str, dict[str, Receiver]] = {}
        self.memberships: dict[str, set[str]] = {}

    def add(self, session: Receiver) -> None:
        """Make a connection reachable."""
        self.sessions[session.connection_id] = session
        if session.user_id is not None:
            self.users.setdefault(session.user_id, {})[session.connection_id] = session

    def remove(self, session: Receiver) -> None:
        """Make a connection unreachable and take it out of every group."""
        connection_id = session.connection_id
        if self.sessions.pop(connection_id, None) is None:
            return
        if session.user_id is not None:
            _discard(self.users, session.user_id, connection_id)
        for group in self.memberships.pop(connection_id, ()):
            _discard(self.groups, group, connection_id)

    def join(self, connection_id: str, group: str) -> None:
        """Put a connection into a group; an unknown connection is passed over, as in ASP.NET Core."""
        session = self.sessions.get(connection_id)
        if session is None:
            return
        joined = self.memberships.setdefault(connection_id, set())
        if group not in joined and len(joined) >= session.options.maximum_groups:
            raise ValueError(f"The connection is in {len(joined)} groups already, which is the most it may be in")
        joined.add(group)
        self.groups.setdefault(group, {})[connection_id] = session

    def leave(self, connection_id: str, group: str) -> None:
        """Take a connection out of a group."""
        joined = self.memberships.get(connection_id)
        if joined is None or group not in joined:
            return
        joined.discard(group)
        if not joined:
            del self.memberships[connection_id]
        _discard(self.groups, group, connection_id)


def _discard(index: dict[str, dict[str, Receiver]], key: str, connection_id: str) -> None:
    entries = index[key]
    del entries[connection_id]
    if not entries:
        del index[key]


class ClientProxy:
    """Some connections, chosen at the moment of sending."""

    __slots__ = ("_select",)

    def __init__(self, select: Callable[[], Iterable[Receiver]]) -> None:
        self._select = select

    async def send(self, target: str, /, *arguments: object) -> None:
        """Call a method of these clients, without an answer.

        The message is encoded once per encoding, however many connections there are, and put into each connection's
        queue; no sender waits for a slow client. Closed connections are skipped.

        Parameters
        ----------
        target
            The name under which the clients registered their handler.
        arguments
            Any values that the encoding knows, or `Shared` ones.

        Raises
        ------
        EncodeError
            When an argument has no form in an encoding.
        """
        message = Invocation(target, arguments)
        records: dict[HubProtocol, bytes] = {}
        for count, session in enumerate(list(self._select()), 1):
            protocol = session.protocol
            record = records.get(protocol)
            if record is None:
                record = records[protocol] = protocol.encode(message)
            session.post(record)
            if count % _CONNECTIONS_PER_TURN == 0:
                await asyncio.sleep(0)


class SingleClientProxy(ClientProxy):
    """One connection."""

    __slots__ = ("_connection_id", "_registry")

    def __init__(self, registry: Registry, connection_id: str) -> None:
        super().__init__(lambda: _receivers(registry, (connection_id,)))
        self._registry = registry
        self._connection_id = connection_id

    async def invoke(
        self,
        target: str,
        /,
        *arguments: object,
        result_type: Any = object,  # noqa: ANN401 - unions and other type forms are no `type`
        timeout: float = 30.0,  # noqa: ASYNC109 - on the server's own clock
    ) -> Any:  # noqa: ANN401 - of `result_type`
        """Call a method of this client and wait for its answer.

        Parameters
        ----------
        target, arguments
            As in `send`.
        result_type
            What the answer is decoded as.
        timeout
            How many seconds to wait.

        Raises
        ------
        ClientInvocationError
            When the client answered with an error.
        ClientDisconnectedError
            When it is not connected, or leaves before it answers.
        TimeoutError
            When it does not answer in time.
        msgspec.DecodeError
            When the answer does not fit `result_type`.
        """
        session = self._registry.sessions.get(self._connection_id)
        if session is None:
            raise ClientDisconnectedError(f"Connection '{self._connection_id}' does not exist.")
        return await without_slot(session.ask(target, arguments, result_type, timeout))


def _receivers(registry: Registry, connection_ids: Iterable[str]) -> Iterable[Receiver]:
    sessions = registry.sessions
    return [sessions[connection_id] for connection_id in connection_ids if connection_id in sessions]


def _members(index: dict[str, dict[str, Receiver]], keys: Iterable[str]) -> Iterable[Receiver]:
    chosen: dict[str, Receiver] = {}
    for key in keys:
        chosen.update(index.get(key, {}))
    return chosen.values()


def _except(entries: dict[str, Receiver], left_out: Collection[str]) -> Iterable[Receiver]:
    return [session for connection_id, session in entries.items() if connection_id not in left_out]


class HubClients:
    """The clients of one hub."""

    __slots__ = ("_registry",)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @property
    def all(self) -> ClientProxy:
        """All clients."""
        return ClientProxy(self._registry.sessions.values)

    def all_except(self, connection_ids: Iterable[str]) -> ClientProxy:
        """Return all clients but these connections."""
        left_out = frozenset(connection_ids)
        return ClientProxy(lambda: _except(self._registry.sessions, left_out))

    def client(self, connection_id: str) -> SingleClientProxy:
        """Return one connection; the only one that can be asked for a result."""
        return SingleClientProxy(self._registry, connection_id)

    def clients(self, connection_ids: Iterable[str]) -> ClientProxy:
        """Return these connections."""
        chosen = tuple(dict.fromkeys(connection_ids))
        return ClientProxy(lambda: _receivers(self._registry, chosen))

    def group(self, name: str) -> ClientProxy:
        """Return the members of a group."""
        return ClientProxy(lambda: _members(self._registry.groups, (name,)))

    def has_group(self, name: str) -> bool:
        """Return whether a group has a member: a costly message need not be made for an empty group."""
        return name in self._registry.groups

    def groups(self, names: Iterable[str]) -> ClientProxy:
        """Return the members of any of these groups, each once."""
        chosen = tuple(names)
        return ClientProxy(lambda: _members(self._registry.groups, chosen))

    def group_except(self, name: str, connection_ids: Iterable[str]) -> ClientProxy:
        """Return the members of a group but these connections."""
        left_out = frozenset(connection_ids)
        return ClientProxy(lambda: _except(self._registry.groups.get(name, {}), left_out))

    def user(self, user_id: str) -> ClientProxy:
        """Return all connections of a user."""
        return ClientProxy(lambda: _members(self._registry.users, (user_id,)))

    def users(self, user_ids: Iterable[str]) -> ClientProxy:
        """Return all connections of these users."""
        chosen = tuple(user_ids)
        return ClientProxy(lambda: _members(self._registry.users, chosen))


class HubCallerClients(HubClients):
    """The clients of one hub, as seen from one of its connections."""

    __slots__ = ("_caller_id",)

    def __init__(self, registry: Registry, caller_id: str) -> None:
        super().__init__(registry)
        self._caller_id = caller_id

    @property
    def caller(self) -> SingleClientProxy:
        """The connection itself."""
        return self.client(self._caller_id)

    @property
    def others(self) -> ClientProxy:
        """All other clients."""
        return self.all_except((self._caller_id,))

    def others_in_group(self, name: str) -> ClientProxy:
        """Return the other members of a group."""
        return self.group_except(name, (self._caller_id,))


class GroupManager:
    """Puts connections of one hub into groups. A group exists while it has members; leaving happens by itself."""

    __slots__ = ("_registry",)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def add(self, connection_id: str, group: str) -> None:
        """Put a connection into a group; nothing happens when it is not connected.

        Raises
        ------
        ValueError
            When it is in `HubOptions.maximum_groups` groups already.
        """
        self._registry.join(connection_id, group)

    async def remove(self, connection_id: str, group: str) -> None:
        """Take a connection out of a group."""
        self._registry.leave(connection_id, group)
