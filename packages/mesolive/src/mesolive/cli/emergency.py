"""Emergency commands: halts and key revocations that take effect while the database cannot be written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mesolive.errors import ServiceError
from mesolive.store.database import NOT_STORED
from mesolive.store.emergency import EmergencyFile, Note
from mesolive.store.engines import UnusableDatabaseError
from mesolive.store.server_lock import file_of

T = TypeVar("T")

UNWRITABLE = (UnusableDatabaseError, *NOT_STORED)
"""What opening and writing a database raise when the disk is full or another process holds it."""


@dataclass(frozen=True, slots=True)
class CarriedOut(Generic[T]):
    """The outcome of an emergency command.

    Attributes
    ----------
    result
        The result of `store`; `None` where the action is only in the emergency file.
    noted_in
        The file in which it is noted because the database cannot be written; `None` where it is stored.
    explanation
        The message for the operator.
    """

    result: T | None
    noted_in: str | None = None
    explanation: str = ""


def carry_out(url: str, note: Note, store: Callable[[], Coroutine[Any, Any, T]]) -> CarriedOut[T]:
    """Note an action in the emergency file, where a server obeys it at once, then store it in the database.

    Parameters
    ----------
    url
        The database.
    store
        Opens the database and stores the action.
    """
    emergency = EmergencyFile.beside(file_of(url))
    noted = emergency.add(note)
    try:
        result = asyncio.run(store())
    except UNWRITABLE as error:
        if not noted:
            raise
        explanation = (
            f"The database cannot be written now ({_reason(error)}): it is noted in {emergency.path}, which a running "
            "server obeys within seconds and stores when it can."
        )
        return CarriedOut(None, str(emergency.path), explanation)
    except BaseException:
        emergency.remove([note])
        raise
    emergency.remove([note])
    return CarriedOut(result)


def _reason(error: BaseException) -> str:
    """Return in a few words why a database cannot be used: without SQL and without what was written."""
    return error.message if isinstance(error, ServiceError) else str(getattr(error, "orig", error))
