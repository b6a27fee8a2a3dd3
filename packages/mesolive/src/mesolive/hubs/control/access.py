"""Control Hub methods of access: the caller, API keys, sessions of browsers, open connections."""

from __future__ import annotations

from mesolive.hubs.control.services import Answer, ControlMethods
from mesolive_sdk import models
from signalr_asyncio import Payload, hub_method


class AccessMethods(ControlMethods):
    """Methods of access."""

    @hub_method(name="GetSession")
    async def get_session(self, args: Payload | None = None) -> Answer:
        """Return who the caller is, and what the server and its market are."""
        return await self._answer("GetSession", models.GetSessionArgs, args, self._services.session.get)

    @hub_method(name="ListApiKeys")
    async def list_api_keys(self, args: Payload | None = None) -> Answer:
        """List the caller's API keys, without their tokens."""
        return await self._answer("ListApiKeys", models.ListApiKeysArgs, args, self._services.hub_connections.list_keys)

    @hub_method(name="CreateApiKey")
    async def create_api_key(self, args: Payload | None = None) -> Answer:
        """Make an API key; its token is shown this once."""
        return await self._answer("CreateApiKey", models.CreateApiKeyArgs, args, self._services.credentials.create_key)

    @hub_method(name="RevokeApiKey")
    async def revoke_api_key(self, args: Payload | None = None) -> Answer:
        """Let a key work no more, and end its connections."""
        return await self._answer(
            "RevokeApiKey", models.RevokeApiKeyArgs, args, self._services.hub_connections.revoke_key
        )

    @hub_method(name="ListSessions")
    async def list_sessions(self, args: Payload | None = None) -> Answer:
        """List the browsers that are signed in."""
        return await self._answer(
            "ListSessions", models.ListSessionsArgs, args, self._services.credentials.list_sessions
        )

    @hub_method(name="EndSession")
    async def end_session(self, args: Payload | None = None) -> Answer:
        """Sign a browser out, and return those that are left."""
        return await self._answer("EndSession", models.EndSessionArgs, args, self._services.credentials.end_session)

    @hub_method(name="ListConnections")
    async def list_connections(self, args: Payload | None = None) -> Answer:
        """List the caller's open connections by key and session."""
        return await self._answer(
            "ListConnections", models.ListConnectionsArgs, args, self._services.hub_connections.list
        )
