"""Failed calls of tastytrade in the trader's words: what kind of problem it is, and what to do."""

from __future__ import annotations

from typing import Final, TypeVar

from mesolive.connectors.protocol import ConnectorError, Problem
from mesolive.tastytrade_client import Answered, Outcome, Refused, Unknown

T = TypeVar("T")

GRANT: Final = "Make a new grant at my.tastytrade.com (Manage, API, OAuth Applications), and enter its refresh token."
SCOPE_REMEDY: Final = "Make a grant with the scopes read and trade, and enter its refresh token."
NO_ACCOUNT: Final = "quote_streamer.customer_not_found_error"


def connector_error(what: str, outcome: Refused | Unknown) -> ConnectorError:
    """Return the error of a call that was not answered.

    Parameters
    ----------
    what
        The call in words.
    """
    if isinstance(outcome, Unknown):
        readable = "cannot be read" not in outcome.reason
        problem = Problem.UNREACHABLE if readable else Problem.NONSENSE
        return ConnectorError(problem, f"{what}: {outcome}")
    text = f"{what}: {outcome}"
    if outcome.is_unauthorized:
        return ConnectorError(Problem.CREDENTIALS, text, GRANT)
    if outcome.status == 403:
        return ConnectorError(Problem.NOT_PERMITTED, text, SCOPE_REMEDY)
    if outcome.has_code(NO_ACCOUNT):
        return ConnectorError(Problem.NOT_PERMITTED, text, "Open an account at tastytrade: quotes need one.")
    if outcome.status == 406:
        return ConnectorError(Problem.SETTINGS, text, "Set api_version to a release that tastytrade serves.")
    return ConnectorError(Problem.UNREACHABLE, text)


def needed(what: str, outcome: Outcome[T]) -> T:
    """Return the answer of a call, or raise `ConnectorError`."""
    if isinstance(outcome, Answered):
        return outcome.value
    raise connector_error(what, outcome)
