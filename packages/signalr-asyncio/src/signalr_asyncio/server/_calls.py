"""Invocations of one connection: concurrency limit, streams, uploads and cancellation."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import msgspec

from signalr_asyncio.protocol.codec import EncodeError
from signalr_asyncio.protocol.messages import Completion, Invocation, StreamInvocation
from signalr_asyncio.server._binder import BindingError, HubMethod
from signalr_asyncio.server._call import Call, CallError, CallHost, begin_stream, unexpected, wrong_kind
from signalr_asyncio.server._errors import AccessDeniedError, ClientDisconnectedError, HubMethodError, describe
from signalr_asyncio.server._hub import Hub, HubCall
from signalr_asyncio.server._item_streams import pump_items, push_items
from signalr_asyncio.server._pushed import PushedItems
from signalr_asyncio.server._slots import Slots, current_holder
from signalr_asyncio.server._uploads import Allowance, Upload

log = logging.getLogger("signalr_asyncio.server")


class Calls:
    """Runs the calls of one connection, each in a task of its own.

    Parameters
    ----------
    session
        The connection.
    hub
        Its hub object.
    """

    __slots__ = (
        "_active",
        "_allowance",
        "_changed",
        "_ended",
        "_hub",
        "_options",
        "_runtime",
        "_session",
        "_slots",
        "_streams",
        "_unfinished",
        "_uploads",
        "_waiting",
    )

    def __init__(self, session: CallHost, hub: Hub) -> None:
        self._session = session
        self._runtime = session.runtime
        self._options = session.options
        self._hub = hub
        self._active: dict[str, Call] = {}
        # A list, since a queue would take more memory than the rest, in each connection.
        self._waiting: list[Call] = []
        self._uploads: dict[str, Upload] = {}
        self._allowance = Allowance(self._options.maximum_upload_bytes)
        self._slots = Slots(self._options.maximum_parallel_invocations, self._begin_next)
        self._streams = 0
        # Calls that will be answered, or would be: all but streams.
        self._unfinished = 0
        self._changed: asyncio.Future[None] | None = None
        self._ended = False

    def start(self, message: Invocation | StreamInvocation) -> bool:
        """Begin a call in a task of its own, or put it into the queue.

        Returns
        -------
        bool
            False when the queue is full: the next call may begin after `turn`.
        """
        call = self.admit(message)
        if call is not None:
            self._run(call)
        return call is not None or not self._crowded()

    def admit(self, message: Invocation | StreamInvocation) -> Call | None:
        """Take a call; streams and uploads begin in tasks of their own, and what finds no slot waits in the queue.

        Returns
        -------
        Call or None
            A plain call that has its slot: the caller must await `invoke` of it. `None` when nothing is left to do but
            to wait for `turn`.
        """
        streaming = type(message) is StreamInvocation
        invocation_id = message.invocation_id
        method = self._runtime.description.find(message.target)
        refusal = self._refusal(method, message, streaming=streaming)
        if refusal is not None or method is None:
            log.debug("%s: %s", self._session, refusal)
            if invocation_id is not None:
                self._answer(Completion(invocation_id, error=refusal))
            return None
        call = Call(method, message.target, message.arguments, invocation_id, self._slots)
        if invocation_id is not None:
            self._active[invocation_id] = call
        if not method.streaming:
            self._unfinished += 1
        if streaming or method.uploads:
            call.counted = False
            call.upload_ids = message.stream_ids
            call.uploads = self._open_uploads(method, message.stream_ids)
            self._streams += 1
            self._run(call)
        elif not self._waiting and self._slots.in_use < self._slots.limit:
            self._slots.in_use += 1
            call.has_slot = True
            return call
        else:
            self._waiting.append(call)
        return None

    async def turn(self) -> None:
        """Wait until the queue has room."""
        while self._crowded() and not self._ended:
            await self._change()

    async def all_begun(self) -> None:
        """Wait until no call waits for its turn."""
        while self._waiting and not self._ended:
            await self._change()

    async def all_finished(self) -> None:
        """Wait until no call waits or runs, streams left out."""
        while self._unfinished and not self._ended:
            await self._change()

    async def _change(self) -> None:
        if self._changed is None or self._changed.done():
            self._changed = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._changed)

    def refuse_unfinished(self, reason: str) -> None:
        """Answer every call that has not finished with an error; those that run go on, and their results are dropped.

        Parameters
        ----------
        reason
            The text of the error.
        """
        dropped = sum(call.invocation_id is None for call in self._waiting)
        if dropped:
            log.warning("%s: %d calls without an answer were not begun: %s", self._session, dropped, reason)
        self._unfinished -= len(self._waiting)
        self._waiting.clear()
        for invocation_id, call in list(self._active.items()):
            if not call.method.streaming:
                call.invocation_id = None
                del self._active[invocation_id]
                error = f"Failed to invoke '{call.target}' due to an error on the server. HubException: {reason}"
                self._answer(Completion(invocation_id, error=error))

    def _open_uploads(self, method: HubMethod, stream_ids: Sequence[str]) -> tuple[Upload, ...]:
        capacity = method.options.buffer or self._options.stream_buffer_capacity
        uploads = tuple(Upload(parameter.type_, capacity, self._allowance) for parameter in method.uploads)
        self._uploads.update(zip(stream_ids, uploads, strict=True))
        return uploads

    def _refusal(
        self, method: HubMethod | None, message: Invocation | StreamInvocation, *, streaming: bool
    ) -> str | None:
        """Return why a call cannot begin, in ASP.NET Core's words; None when it can."""
        if method is None:
            return f"Unknown hub method '{message.target}'"
        invocation_id = message.invocation_id
        in_use = invocation_id is not None and invocation_id in self._active
        if method.plain and not (streaming or in_use or message.stream_ids):
            # By far the most frequent call needs no more questions.
            return None
        return (
            wrong_kind(method, message.target, streaming=streaming)
            or (f"Invocation ID '{invocation_id}' is already in use." if in_use else None)
            or self._stream_refusal(method, message, streaming=streaming)
        )

    def _stream_refusal(
        self, method: HubMethod, message: Invocation | StreamInvocation, *, streaming: bool
    ) -> str | None:
        stream_ids = message.stream_ids
        expected, given = len(method.uploads), len(stream_ids)
        if given != expected:
            reason = f"Client sent {given} stream(s), Hub method expects {expected}."
        elif len(set(stream_ids)) < given or not self._uploads.keys().isdisjoint(stream_ids):
            reason = "A stream id is already in use."
        elif (streaming or given) and self._streams >= self._options.maximum_streams:
            reason = "The connection has too many open streams."
        else:
            return None
        return f"{unexpected(message.target)} HubException: {reason}"

    def cancel(self, invocation_id: str) -> None:
        """End a stream, or a plain call, that the client does not want any more."""
        call = self._active.get(invocation_id)
        if call is None or call.cancelled or not (call.method.streaming or call.method.options.cancellable):
            return
        call.cancelled = True
        # One that has not begun sees the mark when it begins: its task would never run, or a filter would be cancelled
        # in place of the method.
        if call.task is not None and call.begun:
            call.task.cancel()

    def upload(self, stream_id: str) -> Upload | None:
        """Return an upload that is under way."""
        return self._uploads.get(stream_id)

    def end_upload(self, stream_id: str, error: str | None) -> None:
        """Note that the client has sent the last item."""
        upload = self._uploads.pop(stream_id, None)
        if upload is not None:
            upload.end(HubMethodError(error) if error is not None else None)

    def end(self) -> list[asyncio.Task[None]]:
        """Take note that the connection has ended.

        Streams are cancelled and uploads fail; plain calls run on, only their answers go nowhere. Calls that still
        wait are dropped: the server itself ended the connection (see `all_begun`).

        Returns
        -------
        list
            The tasks of the streams.
        """
        self._ended = True
        self._waiting.clear()
        self.end_uploads()
        self._uploads.clear()
        self._wake()
        return self.end_streams()

    def end_uploads(self) -> None:
        """Fail the uploads that are under way: no more items come."""
        for upload in list(self._uploads.values()):
            upload.end(ClientDisconnectedError("The underlying connection was closed."))

    def end_streams(self) -> list[asyncio.Task[None]]:
        """Cancel the streams, which have no receiver any more; return their tasks."""
        tasks: list[asyncio.Task[None]] = []
        for call in list(self._active.values()):
            if call.method.streaming and call.task is not None:
                tasks.append(call.task)
                if not call.cancelled or call.started != call.begun:
                    call.cancelled = True
                    if call.started:
                        call.task.cancel()
        return tasks

    def _run(self, call: Call) -> None:
        if call.method.streaming:
            self._runtime.counters.invocations += 1
            call.task = self._runtime.tasks.spawn(self._stream(call))
        else:
            call.task = self._runtime.tasks.adopt(self.invoke(call))

    def go_on_in(self, call: Call, task: asyncio.Task[Any] | None) -> None:
        """Note that a call which began in its reader's task has to wait, and that the task is its own from now on."""
        # One that has finished waits only for its answer to be sent.
        if task is not None and not call.finished:
            call.task = task
            self._runtime.tasks.add(task)

    async def invoke(self, call: Call) -> None:
        """Run a plain call and send its answer."""
        self._runtime.counters.invocations += 1
        result: Any = None
        error: str | None = None
        call.begun = True
        try:
            if call.cancelled:
                raise asyncio.CancelledError
            outbox = self._session.writer.outbox
            # Not with uploads: what makes room (an ack) may stand behind items that only this call reads.
            if outbox.crowded and not call.uploads:
                await outbox.drain()
            if call.counted:
                current_holder.set(call)
            result = await self._result(call)
        except CallError as failure:
            error = str(failure)
        except asyncio.CancelledError:
            if not call.cancelled:
                self._finish(call)
                raise
            error = unexpected(call.target)
        self._finish(call)
        if call.invocation_id is not None:
            record = self._completion(call, call.invocation_id, result, error)
            if not self._ended:
                # This task has nothing left to do but to send, which saves one of its own for that.
                await self._session.send(record)

    def _completion(self, call: Call, invocation_id: str, result: object, error: str | None) -> bytes:
        encode = self._session.protocol.encode
        if error is None:
            try:
                return encode(Completion(invocation_id, result, has_result=True))
            except EncodeError as failure:
                log.exception("%s: the result of %s cannot be sent", self._session, call.target)
                error = self._unexpected(call, failure)
        return encode(Completion(invocation_id, error=error))

    async def _result(self, call: Call) -> Any:  # noqa: ANN401 - a method's result is anything
        authorize = call.method.options.authorize
        try:
            if authorize is not None and not authorize(self._session.context):
                raise AccessDeniedError
            arguments = self._arguments(call)
            if self._runtime.filters:
                wanted = HubCall(
                    self._session.context, self._hub, call.method.name, arguments, streaming=call.method.streaming
                )
                return await self._filtered(0, call)(wanted)
            result = call.method.function(self._hub, *arguments)
            if not call.method.awaited:
                return result
            if call.method.streaming:
                begin_stream(call)
            return await result
        except CallError:
            raise
        except AccessDeniedError as failure:
            raise CallError(f"Failed to invoke '{call.target}' because user is unauthorized") from failure
        except HubMethodError as failure:
            raise CallError(self._unexpected(call, failure)) from failure
        except ClientDisconnectedError as failure:
            # A method whose client left has not failed; it may catch this where it needs to.
            log.debug("%s: %s ended with its client: %s", self._session, call.target, failure)
            raise CallError(self._unexpected(call, failure)) from failure
        except Exception as failure:
            log.exception("%s: %s failed", self._session, call.target)
            raise CallError(self._unexpected(call, failure)) from failure

    def _filtered(self, depth: int, call: Call) -> Callable[[HubCall], Awaitable[Any]]:
        filters, method = self._runtime.filters, call.method

        async def proceed(filtered: HubCall) -> Any:  # noqa: ANN401 - a method's result is anything
            if depth < len(filters):
                return await filters[depth].invoke(filtered, self._filtered(depth + 1, call))
            result = method.function(filtered.hub, *filtered.arguments)
            if not method.awaited:
                return result
            if method.streaming:
                begin_stream(call)
            return await result

        return proceed

    def _arguments(self, call: Call) -> list[Any]:
        try:
            return call.method.bind(call.arguments, call.uploads)
        except (BindingError, msgspec.DecodeError) as failure:
            text = f"Failed to invoke '{call.target}' due to an error on the server."
            if self._options.enable_detailed_errors:
                text = f"{text} InvalidDataException: {failure}"
            log.debug("%s: %s: %s", self._session, call.target, failure)
            raise CallError(text) from failure

    async def _stream(self, call: Call) -> None:
        invocation_id = call.invocation_id
        if invocation_id is None:
            raise AssertionError("a stream invocation has an id")
        error: str | None = None
        call.started = True
        try:
            if self._ended:
                raise asyncio.CancelledError
            items = await self._result(call)
            if isinstance(items, PushedItems):
                await push_items(self._session, call, invocation_id, cast("PushedItems[Any]", items))
            elif hasattr(items, "__aiter__"):
                await pump_items(self._session, call, invocation_id, items)
            else:
                error = (
                    f"The value returned by the streaming method '{call.target}' is not a ChannelReader<> or "
                    "IAsyncEnumerable<>."
                )
        except CallError as failure:
            error = str(failure)
        except asyncio.CancelledError:
            if not call.cancelled:
                self._finish(call)
                raise
        except Exception as failure:
            if not isinstance(failure, HubMethodError | ClientDisconnectedError):
                log.exception("%s: the stream %s failed", self._session, call.target)
            error = describe(
                "An error occurred on the server while streaming results.",
                failure,
                detailed=self._options.enable_detailed_errors,
            )
        self._finish(call)
        if not self._ended:
            await self._session.send(self._session.protocol.encode(Completion(invocation_id, error=error)))

    def _unexpected(self, call: Call, failure: BaseException) -> str:
        return describe(unexpected(call.target), failure, detailed=self._options.enable_detailed_errors)

    def _finish(self, call: Call) -> None:
        call.finished = True
        if call.invocation_id is not None:
            self._active.pop(call.invocation_id, None)
        if call.counted:
            self._runtime.tasks.release(call.task)
            # The task's context knows the call: without this each call would be a cycle for the garbage collector,
            # which cost 3 of 35 µs.
            call.task = None
            self._unfinished -= 1
            if call.has_slot:
                call.has_slot = False
                if self._waiting or self._slots.returning:
                    self._slots.release()
                else:
                    self._slots.in_use -= 1
        else:
            self._streams -= 1
            for stream_id, upload in zip(call.upload_ids, call.uploads, strict=True):
                upload.abandon()
                if self._uploads.get(stream_id) is upload:
                    del self._uploads[stream_id]
            if not call.method.streaming:
                self._runtime.tasks.release(call.task)
                self._unfinished -= 1
        if self._changed is not None:
            self._wake()

    def _begin_next(self) -> bool:
        while self._waiting:
            call = self._waiting.pop(0)
            self._wake()
            if call.cancelled:
                self._drop(call)
                continue
            call.has_slot = True
            self._run(call)
            return True
        return False

    def _drop(self, call: Call) -> None:
        self._unfinished -= 1
        if call.invocation_id is not None:
            self._active.pop(call.invocation_id, None)
            self._answer(Completion(call.invocation_id, error=unexpected(call.target)))

    def _answer(self, message: Completion) -> None:
        if not self._ended:
            self._session.post(self._session.protocol.encode(message))

    def _crowded(self) -> bool:
        return len(self._waiting) >= self._options.maximum_waiting_invocations

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
