"""Pagination: signed continuation tokens that hold the position of the next page.

A token is bound to the user and to the query it came from. It holds nothing secret, only the last id that was shown;
the signature keeps a client from using the token of another query, and from relying on its contents.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from mesolive.errors import ServiceError, validation

R = TypeVar("R")

MAX_PAGE = 500
"""The most items of one page of a listing."""

_CONTROLS = frozenset({"Limit", "ContinuationToken"})
_MARK_BYTES = 16


class Page(msgspec.Struct, frozen=True):
    """Which rows to read and how the next page is asked for.

    Attributes
    ----------
    after
        Show rows with greater ids only, or with smaller ones where the query goes backwards; `start` of the query on
        the first page.
    limit
        Show so many at most. Read one more: `cut` sees by it that there is a next page.
    """

    after: int
    limit: int
    _key: bytes
    _scope: bytes

    def cut(self, rows: Sequence[R], id_name: str = "id") -> tuple[Sequence[R], str | None]:
        """Return the rows to show and the token of the next page, or `None` when this is the last.

        Parameters
        ----------
        rows
            Up to `limit + 1` rows in the order of their ids, or in its reverse.
        id_name
            The attribute that holds a row's id.
        """
        if len(rows) <= self.limit:
            return rows, None
        shown = rows[: self.limit]
        return shown, self.token(getattr(shown[-1], id_name))

    def token(self, last: int) -> str:
        """Return the token of the page that begins after the row with the id `last`."""
        body = last.to_bytes(8, "big", signed=True)
        return base64.urlsafe_b64encode(body + _mark(self._key, self._scope, body)).decode()


class Pager:
    """Reads and writes continuation tokens.

    Parameters
    ----------
    key
        The secret that signs them.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def page(self, user_id: int, query: str, args: msgspec.Struct, *, start: int = 0, maximum: int = MAX_PAGE) -> Page:
        """Return the page that the arguments ask for.

        Parameters
        ----------
        user_id
            The user of the query.
        query
            The method's name.
        args
            The wire's arguments: `Limit`, `ContinuationToken` and filters. A token fits the same filters only.
        start
            Where the first page begins: rows with greater ids.
        maximum
            The greatest `Limit`.

        Raises
        ------
        ServiceError
            `ValidationError` when `Limit` is out of bounds or the token is not one that this query gave to this user.
        """
        fields: dict[str, Any] = msgspec.structs.asdict(args)
        limit: int = fields["Limit"]
        if not 1 <= limit <= maximum:
            raise validation({"Limit": [f"expected 1 to {maximum}, got {limit}"]})
        filters = {name: value for name, value in fields.items() if name not in _CONTROLS}
        scope = hashlib.sha256(msgspec.json.encode([user_id, query, filters], enc_hook=str, order="sorted")).digest()
        token: str | None = fields["ContinuationToken"]
        after = self._read(token, scope) if token else start
        return Page(after, limit, self._key, scope)

    def _read(self, token: str, scope: bytes) -> int:
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise _foreign_token() from None
        body, mark = raw[:-_MARK_BYTES], raw[-_MARK_BYTES:]
        if not hmac.compare_digest(mark, _mark(self._key, scope, body)):
            raise _foreign_token()
        return int.from_bytes(body, "big", signed=True)


def _mark(key: bytes, scope: bytes, body: bytes) -> bytes:
    return hmac.digest(key, scope + body, "sha256")[:_MARK_BYTES]


def _foreign_token() -> ServiceError:
    return validation({"ContinuationToken": ["expected a token that this query gave to this user"]})
