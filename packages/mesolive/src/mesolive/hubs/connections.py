"""Open hub connections of a user, by API key and browser session, and the keys with what is open by each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from mesolive.access.context import UserContext
from mesolive.access.credentials import Credentials
from mesolive.access.keys import Access
from mesolive.access.sessions import Sessions
from mesolive.hubs.envelope import beginning_of, caller_of
from mesolive_sdk import models
from signalr_asyncio import HubHandle


class HubConnections:
    """Lists the open connections.

    Parameters
    ----------
    access, sessions
        Know the labels of keys and the browsers of sessions.
    credentials
        Lists and revokes keys.
    """

    def __init__(self, access: Access, sessions: Sessions, credentials: Credentials) -> None:
        self._access = access
        self._sessions = sessions
        self._credentials = credentials
        self._hubs: Mapping[str, HubHandle] = {}

    def watch(self, hubs: Mapping[str, HubHandle]) -> None:
        """Tell of the connections of these hubs from now on; they are made after the services that they call."""
        self._hubs = hubs

    async def list(self, user: UserContext, args: models.ListConnectionsArgs) -> models.ListConnectionsResult:
        """Return the user's open connections."""
        del args
        begun: dict[tuple[str, UserContext, str | None], list[datetime]] = {}
        for name, hub in self._hubs.items():
            for principal in hub.principals.values():
                caller = caller_of(principal)
                if caller.user_id == user.user_id:
                    since, address = beginning_of(principal)
                    begun.setdefault((name, caller, address), []).append(since)
        labels = {key.key_id: key.label for key in await self._access.list_keys(user.user_name)}
        agents = {session.session_id: session.user_agent for session in await self._sessions.list(user.user_id)}
        return models.ListConnectionsResult(
            Connections=[
                models.HubConnection(
                    Hub=name,
                    KeyId=caller.key_id if caller.session_id is None else None,
                    SessionId=caller.session_id,
                    Label=labels.get(caller.key_id) if caller.session_id is None else agents.get(caller.session_id),
                    Role=caller.role.value,
                    Count=len(times),
                    Since=min(times),
                    Address=address,
                )
                for (name, caller, address), times in sorted(
                    begun.items(), key=lambda item: (item[0][0], item[0][1].key_id, item[0][2] or "")
                )
            ]
        )

    async def list_keys(self, user: UserContext, args: models.ListApiKeysArgs) -> models.ListApiKeysResult:
        """Return the user's keys, newest first, each with what is open by it now."""
        result = await self._credentials.list_keys(user, args)
        await self._add_uses(user, result.Keys)
        return result

    async def revoke_key(self, user: UserContext, args: models.RevokeApiKeyArgs) -> models.ApiKeyInfo:
        """Revoke one of the user's keys; the answer says how many connections and sessions end with it.

        Raises
        ------
        ServiceError
            `NotFound` when the user has no key of that id.
        """
        before = models.ApiKeyInfo(KeyId=args.KeyId, Role="", CreatedAt=datetime.now(UTC))
        await self._add_uses(user, [before])
        revoked = await self._credentials.revoke_key(user, args)
        revoked.Connections, revoked.Sessions = before.Connections, before.Sessions
        return revoked

    async def _add_uses(self, user: UserContext, keys: Sequence[models.ApiKeyInfo]) -> None:
        """Give keys the number of their open connections, and of the sessions that began with them."""
        begun = Counter(session.key_id for session in await self._sessions.list(user.user_id))
        connections = Counter(
            caller.key_id
            for hub in self._hubs.values()
            for caller in map(caller_of, hub.principals.values())
            if caller.user_id == user.user_id and caller.session_id is None
        )
        for key in keys:
            key.Connections, key.Sessions = connections[key.KeyId], begun[key.KeyId]
