"""Outcomes of a call to tastytrade's REST API: answered, refused, or unknown.

The server is not idempotent. Whoever sends an order must know which of the three happened: an answer and a refusal are
certain, and an unknown outcome is neither of them. A call whose outcome is unknown may have taken effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class ErrorItem:
    """One reason of a refusal.

    Attributes
    ----------
    code
        The server's word for it, such as `margin_check_failed`; a validation error has the name of the field here.
    message
        What it says for people.
    """

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} ({self.code})" if self.message else self.code


@dataclass(frozen=True, slots=True)
class Answered(Generic[T_co]):
    """The server carried the call out, and its answer could be read.

    Attributes
    ----------
    value
        The decoded answer.
    status
        The HTTP status.
    """

    value: T_co
    status: int = 200


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refused the call with an answer that could be read: nothing has changed there.

    Attributes
    ----------
    status
        The HTTP status.
    code
        The server's code, such as `preflight_check_failure`.
    message
        The server's text.
    reasons
        Single reasons, where it lists some.
    """

    status: int
    code: str = ""
    message: str = ""
    reasons: tuple[ErrorItem, ...] = ()

    @property
    def is_throttled(self) -> bool:
        """Whether the call came too soon; it may be made again later."""
        return self.status == 429

    @property
    def is_unauthorized(self) -> bool:
        """Whether the access token was not accepted. The server did not look at the call itself."""
        return self.status == 401

    @property
    def is_missing(self) -> bool:
        """Whether the server does not know what was asked for."""
        return self.status == 404

    def has_code(self, *codes: str) -> bool:
        """Return whether the refusal, or one of its reasons, has one of these codes."""
        return self.code in codes or any(item.code in codes for item in self.reasons)

    def __str__(self) -> str:
        reasons = "; ".join(str(item) for item in self.reasons)
        head = str(ErrorItem(self.code, self.message)) if self.code or self.message else f"HTTP status {self.status}"
        return f"{head}: {reasons}" if reasons else head


@dataclass(frozen=True, slots=True)
class Unknown:
    """The outcome of the call is unknown: a timeout, a lost connection, an answer that cannot be read.

    Attributes
    ----------
    reason
        What happened, without any secret.
    sent
        Whether the request may have reached the server. `False` is certain: no connection was made.
    """

    reason: str
    sent: bool = True

    def __str__(self) -> str:
        return self.reason


Outcome: TypeAlias = Answered[T] | Refused | Unknown


class CallFailedError(Exception):
    """A call was not answered. The text holds no secret.

    Attributes
    ----------
    outcome
        The refusal, or why the outcome is unknown.
    """

    def __init__(self, what: str, outcome: Refused | Unknown) -> None:
        super().__init__(f"{what}: {outcome}")
        self.outcome = outcome

    @property
    def is_refused(self) -> bool:
        """Whether the server refused the call, so that nothing has changed there."""
        return isinstance(self.outcome, Refused)


def value_of(what: str, outcome: Answered[T] | Refused | Unknown) -> T:
    """Return the answer of a call.

    Parameters
    ----------
    what
        The call in words, for the error.

    Raises
    ------
    CallFailedError
        When it was refused, or its outcome is unknown.
    """
    if isinstance(outcome, Answered):
        return outcome.value
    raise CallFailedError(what, outcome)
