"""Validation of user text: names that screens can print, text that databases can store."""

from __future__ import annotations

from typing import overload

from mesolive.errors import validation

NAME_LIMIT = 128
TEXT_LIMIT = 250


def checked_name(field: str, name: str) -> str:
    """Return the name without surrounding space.

    Raises
    ------
    ServiceError
        `ValidationError` when nothing is left, it is too long, or it holds what is not printed: control characters
        change what a terminal or a log shows, and PostgreSQL does not store all of them.
    """
    name = name.strip()
    if not 1 <= len(name) <= NAME_LIMIT:
        raise validation({field: [f"expected 1 to {NAME_LIMIT} characters, got {len(name)}"]})
    if not name.isprintable():
        raise validation({field: [f"expected printable characters, got {name!a}"]})
    return name


@overload
def checked_text(field: str, text: str, limit: int | None = TEXT_LIMIT) -> str: ...
@overload
def checked_text(field: str, text: str | None, limit: int | None = TEXT_LIMIT) -> str | None: ...
def checked_text(field: str, text: str | None, limit: int | None = TEXT_LIMIT) -> str | None:
    """Return a text that is stored as it is, or null.

    Raises
    ------
    ServiceError
        `ValidationError` when it is longer than `limit`, or holds a NUL, which PostgreSQL does not store.
    """
    if text is not None and limit is not None and len(text) > limit:
        raise validation({field: [f"expected at most {limit} characters, got {len(text)}"]})
    if text is not None and "\0" in text:
        raise validation({field: ["expected a text without the character NUL"]})
    return text
