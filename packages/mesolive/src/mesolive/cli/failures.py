"""Error messages of commands: what an exception means for the user, and the exit status that it ends with.

The classes of the exceptions are in modules that take most of a second to import. An exception can only be raised by
a module that is loaded, so a class is looked for in its module only when that module is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from mesolive_sdk.exceptions import MesoLiveApiException

MAX_SHOWN_PROBLEMS: Final = 10

DATABASE_FAILED: Final = 3
"""The exit status when the database is full, locked or away."""


class Failure(NamedTuple):
    """The end of a command.

    Attributes
    ----------
    message
        One line for the user.
    status
        The exit status.
    """

    message: str
    status: int


def failure_of(error: Exception) -> Failure | None:
    """Return how a command ends with an exception; `None` for an exception that is a fault of the program."""
    for place, explain in EXPLANATIONS.items():
        module, _, name = place.rpartition(".")
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(error, getattr(loaded, name)):
            return explain(error)
    return None


def _settings(error: Any) -> Failure:  # noqa: ANN401 - of the class that the table names, as below
    return Failure(str(error), 2)


def _database(error: Any) -> Failure:  # noqa: ANN401
    from mesolive.errors import storage_failure  # noqa: PLC0415 - see above

    failed = error.__cause__ is not None and storage_failure(error.__cause__) is not None
    return Failure(str(error), DATABASE_FAILED if failed else 1)


def _storage(error: Any) -> Failure | None:  # noqa: ANN401
    from mesolive.errors import storage_failure  # noqa: PLC0415 - see above

    failure = storage_failure(error)
    return None if failure is None else Failure(failure.message, DATABASE_FAILED)


def _text(error: Any) -> Failure:  # noqa: ANN401
    return Failure(str(error), 1)


def _service(error: Any) -> Failure:  # noqa: ANN401
    return Failure(error.message, 1)


def _answer(error: MesoLiveApiException) -> Failure:
    """Show the server's error message with the invalid fields."""
    problems = {} if error.error is None else error.error.ValidationErrors or {}
    message = error.message or error.status.value
    texts = [f"{path}: {text}" for path, result in problems.items() for text in result if text not in message]
    more = f" (and {len(texts) - MAX_SHOWN_PROBLEMS} more)" if len(texts) > MAX_SHOWN_PROBLEMS else ""
    return Failure("; ".join([message, *texts[:MAX_SHOWN_PROBLEMS]]) + more, 1)


def _connection(error: Any) -> Failure:  # noqa: ANN401
    return Failure(str(error).replace("url=... or MESOLIVE_URL", "--url or MESOLIVE_URL"), 1)


EXPLANATIONS: Final[Mapping[str, Callable[[Any], Failure | None]]] = {
    "mesolive.settings.fields.SettingsError": _settings,
    "mesolive.store.engines.UnusableDatabaseError": _database,
    "mesolive.access.secret.UnusableSecretError": _text,
    "mesolive.operations.backup_archive.BackupError": _text,
    "mesolive.connectors.remote.agent_folder.AgentFolderError": _text,
    "sqlalchemy.exc.DBAPIError": _storage,
    "builtins.OSError": _storage,
    "mesolive.errors.ServiceError": _service,
    "mesolive_sdk.exceptions.MesoLiveApiException": _answer,
    "mesolive_sdk.exceptions.MesoLiveSignalRError": _connection,
}
"""Exception classes by their place, and what each means; the first that matches is taken."""
