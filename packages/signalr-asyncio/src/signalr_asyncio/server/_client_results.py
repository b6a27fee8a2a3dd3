"""Client results: pending invocations of client methods that return a value."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from signalr_asyncio._clock import Clock
from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.messages import Completion, Invocation, Payload
from signalr_asyncio.server._errors import ClientDisconnectedError, ClientInvocationError, ClientResultError

# The id of the connection whose `on_connected` runs here.
current_connecting: ContextVar[str | None] = ContextVar("signalr_asyncio_connecting", default=None)


class PendingResults:
    """The results that one client was asked for and has not sent yet.

    Parameters
    ----------
    clock
        Where time comes from.
    maximum
        How many may be pending; a further one is an error.
    """

    __slots__ = ("_clock", "_ids", "_maximum", "_pending")

    def __init__(self, clock: Clock, maximum: int) -> None:
        self._clock = clock
        self._maximum = maximum
        self._pending: dict[str, asyncio.Future[Payload | None]] = {}
        self._ids = itertools.count(1)

    async def invoke(
        self,
        post: Callable[[bytes], object],
        protocol: HubProtocol,
        target: str,
        arguments: Sequence[Any],
        result_type: Any,  # noqa: ANN401 - unions and other type forms are no `type`
        seconds: float,
    ) -> Any:  # noqa: ANN401 - of `result_type`
        """Call a method of the client, and wait for its result.

        Parameters
        ----------
        post
            Sends a record.
        protocol
            The connection's encoding.
        target, arguments, result_type, seconds
            As in `SingleClientProxy.invoke`, which says what is raised.
        """
        if len(self._pending) >= self._maximum:
            raise ClientResultError(f"{self._maximum} results of this client are pending already.")
        # Clients choose ids of their own for uploads, as a rule numbers; the letter keeps ours apart.
        invocation_id = f"s{next(self._ids)}"
        record = protocol.encode(Invocation(target, arguments, invocation_id))
        answer: asyncio.Future[Payload | None] = asyncio.get_running_loop().create_future()

        def expire() -> None:
            if not answer.done():
                answer.set_exception(TimeoutError(f"The client did not answer '{target}' within {seconds:g} s"))

        handle = self._clock.call_later(seconds, expire)
        self._pending[invocation_id] = answer
        try:
            post(record)
            payload = await answer
        finally:
            handle.cancel()
            self._pending.pop(invocation_id, None)
        return None if payload is None else payload.decode(result_type)

    def complete(self, message: Completion) -> bool:
        """Take a completion; returns False when no pending invocation has its id."""
        answer = self._pending.pop(message.invocation_id, None)
        if answer is None:
            return False
        if not answer.done():
            if message.error is not None:
                answer.set_exception(ClientInvocationError(message.error))
            else:
                answer.set_result(message.result if message.has_result else None)
        return True

    def end(self, connection_id: str) -> None:
        """Fail everything that is pending: the client is gone."""
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(ClientDisconnectedError(f"Connection '{connection_id}' disconnected."))
        self._pending.clear()
