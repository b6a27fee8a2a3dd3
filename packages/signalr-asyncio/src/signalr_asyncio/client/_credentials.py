"""Bearer token authentication of the client, with one refresh per connection attempt."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from signalr_asyncio.client._exceptions import ConnectError

TokenSource = str | Callable[[], str | Awaitable[str | None] | None] | None
"""A token, or a function (sync or async) that is asked for one at each connect and reconnect."""


class Credentials:
    """Asks the token source once per connection attempt, and once more where a server finds the token expired.

    Parameters
    ----------
    source
        The token, or a function that returns it.
    timeout
        How long an asynchronous source may take, in seconds.
    """

    __slots__ = ("_asked", "_source", "_timeout", "_token")

    def __init__(self, source: TokenSource, timeout: float) -> None:
        self._source = source
        self._timeout = timeout
        self._token: str | None = None
        self._asked = False

    def __repr__(self) -> str:
        return "Credentials()"

    async def headers(self) -> dict[str, str]:
        """Return the Authorization header, or nothing where there is no token.

        Raises
        ------
        ConnectError
            When the token source failed, or took too long; its exception is the cause.
        """
        if not self._asked:
            await self.refresh()
        return {} if self._token is None else {"Authorization": f"Bearer {self._token}"}

    async def refresh(self) -> bool:
        """Ask the source anew; return whether the token has changed."""
        before = self._token
        self._token = await self._ask()
        self._asked = True
        return self._token != before

    async def _ask(self) -> str | None:
        source = self._source
        if source is None or isinstance(source, str):
            return source or None
        try:
            answer = source()
            if inspect.isawaitable(answer):
                async with asyncio.timeout(self._timeout):
                    answer = await answer
        except TimeoutError:
            raise ConnectError(f"the access token was not there within {self._timeout:g} s") from None
        except Exception as error:
            raise ConnectError(f"the access token could not be had: {type(error).__name__}") from error
        return answer or None
