"""Answers of tastytrade's REST API: envelopes, lists, and what an answer without success means."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Generic, TypeVar

import httpx
import msgspec

from mesolive.tastytrade_client.outcomes import ErrorItem, Refused, Unknown

T = TypeVar("T")

MAX_TEXT_CHARACTERS: Final = 300
"""Largest length of a text of the server that is logged and shown."""


class Pagination(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """Which part of a list an answer is."""

    page_offset: int | None = None
    total_pages: int | None = None
    total_items: int | None = None
    per_page: int | None = None


class ErrorBodyItem(msgspec.Struct, frozen=True, kw_only=True):
    """One reason in an error."""

    code: str | None = None
    message: str | None = None
    domain: str | None = None
    reason: str | None = None


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """An error as the API words it."""

    code: str | None = None
    message: str | None = None
    errors: list[ErrorBodyItem] | None = None


class Envelope(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What surrounds an answer. A dry run that fails may have both data and an error."""

    data: T
    pagination: Pagination | None = None
    error: ErrorBody | None = None


class Items(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A list in an answer."""

    items: list[T]


class _ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    error: ErrorBody | str | None = None
    error_code: str | None = None
    error_description: str | None = None


@cache
def _cached_decoder(answer: type[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(answer)


def decoder_of(answer: type[T]) -> msgspec.json.Decoder[T]:
    """Return the decoder of a type, made once: what a type looks like takes longer than a short answer to read."""
    return _cached_decoder(answer)


def refused(method: str, path: str, response: httpx.Response) -> Refused | Unknown:
    """Return what an answer without success means: certain only where its body is an error of the API."""
    status = response.status_code
    body = _error_of(response.content)
    if status >= 500 or status == 408 or status < 400:
        words = f" ({body[1] or body[0]})" if body is not None else ""
        return Unknown(f"{method} {path} was answered with HTTP status {status}{words}")
    if body is not None:
        return Refused(status, *body)
    if status in {401, 404, 406, 429}:
        return Refused(status)  # gateways answer these without a body of the API; nothing was carried out
    return Unknown(f"{method} {path} was answered with HTTP status {status} and an unreadable body")


def _error_of(content: bytes) -> tuple[str, str, tuple[ErrorItem, ...]] | None:
    try:
        read = msgspec.json.decode(content, type=_ErrorAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if read.error_code is not None:
        return read.error_code, _short(read.error_description), ()
    if isinstance(read.error, str):
        return _short(read.error), "", ()
    if read.error is None:
        return None
    return fields_of(read.error)


def fields_of(error: ErrorBody) -> tuple[str, str, tuple[ErrorItem, ...]]:
    """Return code, message and items of an error, as `Refused` has them."""
    items = tuple(
        ErrorItem(_short(item.code or item.domain), _short(item.message or item.reason)) for item in error.errors or ()
    )
    return _short(error.code), _short(error.message), items


def _short(text: str | None) -> str:
    """Return a text of the server on one line and of bounded length: it is logged and shown."""
    printable = "".join(character if character.isprintable() else " " for character in text or "")
    return printable[:MAX_TEXT_CHARACTERS]
