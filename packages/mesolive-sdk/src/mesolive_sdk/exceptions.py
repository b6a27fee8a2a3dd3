"""Exceptions of the SDK: API errors, connection errors and timeouts.

::

    MesoLiveError                   everything below
    ├── MesoLiveApiException        the server answered with another status than Success
    └── MesoLiveSignalRError        no answer: the connection or a stream failed
        └── MesoLiveTimeoutError    no answer within the time; whether it was carried out is unknown
"""

from __future__ import annotations

from mesolive_sdk.models import MesoLiveApiError, StatusCode

__all__ = ["MesoLiveApiException", "MesoLiveError", "MesoLiveSignalRError", "MesoLiveTimeoutError"]

MAX_SHOWN_PROBLEMS = 10


class MesoLiveError(Exception):
    """Base of everything that the SDK raises."""


class MesoLiveApiException(MesoLiveError):  # noqa: N818 - the published name
    """The server answered a call with another status than `Success`.

    Attributes
    ----------
    status
        How the call ended.
    message
        The server's sentence for people.
    error
        The server's details.
    data
        The method's result, where the answer carries one: with `DuplicateRequest`, the first call's.
    method
        The hub method that was called.
    """

    def __init__(
        self,
        status: StatusCode,
        message: str | None = None,
        error: MesoLiveApiError | None = None,
        data: object = None,
        method: str | None = None,
    ) -> None:
        self.status = status
        self.message = message
        self.error = error
        self.data = data
        self.method = method
        super().__init__(status, message, error, data, method)

    def __str__(self) -> str:
        error = self.error
        texts = (
            []
            if error is None
            else [f"{at}: {t}" for at, result in (error.ValidationErrors or {}).items() for t in result]
        )
        # The server's sentence repeats the first problem for those who show nothing else.
        message = None if texts and self.message and self.message.startswith(texts[0]) else self.message
        parts = [": ".join(part for part in (self.method, self.status.value, message) if part)]
        if error is not None:
            parts += [text for text in (error.Detail if error.Detail != self.message else None,) if text]
            if error.Code:
                parts.append(f"code {error.Code}")
            if error.Provider:
                parts.append(f"from {error.Provider}")
            parts += [text for text in texts[:MAX_SHOWN_PROBLEMS] if message is None or text not in message]
            if len(texts) > MAX_SHOWN_PROBLEMS:
                parts.append(f"and {len(texts) - MAX_SHOWN_PROBLEMS} more")
        return "; ".join(parts)


class MesoLiveSignalRError(MesoLiveError):
    """The connection or a stream failed, so that there is no answer.

    Attributes
    ----------
    method
        The hub method that was called; None when connecting failed.
    status
        Why the server ended a stream, where it said so.
    """

    def __init__(self, text: str, method: str | None = None, status: StatusCode | None = None) -> None:
        self.method = method
        self.status = status
        super().__init__(text if method is None else f"{method}: {text}")


class MesoLiveTimeoutError(MesoLiveSignalRError, TimeoutError):
    """No answer came within the time.

    Whether the call was carried out is unknown. An idempotent one can be repeated with the same key, or asked for with
    `get_idempotency_record`.
    """
