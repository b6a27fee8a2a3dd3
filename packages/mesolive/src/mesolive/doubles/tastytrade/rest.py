"""REST requests and answers of the double of tastytrade: operations, envelopes, pages, errors, and parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeAlias, TypeVar

import msgspec

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.order_request import Refusal, invalid
from mesolive.doubles.tastytrade.values import JsonObject
from mesolive.market.calendar import NEW_YORK

Parameters: TypeAlias = Mapping[str, Sequence[str]]

MAX_BODY_BYTES: Final = 1 << 20

_Body = TypeVar("_Body")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was authenticated.

    Attributes
    ----------
    path
        The parts of the path that the operation names.
    query
        The parameters; those that end in `[]` have several values.
    version
        Of the API: a date as eight digits.
    """

    desk: Desk
    method: str
    url_path: str
    path: Mapping[str, str]
    query: Parameters
    body: bytes
    version: str

    @property
    def account(self) -> str:
        """The account that the path names.

        Raises
        ------
        Refusal
            When it is none of this login.
        """
        number = self.path["account"]
        if number not in self.desk.accounts:
            raise Refusal(403, "not_permitted", "User not permitted access")
        return number

    @property
    def number(self) -> int:
        """The id that the path names."""
        return int(self.path["id"])

    def parameter(self, name: str) -> str | None:
        """Return a parameter."""
        values = self.query.get(name) or self.query.get(f"{name}[]") or ()
        return values[-1] if values else None

    def many(self, name: str) -> frozenset[str]:
        """Return the values of a parameter that may come several times."""
        return frozenset((*self.query.get(name, ()), *self.query.get(f"{name}[]", ())))

    def number_of(self, name: str, default: int, *, minimum: int = 0, maximum: int = 1_000_000) -> int:
        """Return a parameter that is a whole number."""
        text = self.parameter(name)
        if text is None:
            return default
        if not text.isdecimal() or not minimum <= int(text) <= maximum:
            raise invalid(name, "does not have a valid value")
        return int(text)

    def day(self, name: str) -> date | None:
        """Return a parameter that is a day."""
        text = self.parameter(name)
        try:
            return None if text is None else date.fromisoformat(text)
        except ValueError:
            raise invalid(name, "is not a date") from None

    def moment(self, name: str) -> datetime | None:
        """Return a parameter that is a time; one without a zone is of New York."""
        text = self.parameter(name)
        try:
            value = None if text is None else datetime.fromisoformat(text)
        except ValueError:
            raise invalid(name, "is not a time") from None
        return value if value is None or value.tzinfo is not None else value.replace(tzinfo=NEW_YORK)

    def read(self, kind: type[_Body]) -> _Body:
        """Return the body as a structure.

        Raises
        ------
        Refusal
            When it is no JSON, or a field is of a wrong type.
        """
        try:
            return msgspec.json.decode(self.body or b"{}", type=kind, strict=False)
        except msgspec.ValidationError as error:
            text = str(error)
            field = text.rpartition("`$")[2].strip(".`") if "`$" in text else "body"
            raise invalid(field or "body", text.partition(" - at")[0]) from None
        except msgspec.DecodeError:
            raise Refusal(400, "invalid_json", "The request body is not valid JSON") from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers.

    Attributes
    ----------
    data
        The object, or a list of items.
    pagination
        Of a page.
    bare
        The whole body in place of an envelope.
    """

    data: JsonObject | Sequence[object] | None = None
    status: int = 200
    pagination: JsonObject | None = None
    bare: object = None

    def body(self, context: str) -> object:
        """Return the JSON body."""
        if self.bare is not None:
            return self.bare
        data = self.data if self.data is None or isinstance(self.data, dict) else {"items": self.data}
        body: JsonObject = {"data": data, "context": context}
        if self.pagination is not None:
            body["pagination"] = self.pagination
        return body


Handler: TypeAlias = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Operation:
    """A REST call.

    Attributes
    ----------
    name
        By which faults, limits and the truth name it.
    path
        With the parts in braces.
    per_second
        How often it may be called in a second; `None` for as often as all calls together.
    trades
        Whether it needs the scope `trade`.
    """

    name: str
    method: str
    path: str
    handler: Handler
    per_second: int | None = None
    trades: bool = False


def page(request: Request, items: Sequence[object], *, size: int | None = None, maximum: int | None = None) -> Answer:
    """Return one page of items, as `per-page` and `page-offset` ask for."""
    settings = request.desk.settings
    maximum = settings.max_page_size if maximum is None else maximum
    default = min(settings.page_size if size is None else size, maximum)
    per_page = request.number_of("per-page", default, minimum=1, maximum=maximum)
    offset = request.number_of("page-offset", 0)
    first = offset * per_page
    shown = list(items[first : first + per_page])
    pagination: JsonObject = {
        "per-page": per_page,
        "page-offset": offset,
        "item-offset": first,
        "total-items": len(items),
        "total-pages": -(-len(items) // per_page),
        "current-item-count": len(shown),
        "previous-link": None,
        "next-link": None,
        "paging-link-template": None,
    }
    return Answer(shown, pagination=pagination)


def error_body(refusal: Refusal) -> JsonObject:
    """Return the JSON body of a refusal."""
    error: JsonObject = {"code": refusal.code, "message": refusal.message}
    if refusal.errors:
        error["errors"] = [msgspec.to_builtins(item) for item in refusal.errors]
    body: JsonObject = {"error": error}
    return body if refusal.data is None else {"data": refusal.data, **body}
