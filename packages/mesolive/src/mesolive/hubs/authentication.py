"""Authentication of hub connections: an API key as bearer token, or the session cookie of a page of this server."""

from __future__ import annotations

from mesolive.access.keys import Access
from mesolive.access.origin import cookie_name, is_same_origin
from mesolive.access.sessions import Sessions
from mesolive.errors import is_unavailable
from mesolive.hubs.envelope import principal_of
from signalr_asyncio import Authenticate, AuthenticationUnavailableError, ConnectionRequest, Principal


def agent_authenticator(access: Access) -> Authenticate:
    """Return the hook of the hub of agents: a key of an agent as bearer token, and nothing else."""

    async def authenticate(request: ConnectionRequest) -> Principal | None:
        try:
            user = None if request.token is None else await access.authenticate_agent(request.token, _address(request))
        except Exception as error:
            if is_unavailable(error):
                raise AuthenticationUnavailableError from error
            raise
        return None if user is None else principal_of(user, _address(request))

    return authenticate


def authenticator(access: Access, sessions: Sessions, port: int, public_origin: str | None) -> Authenticate:
    """Return the hook that says who makes a request.

    Parameters
    ----------
    access, sessions
        Verify API keys and cookies.
    port
        The server's port, which is in the cookie's name.
    public_origin
        The origin that users see in front of a proxy; `None` without one.
    """

    async def principal(request: ConnectionRequest) -> Principal | None:
        if request.token is not None:
            user = await access.authenticate(request.token, _address(request))
            return None if user is None else principal_of(user, _address(request))
        cookie = request.cookies.get(cookie_name(port, request.scheme))
        # Before the cookie is looked at: a page of another origin must not learn whether it works.
        if cookie is None or not is_same_origin(request.headers, request.scheme, public_origin):
            return None
        session = await sessions.find(cookie)
        return None if session is None else principal_of(session.user, _address(request))

    async def authenticate(request: ConnectionRequest) -> Principal | None:
        try:
            return await principal(request)
        except Exception as error:
            if is_unavailable(error):
                raise AuthenticationUnavailableError from error
            raise

    return authenticate


def _address(request: ConnectionRequest) -> str | None:
    return None if request.client is None else request.client[0]
