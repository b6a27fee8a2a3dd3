"""Signal keys: the scope and subject of a signal or an error, and their ids in the store."""

from __future__ import annotations

import enum
import hashlib
import uuid
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

_ERRORS = uuid.uuid5(uuid.NAMESPACE_OID, "mesolive/signals/errors")


class Kind(enum.Enum):
    """Kinds of signals and errors."""

    ENTRY = "Entry"
    EXIT = "Exit"
    ADJUSTMENT = "Adjustment"
    UPDATE = "Update"
    ERROR = "Error"


class Scope(NamedTuple):
    """The unit of evaluation: a strategy on an account, or one of its positions there."""

    user_id: int
    strategy_id: int
    account_id: int
    position_id: int | None = None


class Names(Struct, frozen=True):
    """A scope with the names that events carry."""

    scope: Scope
    strategy_name: str
    broker_account_id: str
    position_name: str = ""

    @property
    def position_id(self) -> int:
        """The position's id.

        Raises
        ------
        ValueError
            When the scope is not a position.
        """
        if self.scope.position_id is None:
            raise ValueError("the scope is a strategy on an account")
        return self.scope.position_id


@lru_cache(maxsize=4096)
def _digest(statement: str) -> str:
    return hashlib.sha256(statement.encode()).hexdigest()[:32]


class Subject(Struct, frozen=True):
    """One signal or error, active or not.

    Attributes
    ----------
    statement
        Which of a scope's statements it is about; empty where there is one of its kind only.
    """

    kind: Kind
    scope: Scope
    statement: str = ""

    @property
    def key(self) -> str:
        """Its name in the store: short however long the statement is, the same after a restart."""
        _, strategy, account, position = self.scope
        statement = _digest(self.statement) if self.statement else "-"
        return f"{self.kind.value}:{strategy}:{account}:{position or '-'}:{statement}"

    @property
    def error_id(self) -> uuid.UUID:
        """The `ErrorId` of an error: one per cause, the same whenever the cause comes back."""
        return uuid.uuid5(_ERRORS, f"{self.scope.user_id}/{self.key}")
