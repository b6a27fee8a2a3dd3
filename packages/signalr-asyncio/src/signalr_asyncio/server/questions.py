"""Calls of a client's methods that wait for its answer: client results."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.messages import Completion, Invocation, Payload
from signalr_asyncio.server.clock import Clock
from signalr_asyncio.server.errors import ClientGone, ClientInvocationError, ClientResultError


class Questions:
    """What one client has been asked and not yet answered.

    Parameters
    ----------
    clock
        Where time comes from.
    maximum
        How many questions may be open; a further one is an error.
    """

    __slots__ = ("_clock", "_ids", "_maximum", "_open")

    def __init__(self, clock: Clock, maximum: int) -> None:
        self._clock = clock
        self._maximum = maximum
        self._open: dict[str, asyncio.Future[Payload | None]] = {}
        self._ids = itertools.count(1)

    def __bool__(self) -> bool:
        """Return whether an answer is awaited."""
        return bool(self._open)

    async def ask(
        self,
        post: Callable[[bytes], object],
        protocol: HubProtocol,
        target: str,
        arguments: Sequence[Any],
        result_type: Any,  # noqa: ANN401 - unions and other type forms are no `type`
        seconds: float,
    ) -> Any:  # noqa: ANN401 - of `result_type`
        """Ask the client, and wait for its answer.

        Parameters
        ----------
        post
            Sends a record.
        protocol
            The connection's encoding.
        target, arguments, result_type, seconds
            As in `SingleClientProxy.invoke`, which says what is raised.
        """
        if len(self._open) >= self._maximum:
            raise ClientResultError(f"{self._maximum} questions to this client wait for an answer already.")
        # Clients choose ids of their own for uploads, as a rule numbers; the letter keeps ours apart.
        invocation_id = f"s{next(self._ids)}"
        record = protocol.encode(Invocation(target, arguments, invocation_id))
        answer: asyncio.Future[Payload | None] = asyncio.get_running_loop().create_future()

        def expire() -> None:
            if not answer.done():
                answer.set_exception(TimeoutError(f"The client did not answer '{target}' within {seconds:g} s"))

        handle = self._clock.call_later(seconds, expire)
        self._open[invocation_id] = answer
        try:
            post(record)
            payload = await answer
        finally:
            handle.cancel()
            self._open.pop(invocation_id, None)
        return None if payload is None else payload.decode(result_type)

    def answered(self, message: Completion) -> bool:
        """Take an answer; false when it answers none of our questions."""
        answer = self._open.pop(message.invocation_id, None)
        if answer is None:
            return False
        if not answer.done():
            if message.error is not None:
                answer.set_exception(ClientInvocationError(message.error))
            else:
                answer.set_result(message.result if message.has_result else None)
        return True

    def end(self, connection_id: str) -> None:
        """Fail all that is open: the client is gone."""
        for answer in self._open.values():
            if not answer.done():
                answer.set_exception(ClientGone(f"Connection '{connection_id}' disconnected."))
        self._open.clear()
