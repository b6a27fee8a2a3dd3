"""Open hub connections of a user, by API key and browser session: whether a program of theirs is connected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from mesolive.access.context import UserContext
from mesolive.access.keys import Access
from mesolive.access.sessions import Sessions
from mesolive.hubs.envelope import caller_of
from mesolive_sdk import models
from signalr_asyncio import HubHandle


class HubConnections:
    """Lists the open connections.

    Parameters
    ----------
    access, sessions
        Know the labels of keys and the browsers of sessions.
    """

    def __init__(self, access: Access, sessions: Sessions) -> None:
        self._access = access
        self._sessions = sessions
        self._hubs: Mapping[str, HubHandle] = {}

    def watch(self, hubs: Mapping[str, HubHandle]) -> None:
        """Tell of the connections of these hubs from now on; they are made after the services that they call."""
        self._hubs = hubs

    async def list(self, user: UserContext, args: models.ListConnectionsArgs) -> models.ListConnectionsResult:
        """Return the user's open connections."""
        del args
        counts: Counter[tuple[str, UserContext]] = Counter()
        for name, hub in self._hubs.items():
            for principal in hub.principals.values():
                caller = caller_of(principal)
                if caller.user_id == user.user_id:
                    counts[name, caller] += 1
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
                    Count=count,
                )
                for (name, caller), count in sorted(counts.items(), key=lambda item: (item[0][0], item[0][1].key_id))
            ]
        )
