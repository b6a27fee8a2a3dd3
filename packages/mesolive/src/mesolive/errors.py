"""The one exception with which a service answers anything but Success."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesolive_sdk.models import MesoLiveApiError, StatusCode


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

    @classmethod
    def not_found(cls, what: str) -> ServiceError:
        """Return `NotFound` for a thing, such as `"strategy 7"`; a foreign one is answered in the same way."""
        return cls(StatusCode.NotFound, f"{what} was not found")

    @classmethod
    def validation(cls, problems: Mapping[str, Sequence[str]], message: str | None = None) -> ServiceError:
        """Return `ValidationError` with what is wrong by field path."""
        errors = {path: list(texts) for path, texts in problems.items()}
        if message is None:
            count = sum(map(len, errors.values()))
            first = next((f"{path}: {texts[0]}" for path, texts in errors.items() if texts), "the request is not valid")
            message = first if count <= 1 else f"{first} (and {count - 1} more)"
        return cls(StatusCode.ValidationError, message, MesoLiveApiError(ValidationErrors=errors))

    @classmethod
    def conflict(cls, message: str, code: str | None = None, data: object | None = None) -> ServiceError:
        """Return `Conflict`: what is asked does not fit the present state."""
        return cls(StatusCode.Conflict, message, _detail(code), data)

    @classmethod
    def duplicate(cls, message: str, data: object | None) -> ServiceError:
        """Return `DuplicateRequest` with the first answer's data."""
        return cls(StatusCode.DuplicateRequest, message, None, data)

    @classmethod
    def unauthorized(cls, message: str = "a valid API key is needed") -> ServiceError:
        """Return `Unauthorized`: nobody knows who calls."""
        return cls(StatusCode.Unauthorized, message)

    @classmethod
    def forbidden(cls, message: str) -> ServiceError:
        """Return `Forbidden`: the caller is known and may not."""
        return cls(StatusCode.Forbidden, message)

    @classmethod
    def not_supported(cls, message: str, code: str | None = None) -> ServiceError:
        """Return `NotSupported`: this server, or this kind of account, does not do that."""
        return cls(StatusCode.NotSupported, message, _detail(code))

    @classmethod
    def rate_limited(cls, message: str) -> ServiceError:
        """Return `RateLimited`: too much at once; the same request may succeed later."""
        return cls(StatusCode.RateLimited, message)

    @classmethod
    def unavailable(cls, message: str, provider: str | None = None) -> ServiceError:
        """Return `ProviderUnavailable`: the data that is needed does not arrive."""
        return cls(StatusCode.ProviderUnavailable, message, MesoLiveApiError(Provider=provider) if provider else None)

    @classmethod
    def timeout(cls, message: str) -> ServiceError:
        """Return `Timeout`: the answer did not come in time, and what became of the request is told elsewhere."""
        return cls(StatusCode.Timeout, message)


def _detail(code: str | None) -> MesoLiveApiError | None:
    return MesoLiveApiError(Code=code) if code else None
