"""The one exception with which a service answers anything but Success, and a function for each kind of answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesolive_sdk.models import MesoLiveApiError, StatusCode

LONGEST_NAME = 200
"""Characters that are shown of what was not found."""


class ServiceError(Exception):
    """An answer other than Success; a hub puts it in the envelope, a stream ends with it.

    Parameters
    ----------
    status
        Any status but `Success`.
    message
        One sentence for the caller. It is sent as it is: it must hold no secret and nothing of another user.
    error
        Details: a code, the provider that failed, the fields that were wrong.
    data
        What the envelope carries besides, as the result of the first call in `DuplicateRequest`.
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


def not_found(what: str) -> ServiceError:
    """Return `NotFound` for a thing, such as `"strategy 7"`; a foreign thing is answered in the same way."""
    if len(what) > LONGEST_NAME:  # what a caller made up is not sent back by the megabyte
        what = f"{what[:LONGEST_NAME]}…"
    return ServiceError(StatusCode.NotFound, f"{what} was not found")


def validation(problems: Mapping[str, Sequence[str]], message: str | None = None) -> ServiceError:
    """Return `ValidationError` with what is wrong by field path; the message names the first problem."""
    errors = {path: list(texts) for path, texts in problems.items()}
    if message is None:
        texts = [f"{path}: {text}" for path, found in errors.items() for text in found]
        message = texts[0] if texts else "the request is not valid"
        if len(texts) > 1:
            message += f" (and {len(texts) - 1} more)"
    return ServiceError(StatusCode.ValidationError, message, MesoLiveApiError(ValidationErrors=errors))


def conflict(message: str, code: str | None = None, data: object | None = None) -> ServiceError:
    """Return `Conflict`: what is asked does not fit the present state."""
    return ServiceError(StatusCode.Conflict, message, _detail(code), data)


def duplicate_request(message: str, data: object | None) -> ServiceError:
    """Return `DuplicateRequest` with the first answer's data."""
    return ServiceError(StatusCode.DuplicateRequest, message, None, data)


def unauthorized(message: str = "a valid API key is needed") -> ServiceError:
    """Return `Unauthorized`: nobody knows who calls."""
    return ServiceError(StatusCode.Unauthorized, message)


def forbidden(message: str) -> ServiceError:
    """Return `Forbidden`: the caller is known and may not."""
    return ServiceError(StatusCode.Forbidden, message)


def not_supported(message: str, code: str | None = None) -> ServiceError:
    """Return `NotSupported`: this server, or this kind of account, does not do that."""
    return ServiceError(StatusCode.NotSupported, message, _detail(code))


def rate_limited(message: str) -> ServiceError:
    """Return `RateLimited`: too much at once; the same request may succeed later."""
    return ServiceError(StatusCode.RateLimited, message)


def unavailable(message: str, provider: str | None = None) -> ServiceError:
    """Return `ProviderUnavailable`: the data that is needed does not arrive."""
    error = MesoLiveApiError(Provider=provider) if provider else None
    return ServiceError(StatusCode.ProviderUnavailable, message, error)


def timed_out(message: str) -> ServiceError:
    """Return `Timeout`: the answer did not come in time; what became of the request must be asked."""
    return ServiceError(StatusCode.Timeout, message)


def _detail(code: str | None) -> MesoLiveApiError | None:
    return MesoLiveApiError(Code=code) if code else None
