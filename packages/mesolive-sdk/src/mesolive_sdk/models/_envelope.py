"""Response envelope of unary methods: status, message, data and error."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from mesolive_sdk.models._enums import StatusCode

T = TypeVar("T")


class MesoLiveApiError(msgspec.Struct, kw_only=True):
    """Why a call did not succeed.

    Attributes
    ----------
    Code
        A stable name for programs, such as `IdempotencyKeyReused`.
    Detail
        An explanation for people.
    Provider
        Which provider, broker or connector failed.
    ValidationErrors
        Problems of the arguments: path (such as `Combo[0].Contract.Strike`) to texts.
    """

    Code: str | None = None
    Detail: str | None = None
    Provider: str | None = None
    ValidationErrors: dict[str, list[str]] | None = None


class MesoLiveApiResponse(msgspec.Struct, Generic[T], kw_only=True):
    """The answer of every unary method.

    Attributes
    ----------
    Status
        How the call ended.
    Message
        A sentence for people.
    Error
        Why it did not succeed.
    Data
        The method's result; with `DuplicateRequest`, the first call's.
    """

    Status: StatusCode
    Message: str | None = None
    Error: MesoLiveApiError | None = None
    Data: T | None = None
