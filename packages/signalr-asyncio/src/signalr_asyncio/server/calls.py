"""The calls of one connection: running, waiting, streaming, uploading."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from signalr_asyncio.protocol.codec import EncodeError
from signalr_asyncio.protocol.messages import Completion, Invocation, Payload, StreamInvocation
from signalr_asyncio.server.binder import BindingError, HubMethod
from signalr_asyncio.server.errors import ClientGone, HubException, Unauthorized, describe
from signalr_asyncio.server.hub import Hub, HubCall
from signalr_asyncio.server.outbox import LatestSlot
from signalr_asyncio.server.uploads import Allowance, Upload

if TYPE_CHECKING:
    from signalr_asyncio.server.session import HubSession

log = logging.getLogger("signalr_asyncio.server")


class _Call(msgspec.Struct, eq=False):  # a struct because it is made for every call, and no class is made quicker
    method: HubMethod
    target: str
    arguments: Sequence[Payload]
    invocation_id: str | None
    upload_ids: Sequence[str] = ()
    uploads: tuple[Upload, ...] = ()
    counted: bool = True
    task: asyncio.Task[None] | None = None
    cancelled: bool = False
    begun: bool = False


class _CallError(Exception):
    """A call that failed; the text is for the client."""


class Calls:
    """Runs the calls of one connection, each in a task of its own.

    Parameters
    ----------
    session
        The connection.
    hub
        Its hub object.
    """

    def __init__(self, session: HubSession, hub: Hub) -> None:
        self._session = session
        self._runtime = session.runtime
        self._options = session.options
        self._hub = hub
        self._active: dict[str, _Call] = {}
        self._waiting: list[_Call] = []
        self._uploads: dict[str, Upload] = {}
        self._allowance = Allowance(self._options.maximum_upload_bytes)
        self._running = 0
        self._streams = 0
        self._turn: asyncio.Future[None] | None = None
        self._ended = False

    def start(self, message: Invocation | StreamInvocation) -> bool:
        """Begin a call, or put it into the queue.

        Returns
        -------
        bool
            False when the queue is full: the next call may begin after `turn`.
        """
        streaming = type(message) is StreamInvocation
        invocation_id = message.invocation_id
        method = self._runtime.description.find(message.target)
        refusal = self._refusal(method, message, streaming=streaming)
        if refusal is not None or method is None:
            log.debug("%s: %s", self._session, refusal)
            if invocation_id is not None:
                self._answer(Completion(invocation_id, error=refusal))
            return True
        call = _Call(method, message.target, message.arguments, invocation_id)
        if invocation_id is not None:
            self._active[invocation_id] = call
        if streaming or method.uploads:
            call.counted = False
            call.upload_ids = message.stream_ids
            call.uploads = self._open_uploads(method, message.stream_ids)
            self._streams += 1
            self._run(call)
        elif self._running < self._options.maximum_parallel_invocations:
            self._running += 1
            self._run(call)
        else:
            self._waiting.append(call)
            return not self._crowded()
        return True

    async def turn(self) -> None:
        """Wait until the queue has room, or reading must go on for another reason."""
        while self._crowded() and not self._ended and not self._session.asking:
            self._turn = asyncio.get_running_loop().create_future()
            await self._turn

    def _open_uploads(self, method: HubMethod, stream_ids: Sequence[str]) -> tuple[Upload, ...]:
        capacity = method.options.buffer or self._options.stream_buffer_capacity
        uploads = tuple(Upload(parameter.type_, capacity, self._allowance) for parameter in method.uploads)
        self._uploads.update(zip(stream_ids, uploads, strict=True))
        return uploads

    def _refusal(
        self, method: HubMethod | None, message: Invocation | StreamInvocation, *, streaming: bool
    ) -> str | None:
        target, invocation_id = message.target, message.invocation_id
        if method is None:
            return f"Unknown hub method '{target}'"
        if (
            method.plain
            and not (streaming or message.stream_ids or self._waiting)
            and (invocation_id is None or invocation_id not in self._active)
        ):
            return None
        if method.streaming and not streaming:
            return f"The client attempted to invoke the streaming '{target}' method with a non-streaming invocation."
        if streaming and not method.streaming:
            return f"The client attempted to invoke the non-streaming '{target}' method with a streaming invocation."
        if invocation_id is not None and invocation_id in self._active:
            return f"Invocation ID '{invocation_id}' is already in use."
        general = f"An unexpected error occurred invoking '{target}' on the server."
        expected, given = len(method.uploads), len(message.stream_ids)
        if given != expected:
            return f"{general} HubException: Client sent {given} stream(s), Hub method expects {expected}."
        if any(stream_id in self._uploads for stream_id in message.stream_ids) or len(set(message.stream_ids)) < given:
            return f"{general} HubException: A stream id is already in use."
        if not (streaming or given) and self._session.asking and self._crowded():
            # Reading must go on, or the answer that a running call waits for would never be read.
            return f"{general} HubException: Too many calls wait."
        if (streaming or given) and self._streams >= self._options.maximum_streams:
            return f"{general} HubException: The connection has too many open streams."
        return None

    def cancel(self, invocation_id: str) -> None:
        """End a stream, or a plain call, that the client does not want any more."""
        call = self._active.get(invocation_id)
        if call is None or call.cancelled or not (call.method.streaming or call.method.options.cancellable):
            return
        call.cancelled = True
        # A task that has not begun would never run its cleanup; it sees the mark when it begins.
        if call.task is not None and call.begun:
            call.task.cancel()

    def upload(self, stream_id: str) -> Upload | None:
        """Return an upload that is under way."""
        return self._uploads.get(stream_id)

    def end_upload(self, stream_id: str, error: str | None) -> None:
        """Note that the client has sent the last item."""
        upload = self._uploads.pop(stream_id, None)
        if upload is not None:
            upload.end(HubException(error) if error is not None else None)

    def end(self) -> list[asyncio.Task[None]]:
        """Take note that the connection has ended.

        Streams are cancelled and uploads fail; plain calls run on, only their answers go nowhere. Calls that wait are
        dropped: they have not begun.

        Returns
        -------
        list
            The tasks of the streams.
        """
        self._ended = True
        self._waiting.clear()
        for upload in list(self._uploads.values()):
            upload.end(ClientGone("The underlying connection was closed."))
        self._uploads.clear()
        tasks: list[asyncio.Task[None]] = []
        for call in list(self._active.values()):
            if call.method.streaming and call.task is not None:
                call.cancelled = True
                if call.begun:
                    call.task.cancel()
                tasks.append(call.task)
        self.wake()
        return tasks

    def _run(self, call: _Call) -> None:
        self._runtime.counters.invocations += 1
        if call.method.streaming:
            call.task = self._runtime.tasks.spawn(self._stream(call))
        else:
            call.task = self._runtime.tasks.adopt(self._invoke(call))

    async def _invoke(self, call: _Call) -> None:
        result: Any = None
        error: str | None = None
        call.begun = True
        try:
            if call.cancelled:
                raise asyncio.CancelledError
            outbox = self._session.writer.outbox
            # Not with uploads: what makes room (an ack) may stand behind items that only this call reads.
            if outbox.crowded and not call.uploads:
                await outbox.room()
            result = await self._result(call)
        except _CallError as failure:
            error = str(failure)
        except asyncio.CancelledError:
            if not call.cancelled:
                self._finish(call)
                raise
            error = f"An unexpected error occurred invoking '{call.target}' on the server."
        self._finish(call)
        if call.invocation_id is not None:
            record = self._completion(call, call.invocation_id, result, error)
            if not self._ended:
                # This task has nothing left to do but to send, which saves one of its own for that.
                await self._session.send(record)

    def _completion(self, call: _Call, invocation_id: str, result: object, error: str | None) -> bytes:
        encode = self._session.protocol.encode
        if error is None:
            try:
                return encode(Completion(invocation_id, result, has_result=True))
            except EncodeError as failure:
                log.exception("%s: the result of %s cannot be sent", self._session, call.target)
                error = self._unexpected(call, failure)
        return encode(Completion(invocation_id, error=error))

    async def _result(self, call: _Call) -> Any:  # noqa: ANN401 - a method's result is anything
        authorize = call.method.options.authorize
        try:
            if authorize is not None and not authorize(self._session.context):
                raise Unauthorized
            arguments = self._arguments(call)
            if self._runtime.filters:
                wanted = HubCall(
                    self._session.context, self._hub, call.method.name, arguments, streaming=call.method.streaming
                )
                return await self._filtered(0, call.method)(wanted)
            result = call.method.function(self._hub, *arguments)
            return await result if call.method.awaited else result
        except _CallError:
            raise
        except Unauthorized as failure:
            raise _CallError(f"Failed to invoke '{call.target}' because user is unauthorized") from failure
        except HubException as failure:
            raise _CallError(self._unexpected(call, failure)) from failure
        except ClientGone as failure:
            # Nothing is wrong with a method whose client left; whether it minds is its own affair.
            log.debug("%s: %s ended with its client: %s", self._session, call.target, failure)
            raise _CallError(self._unexpected(call, failure)) from failure
        except Exception as failure:
            log.exception("%s: %s failed", self._session, call.target)
            raise _CallError(self._unexpected(call, failure)) from failure

    def _filtered(self, depth: int, method: HubMethod) -> Callable[[HubCall], Awaitable[Any]]:
        filters = self._runtime.filters

        async def proceed(call: HubCall) -> Any:  # noqa: ANN401 - a method's result is anything
            if depth < len(filters):
                return await filters[depth].invoke(call, self._filtered(depth + 1, method))
            result = method.function(call.hub, *call.arguments)
            return await result if method.awaited else result

        return proceed

    def _arguments(self, call: _Call) -> list[Any]:
        try:
            return call.method.bind(call.arguments, call.uploads)
        except (BindingError, msgspec.DecodeError) as failure:
            text = f"Failed to invoke '{call.target}' due to an error on the server."
            if self._options.enable_detailed_errors:
                text = f"{text} InvalidDataException: {failure}"
            log.debug("%s: %s: %s", self._session, call.target, failure)
            raise _CallError(text) from failure

    async def _stream(self, call: _Call) -> None:
        invocation_id = call.invocation_id
        if invocation_id is None:
            raise AssertionError("a stream invocation has an id")
        error: str | None = None
        call.begun = True
        try:
            if call.cancelled:
                raise asyncio.CancelledError
            items = await self._result(call)
            if hasattr(items, "__aiter__"):
                await self._pump(call, invocation_id, items)
            else:
                error = (
                    f"The value returned by the streaming method '{call.target}' is not a ChannelReader<> or "
                    "IAsyncEnumerable<>."
                )
        except _CallError as failure:
            error = str(failure)
        except asyncio.CancelledError:
            if not call.cancelled:
                self._finish(call)
                raise
        except Exception as failure:
            if not isinstance(failure, HubException | ClientGone):
                log.exception("%s: the stream %s failed", self._session, call.target)
            error = describe(
                "An error occurred on the server while streaming results.",
                failure,
                detailed=self._options.enable_detailed_errors,
            )
        self._finish(call)
        if not self._ended:
            await self._session.send(self._session.protocol.encode(Completion(invocation_id, error=error)))

    async def _pump(self, call: _Call, invocation_id: str, items: AsyncIterator[Any]) -> None:
        try:
            if call.method.options.latest_only:
                await self._pump_latest(call, invocation_id, items)
            else:
                await self._pump_all(invocation_id, items)
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()

    async def _pump_all(self, invocation_id: str, items: AsyncIterator[Any]) -> None:
        session = self._session
        await session.writer.carry(items, session.protocol.item_encoder(invocation_id), session.post)

    async def _pump_latest(self, call: _Call, invocation_id: str, items: AsyncIterator[Any]) -> None:
        session = self._session
        writer, outbox = session.writer, session.writer.outbox
        encode = session.protocol.item_encoder(invocation_id)
        slot = LatestSlot(call.method.options.buffer or self._options.stream_buffer_capacity)
        async for item in items:
            outbox.put_latest(slot, encode(item))
            writer.flush_soon()
            if session.ended:
                return
            if len(slot.records) >= slot.capacity:
                # A generator that never waits must not keep the writer from running.
                await asyncio.sleep(0)

    def _unexpected(self, call: _Call, failure: BaseException) -> str:
        general = f"An unexpected error occurred invoking '{call.target}' on the server."
        return describe(general, failure, detailed=self._options.enable_detailed_errors)

    def _finish(self, call: _Call) -> None:
        if call.invocation_id is not None:
            self._active.pop(call.invocation_id, None)
        if not call.counted:
            self._streams -= 1
            for stream_id, upload in zip(call.upload_ids, call.uploads, strict=True):
                upload.abandon()
                if self._uploads.get(stream_id) is upload:
                    del self._uploads[stream_id]
        if not call.method.streaming:
            self._runtime.tasks.release(call.task)
        if not call.counted:
            return
        while self._waiting:
            waiting = self._waiting.pop(0)
            self.wake()
            if waiting.cancelled:
                self._drop(waiting)
                continue
            self._run(waiting)
            return
        self._running -= 1

    def _drop(self, call: _Call) -> None:
        if call.invocation_id is not None:
            self._active.pop(call.invocation_id, None)
            error = f"An unexpected error occurred invoking '{call.target}' on the server."
            self._answer(Completion(call.invocation_id, error=error))

    def _answer(self, message: Completion) -> None:
        if not self._ended:
            self._session.post(self._session.protocol.encode(message))

    def _crowded(self) -> bool:
        return len(self._waiting) >= self._options.maximum_waiting_invocations

    def wake(self) -> None:
        """Let `start` look again whether it still has to wait."""
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)
