"""API keys and browser sessions of a user, for the Control Hub."""

from __future__ import annotations

from mesolive.access.context import Role, UserContext
from mesolive.access.keys import Access, ApiKey
from mesolive.access.sessions import Sessions
from mesolive.errors import not_found, validation
from mesolive_sdk import models


class Credentials:
    """Lists, makes and revokes what a user signs in with.

    Parameters
    ----------
    access, sessions
        API keys, and sessions of browsers.
    """

    def __init__(self, access: Access, sessions: Sessions) -> None:
        self._access = access
        self._sessions = sessions

    async def list_keys(self, user: UserContext, args: models.ListApiKeysArgs) -> models.ListApiKeysResult:
        """Return the user's keys, newest first."""
        del args
        keys = await self._access.list_keys(user.user_name)
        return models.ListApiKeysResult(Keys=[_shown(key) for key in keys])

    async def create_key(self, user: UserContext, args: models.CreateApiKeyArgs) -> models.CreateApiKeyResult:
        """Make a key for the user.

        Raises
        ------
        ServiceError
            `ValidationError`; `Forbidden` for a browser whose sign-in is not recent.
        """
        try:
            role = Role(args.Role)
        except ValueError:
            raise validation({"Role": [f"expected trade, watch or agent, got {args.Role[:40]!r}"]}) from None
        await self._sessions.require_recent_sign_in(user)
        made = await self._access.create_key(user.user_name, args.Label, args.ExpiresDays, role, user.key_id)
        return models.CreateApiKeyResult(Key=_shown(made.key), Token=made.token)

    async def revoke_key(self, user: UserContext, args: models.RevokeApiKeyArgs) -> models.ApiKeyInfo:
        """Revoke one of the user's keys; `NotFound` when they have none of that id."""
        if not any(key.key_id == args.KeyId for key in await self._access.list_keys(user.user_name)):
            raise not_found(f"API key {args.KeyId!r}")
        await self._access.revoke(args.KeyId, user.key_id)
        return next(_shown(key) for key in await self._access.list_keys(user.user_name) if key.key_id == args.KeyId)

    async def list_sessions(self, user: UserContext, args: models.ListSessionsArgs) -> models.ListSessionsResult:
        """Return the browsers that are signed in as the user, those used last first."""
        del args
        return models.ListSessionsResult(
            Sessions=[
                models.BrowserSession(
                    SessionId=session.session_id,
                    Role=session.role.value,
                    KeyId=session.key_id,
                    UserAgent=session.user_agent,
                    Address=session.address,
                    Current=session.session_id == user.session_id,
                    CreatedAt=session.created_at,
                    LastUsedAt=session.seen_at,
                    ExpiresAt=session.expires_at,
                )
                for session in await self._sessions.list(user.user_id)
            ]
        )

    async def end_session(self, user: UserContext, args: models.EndSessionArgs) -> models.ListSessionsResult:
        """Sign one of the user's browsers out; `NotFound` when they have none of that id."""
        await self._sessions.end(args.SessionId, user.user_id, user.key_id)
        return await self.list_sessions(user, models.ListSessionsArgs())


def _shown(key: ApiKey) -> models.ApiKeyInfo:
    return models.ApiKeyInfo(
        KeyId=key.key_id,
        Label=key.label,
        Role=key.role.value,
        CreatedAt=key.created_at,
        ExpiresAt=key.expires_at,
        RevokedAt=key.revoked_at,
        LastUsedAt=key.last_used_at,
        LastAddress=key.last_address,
    )
