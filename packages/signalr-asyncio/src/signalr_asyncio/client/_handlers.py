"""Client method handlers: dispatch of server-to-client invocations, in order per target."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import msgspec

from signalr_asyncio._tasks import Tasks
from signalr_asyncio.client._exceptions import ConnectionLostError, HubError, NotConnectedError
from signalr_asyncio.client._mailbox import Mailbox
from signalr_asyncio.client._transports.base import TransportClosedError
from signalr_asyncio.protocol.codec import EncodeError
from signalr_asyncio.protocol.messages import Completion, Invocation

logger = logging.getLogger("signalr_asyncio.client")

Handler = Callable[..., object | Awaitable[object]]

NO_RESULT = "Client didn't provide a result."
MANY_RESULTS = "Client provided multiple results."

_MAX_NEWS = 256


class Answerer(Protocol):
    """Takes the answer to a call that wants one."""

    async def answer(self, completion: Completion) -> None:
        """Send the answer, on the connection that the call came from."""
        ...


class _Subscription:
    __slots__ = ("handler", "types")

    def __init__(self, handler: Handler, types: Sequence[Any] | None) -> None:
        self.handler = handler
        self.types = types

    def decode(self, invocation: Invocation) -> list[Any]:
        arguments = invocation.arguments
        if self.types is None:
            return [argument.builtins() for argument in arguments]
        if len(arguments) < len(self.types):
            raise msgspec.ValidationError(f"{len(self.types)} arguments are expected, {len(arguments)} came")
        # More arguments than types are those of a later version of the server.
        return [argument.decode(type_) for argument, type_ in zip(arguments, self.types, strict=False)]


class Target:
    """One target: its handlers, and a queue of calls that one task works through while there are any."""

    __slots__ = ("_tasks", "_working", "mailbox", "name", "subscriptions")

    def __init__(self, name: str, capacity: int, made_room: Callable[[], None], tasks: Tasks) -> None:
        self.name = name
        self.subscriptions: list[_Subscription] = []
        self.mailbox: Mailbox[tuple[Invocation, Answerer]] = Mailbox(capacity, made_room)
        self._tasks = tasks
        self._working = False

    def put(self, invocation: Invocation, answerer: Answerer) -> bool:
        """Queue a call; return whether reading should pause."""
        full = self.mailbox.put((invocation, answerer))
        if not self._working:
            self._working = True
            self._tasks.spawn(self._work(), f"signalr handlers of {self.name}")
        return full

    async def _work(self) -> None:
        try:
            while self.mailbox.items:
                invocation, answerer = self.mailbox.take()
                await self._handle(invocation, answerer)
        finally:
            self._working = False

    async def _handle(self, invocation: Invocation, answerer: Answerer) -> None:
        results: list[object] = []
        error: str | None = None
        # A copy, because a handler may unsubscribe itself.
        for subscription in tuple(self.subscriptions):
            try:
                arguments = subscription.decode(invocation)
                result = subscription.handler(*arguments)
                if inspect.isawaitable(result):
                    result = await result
                results.append(result)
            except HubError as failure:
                error = failure.text
                if invocation.invocation_id is None:
                    logger.exception("A handler of %r failed", self.name)
            except msgspec.MsgspecError:
                error = f"The arguments of '{self.name}' do not fit the client's handler."
                logger.exception("The arguments of a call of %r do not fit its handler", self.name)
            except Exception as failure:
                # As in Microsoft's clients, the server receives the reason why there is no result.
                error = str(failure) or type(failure).__name__
                logger.exception("A handler of %r failed", self.name)
        if invocation.invocation_id is not None:
            await self._answer(invocation.invocation_id, results, error, answerer)

    async def _answer(self, invocation_id: str, results: list[object], error: str | None, answerer: Answerer) -> None:
        if len(results) > 1:
            # Handlers that only listen return None; one of several may answer.
            results = [result for result in results if result is not None] or results[:1]
        if error is None and not results:
            error = NO_RESULT
        elif error is None and len(results) > 1:
            error = MANY_RESULTS
        completion = (
            Completion(invocation_id, error=error)
            if error is not None
            else Completion(invocation_id, result=results[0], has_result=True)
        )
        try:
            await answerer.answer(completion)
        except EncodeError:
            logger.exception("The answer of the handler of %r cannot be sent", self.name)
            await answerer.answer(Completion(invocation_id, error="The client's answer could not be encoded."))
        except (TransportClosedError, ConnectionLostError, NotConnectedError):
            logger.debug("The connection was gone before the answer of the handler of %r", self.name)


class Handlers:
    """All targets of a connection; they outlive its reconnects. Names are compared ignoring case.

    Parameters
    ----------
    capacity
        Calls queued per target.
    made_room
        Called when reading may go on.
    tasks
        Owns the tasks that run handlers.
    """

    def __init__(self, capacity: int, made_room: Callable[[], None], tasks: Tasks) -> None:
        self._capacity = capacity
        self._made_room = made_room
        self._tasks = tasks
        self._targets: dict[str, Target] = {}

    def on(self, target: str, handler: Handler, types: Sequence[Any] | None) -> Callable[[], None]:
        """Add a handler; return what removes it."""
        key = target.lower()
        entry = self._targets.get(key)
        if entry is None:
            entry = self._targets[key] = Target(target, self._capacity, self._made_room, self._tasks)
        subscription = _Subscription(handler, types)
        entry.subscriptions.append(subscription)

        def unsubscribe() -> None:
            if subscription in entry.subscriptions:
                entry.subscriptions.remove(subscription)

        return unsubscribe

    def clear(self) -> None:
        """Forget the calls that wait."""
        for target in self._targets.values():
            target.mailbox.items.clear()

    def find(self, target: str) -> Target | None:
        """Return the target, if anybody listens to it."""
        entry = self._targets.get(target.lower())
        return entry if entry is not None and entry.subscriptions else None


class Notifier:
    """Runs the callbacks of a connection's life one after another, apart from the connection's own task.

    So a callback may itself stop or start the connection.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        # Bounded, should a callback hang while the connection comes and goes: the latest news are kept.
        self._waiting: deque[tuple[Sequence[Handler], tuple[object, ...]]] = deque(maxlen=_MAX_NEWS)
        self._task: asyncio.Task[None] | None = None

    def notify(self, callbacks: Sequence[Handler], *arguments: object) -> None:
        """Have callbacks run after those that still run."""
        self._waiting.append((tuple(callbacks), arguments))
        if self._task is None:
            self._task = self._tasks.spawn(self._work(), "signalr connection callbacks")

    async def _work(self) -> None:
        try:
            while self._waiting:
                callbacks, arguments = self._waiting.popleft()
                for callback in callbacks:
                    await _call(callback, arguments)
        except asyncio.CancelledError:
            self._waiting.clear()
            raise
        finally:
            self._task = None


async def _call(callback: Handler, arguments: tuple[object, ...]) -> None:
    try:
        result = callback(*arguments)
        if inspect.isawaitable(result):
            await result
    except Exception:
        logger.exception("A callback of the connection failed")
