"""Service errors: one exception type for every status other than `Success`, and a constructor for each status."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from mesolive_sdk.models import MesoLiveApiError, StatusCode

MAX_NAME = 200
"""The maximum length of the object's name in a `NotFound` message, in characters."""

EVENTS_PRUNED = "EventsPruned"
"""`Error.Code` when retention has deleted requested events."""


class ServiceError(Exception):
    """An answer other than Success; a hub puts it in the envelope, a stream ends with it.

    Parameters
    ----------
    status
        Any status but `Success`.
    message
        One sentence for the caller, sent unchanged: it must hold no secret and no data of another user.
    error
        Details: a code, the provider that failed, the fields that were wrong.
    data
        The data of the envelope, such as the result of the first call in `DuplicateRequest`.
    """

    def __init__(
        self,
        status: StatusCode,
        message: str,
        error: MesoLiveApiError | None = None,
        data: object | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error = error
        self.data = data

    def __str__(self) -> str:
        return f"{self.status.name}: {self.message}"


def is_unavailable(error: BaseException) -> bool:
    """Return whether the database is away, so that nobody can be identified: no fault of theirs, and nothing to log."""
    return isinstance(error, ServiceError | OSError) or storage_failure(error) is not None


def storage_failure(error: BaseException) -> ServiceError | None:
    """Return the answer for a database that is full, locked or away; `None` for every other error.

    Parameters
    ----------
    error
        What the database's driver raised, or what SQLAlchemy made of it. Its own text is not shown: it may name files
        and hosts.
    """
    behind: object = getattr(error, "orig", None) or error
    if isinstance(behind, sqlite3.Error):
        code: int | None = getattr(behind, "sqlite_errorcode", None)
        result = None if code is None else _SQLITE_FAILURES.get(code & 0xFF)
    elif getattr(error, "connection_invalidated", False) or isinstance(behind, ConnectionError):
        result = _AWAY
    else:
        state: object = getattr(behind, "sqlstate", None) or getattr(behind, "pgcode", None)
        result = next((text for start, text in _SQLSTATE_FAILURES.items() if str(state or "").startswith(start)), None)
        if result is None and isinstance(behind, OSError) and type(error).__module__ != "builtins":
            result = _AWAY
    if result is None:
        return None
    code_name, text = result
    message = f"{text}; nothing was changed, the same request may succeed later"
    return ServiceError(StatusCode.ProviderUnavailable, message, MesoLiveApiError(Code=code_name))


_AWAY = ("DatabaseUnavailable", "the database cannot be reached")
_FULL = ("DatabaseFull", "the database's disk is full")
_LOCKED = ("DatabaseLocked", "another process has the database locked")
_UNUSABLE = ("DatabaseUnavailable", "the database cannot be read or written")
_SQLITE_FAILURES = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_IOERR: _UNUSABLE,
    sqlite3.SQLITE_READONLY: _UNUSABLE,
    sqlite3.SQLITE_CANTOPEN: _UNUSABLE,
    sqlite3.SQLITE_CORRUPT: _UNUSABLE,
    sqlite3.SQLITE_NOTADB: _UNUSABLE,
}
_SQLSTATE_FAILURES = {"08": _AWAY, "57P": _AWAY, "53300": _AWAY, "53100": _FULL, "55P03": _LOCKED}
"""Classes of PostgreSQL's errors: connection, operator intervention, too many connections, disk full, lock timeout."""


def not_found(what: str) -> ServiceError:
    """Return `NotFound` for an object, such as `"strategy 7"`.

    An object of another user gets the same answer, so that its existence does not leak.
    """
    if len(what) > MAX_NAME:  # bounds how much text of the caller an error repeats
        what = f"{what[:MAX_NAME]}…"
    return ServiceError(StatusCode.NotFound, f"{what} was not found")


def validation(problems: Mapping[str, Sequence[str]], message: str | None = None) -> ServiceError:
    """Return `ValidationError` with the problems by field path; the message names the first one."""
    errors = {path: list(texts) for path, texts in problems.items()}
    if message is None:
        texts = [f"{path}: {text}" for path, result in errors.items() for text in result]
        message = texts[0] if texts else "the request is not valid"
        if len(texts) > 1:
            message += f" (and {len(texts) - 1} more)"
    return ServiceError(StatusCode.ValidationError, message, MesoLiveApiError(ValidationErrors=errors))


def conflict(message: str, code: str | None = None, data: object | None = None) -> ServiceError:
    """Return `Conflict`: the request does not fit the present state of the object."""
    return ServiceError(StatusCode.Conflict, message, _detail(code), data)


def duplicate_request(message: str, data: object | None) -> ServiceError:
    """Return `DuplicateRequest` with the first answer's data."""
    return ServiceError(StatusCode.DuplicateRequest, message, None, data)


def unauthorized(message: str = "a valid API key is needed") -> ServiceError:
    """Return `Unauthorized`: the caller is not authenticated."""
    return ServiceError(StatusCode.Unauthorized, message)


def forbidden(message: str, code: str | None = None) -> ServiceError:
    """Return `Forbidden`: the caller is authenticated and lacks the permission."""
    return ServiceError(StatusCode.Forbidden, message, _detail(code))


def not_supported(message: str, code: str | None = None) -> ServiceError:
    """Return `NotSupported`: this server, or this kind of account, does not do that."""
    return ServiceError(StatusCode.NotSupported, message, _detail(code))


def rate_limited(message: str, code: str | None = None) -> ServiceError:
    """Return `RateLimited`: a limit of concurrent requests is reached; the same request may succeed later."""
    return ServiceError(StatusCode.RateLimited, message, _detail(code))


def unavailable(message: str, provider: str | None = None, code: str | None = None) -> ServiceError:
    """Return `ProviderUnavailable`: the required market data does not arrive."""
    error = MesoLiveApiError(Code=code, Provider=provider) if provider or code else None
    return ServiceError(StatusCode.ProviderUnavailable, message, error)


def timed_out(message: str, code: str | None = None) -> ServiceError:
    """Return `Timeout`: no answer came in time; the caller must query the outcome of the request."""
    return ServiceError(StatusCode.Timeout, message, _detail(code))


def _detail(code: str | None) -> MesoLiveApiError | None:
    return MesoLiveApiError(Code=code) if code else None
