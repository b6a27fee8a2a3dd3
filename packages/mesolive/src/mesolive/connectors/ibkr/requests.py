"""Requests to TWS that wait for their answers: by request id, and lists that have none."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from mesolive.connectors.ibkr.session_errors import RequestRefusedError, TwsError, UnreadableAnswerError

T = TypeVar("T")


class ListKind(enum.Enum):
    """Answers that bear no request id: one request of a kind is under way at a time."""

    OPEN_ORDERS = "open orders"
    COMPLETED_ORDERS = "completed orders"
    POSITIONS = "positions"
    MARKET_RULE = "market rule"
    CURRENT_TIME = "current time"


REFUSABLE: Final = frozenset({ListKind.OPEN_ORDERS, ListKind.COMPLETED_ORDERS})
"""A read-only API answers these with an error that has no request id."""

VALIDATION_FAILED: Final = 321

WARNINGS: Final = frozenset({2103, 2104, 2105, 2106, 2107, 2108, 2109, 2119, 2157, 2158})
"""Codes that end no request."""


@dataclass(slots=True)
class Answer(Generic[T]):
    """What has come of an answer.

    Attributes
    ----------
    done
        The rows, once the end has come.
    """

    rows: list[T]
    done: asyncio.Future[list[T]]
    row_type: type[T]


Key = int | ListKind

_MESSAGES_OF: Final[Mapping[str, frozenset[str]]] = {
    "ContractDetails": frozenset({"10", "52"}),
    "OptionParameters": frozenset({"75", "76"}),
    "ExecutionRow": frozenset({"11", "55"}),
    "OrderRow": frozenset({"5", "3", "53", "101", "102"}),
    "PositionRow": frozenset({"61", "62"}),
    "MarketRule": frozenset({"93"}),
    "AccountValue": frozenset({"63", "64"}),
    "int": frozenset({"49"}),
}
"""The messages that an answer of a type is made of."""


class RequestRegistry:
    """The requests that wait."""

    def __init__(self) -> None:
        self._answers: dict[Key, Answer[Any]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def begin(self, key: Key, row_type: type[T]) -> Answer[T]:
        """Wait for an answer from now on."""
        answer: Answer[T] = Answer([], asyncio.get_running_loop().create_future(), row_type)
        self._answers[key] = answer
        return answer

    def forget(self, key: Key) -> None:
        """Wait no more: what still comes is ignored."""
        answer = self._answers.pop(key, None)
        if answer is not None and answer.done.done() and not answer.done.cancelled():
            answer.done.exception()  # it was raised by another failure already

    def one_at_a_time(self, name: str) -> asyncio.Lock:
        """Return the lock of requests whose answers cannot be distinguished."""
        return self._locks.setdefault(name, asyncio.Lock())

    def row(self, key: Key, row: object) -> None:
        """Add a row to an answer, if a caller waits for it."""
        answer = self._answers.get(key)
        if answer is not None and isinstance(row, answer.row_type):
            answer.rows.append(row)

    def end(self, key: Key) -> None:
        """Complete an answer."""
        answer = self._answers.get(key)
        if answer is not None and not answer.done.done():
            answer.done.set_result(answer.rows)

    def refuse(self, key: Key, code: int, text: str) -> bool:
        """Fail an answer with an error of TWS; return whether a caller waits for it."""
        answer = self._answers.get(key)
        if answer is None:
            return False
        if code not in WARNINGS:
            self._fail(answer, RequestRefusedError(code, text))
        return True

    def refuse_lists(self, code: int, text: str) -> None:
        """Fail the lists that a read-only API refuses."""
        if code == VALIDATION_FAILED:
            for kind in REFUSABLE:
                self.refuse(kind, code, text)

    def fail_unreadable(self, message_id: str) -> None:
        """Fail the answers that a message of this kind may belong to."""
        for answer in list(self._answers.values()):
            if message_id in _MESSAGES_OF.get(answer.row_type.__name__, frozenset()):
                self._fail(answer, UnreadableAnswerError(f"a message of kind {message_id} could not be read"))

    def fail_all(self, error: TwsError) -> None:
        """Fail everything: the connection is lost."""
        for answer in list(self._answers.values()):
            self._fail(answer, error)

    def _fail(self, answer: Answer[Any], error: TwsError) -> None:
        if not answer.done.done():
            answer.done.set_exception(error)
            answer.done.exception()
