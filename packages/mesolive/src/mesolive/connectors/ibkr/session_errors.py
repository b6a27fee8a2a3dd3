"""Errors of requests to TWS."""

from __future__ import annotations

from typing import Final

ANOTHER_LOGIN: Final = "TWS is logged in as another user"


class TwsError(Exception):
    """A request to TWS has no answer that can be used."""


class SessionLostError(TwsError):
    """The connection was lost, or is not there. Whether a request was received is not known."""


class WrongLoginError(SessionLostError):
    """TWS is logged in as another user: the connection was closed again, and nothing was requested."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{ANOTHER_LOGIN}: {reason}")


class RequestTimeoutError(TwsError):
    """TWS did not answer within the time limit; a late answer is ignored."""


class UnreadableAnswerError(TwsError):
    """A message of the answer could not be read, so that the answer is not complete."""


class RequestRefusedError(TwsError):
    """TWS answered a request with an error.

    Attributes
    ----------
    code
        Such as 200 for a contract that does not exist. Its text is in the language of TWS' window.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
