"""HTTP endpoint of sign-in: `/portal/session` begins, shows and ends the session of a browser."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mesolive import __version__
from mesolive.access.origin import cookie_name, is_same_origin, is_secure
from mesolive.access.sessions import NewSession, SessionInfo, Sessions
from mesolive.errors import is_unavailable
from mesolive.portal.attempts import FailedAttempts
from mesolive.portal.pages import NOT_CACHED, SECURITY_HEADERS

MAX_BODY = 4096

_log = structlog.get_logger(__name__)


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /portal/session`: an API key, or the code of a one-time link."""

    Key: str | None = None
    Code: str | None = None


class SessionEndpoint:
    """Serves `/portal/session`.

    Parameters
    ----------
    sessions
        Begins and ends sessions.
    port
        The server's port, which is in the cookie's name.
    public_origin
        The origin that users see in front of a proxy; `None` without one.
    attempts
        Counts failed sign-ins.
    """

    def __init__(
        self, sessions: Sessions, port: int, public_origin: str | None, attempts: FailedAttempts | None = None
    ) -> None:
        self._sessions = sessions
        self._port = port
        self._public_origin = public_origin
        self._attempts = attempts or FailedAttempts()

    def route(self) -> Route:
        """Return the route."""
        return Route("/portal/session", self.answer, methods=["GET", "POST", "DELETE"])

    async def shown(self, request: Request) -> dict[str, Any] | None:
        """Return what `GET /portal/session` answers to the browser of a request; `None` without a session.

        `None` as well while the database is away: a page is shown then too, and asks by itself until it is back.
        """
        try:
            session = await self._sessions.find(request.cookies.get(self._cookie(request)))
        except Exception as error:
            if is_unavailable(error):
                return None
            raise
        return None if session is None else _shown(session)

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        session = await self._sessions.find(request.cookies.get(self._cookie(request)))
        if request.method in {"GET", "HEAD"}:
            if session is not None:
                return _json(_shown(session))
            # Nobody can sign in before there is a user: the page then says what makes the first one.
            return _json({"Message": "not signed in", "FirstRun": not await self._sessions.has_users()}, 401)
        if request.headers.get("x-mesolive") != "1" or not self._is_own_page(request):
            self._sessions.refused.note("another origin", _address(request))
            return _json({"Message": "this request does not come from a page of this server"}, 403)
        if request.method == "DELETE":
            return await self._sign_out(request, session)
        return await self._sign_in(request, session)

    async def _sign_out(self, request: Request, session: SessionInfo | None) -> Response:
        if session is not None:
            await self._sessions.end(session.session_id, by=session.user.key_id)
            _log.info("session_ended", session=session.session_id, user_id=session.user_id)
        answer = _json({"Message": "signed out"})
        answer.delete_cookie(
            self._cookie(request), path="/", httponly=True, samesite="strict", secure=is_secure(request.url.scheme)
        )
        return answer

    async def _sign_in(self, request: Request, session: SessionInfo | None) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _json({"Message": "expected the content type application/json"}, 415)
        address = _address(request)
        if self._attempts.are_too_many(address):
            self._sessions.refused.note("too many attempts", address)
            return _json({"Message": "too many failed attempts; wait a minute"}, 429, {"Retry-After": "60"})
        wanted = await _body(request)
        if isinstance(wanted, Response):
            return wanted
        if session is not None and wanted.Key is not None and await self._sessions.prove(session, wanted.Key):
            _log.info("session_confirmed", session=session.session_id, user_id=session.user_id)
            return _json(_shown(await self._sessions.find(request.cookies.get(self._cookie(request))) or session))
        agent = request.headers.get("user-agent", "")
        if wanted.Key is not None:
            made = await self._sessions.sign_in_with_key(wanted.Key.strip(), agent, address)
        else:
            made = await self._sessions.sign_in_with_code(wanted.Code or "", agent, address)
        if made is None:
            self._attempts.note(address)
            what = "code" if wanted.Key is None else "key"
            self._sessions.refused.note(f"the {what} does not work", address)
            return _json({"Message": f"this {what} does not work"}, 401)
        if session is not None:
            await self._sessions.end(session.session_id, by=session.user.key_id)
        _log.info("session_began", session=made.info.session_id, user_id=made.info.user_id, address=address)
        return self._with_cookie(request, made)

    def _with_cookie(self, request: Request, made: NewSession) -> Response:
        answer = _json(_shown(made.info))
        answer.set_cookie(
            self._cookie(request),
            made.cookie,
            max_age=int((made.info.expires_at - made.info.created_at).total_seconds()),
            path="/",
            httponly=True,
            samesite="strict",
            secure=is_secure(request.url.scheme),
        )
        return answer

    def _cookie(self, request: Request) -> str:
        return cookie_name(self._port, request.url.scheme)

    def _is_own_page(self, request: Request) -> bool:
        return is_same_origin(request.headers, request.url.scheme, self._public_origin)


async def _body(request: Request) -> SignIn | Response:
    """Return what a sign-in presents, or the answer to a body that presents nothing."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                return _json({"Message": f"expected at most {MAX_BODY} bytes"}, 413)
        wanted = msgspec.json.decode(body, type=SignIn)
    except ClientDisconnect:
        return _json({"Message": "the request was cut off"}, 400)
    except msgspec.DecodeError:  # its text may repeat what came, which may be a key
        return _json({"Message": "expected a JSON object with either Key or Code"}, 400)
    if (wanted.Key is None) == (wanted.Code is None):
        return _json({"Message": "expected either Key or Code"}, 400)
    return wanted


def _shown(session: SessionInfo) -> dict[str, Any]:
    return {
        "User": session.user_name,
        "Role": session.role.value,
        "SessionId": session.session_id,
        "ProvedAt": session.proved_at.isoformat(),
        "ExpiresAt": session.expires_at.isoformat(),
        "Version": __version__,
    }


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _json(value: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(value, status, SECURITY_HEADERS | NOT_CACHED | (headers or {}))
