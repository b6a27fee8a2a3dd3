"""A hub method invocation, and the connection interface that invocations use."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec

from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.messages import Payload
from signalr_asyncio.server._binder import HubMethod
from signalr_asyncio.server._hub import HubContext
from signalr_asyncio.server._options import HubOptions
from signalr_asyncio.server._runtime import HubRuntime
from signalr_asyncio.server._slots import Slots
from signalr_asyncio.server._uploads import Upload
from signalr_asyncio.server._writer import Writer


class CallHost(Protocol):
    """What calls need of their connection."""

    runtime: HubRuntime
    options: HubOptions
    context: HubContext
    writer: Writer

    @property
    def protocol(self) -> HubProtocol:
        """The encoding."""
        ...

    @property
    def ended(self) -> bool:
        """Whether nothing more is sent."""
        ...

    def post(self, record: bytes) -> bool:
        """Queue a record; returns False when nothing more is sent."""
        ...

    async def send(self, record: bytes) -> None:
        """Send a record, at once where nothing is in its way."""
        ...


class Call(msgspec.Struct, eq=False):  # a struct because it is made for every call, and no class is made quicker
    """One call.

    Attributes
    ----------
    counted
        Whether it needs a slot: streams and uploads do not.
    has_slot
        Whether it occupies one at the moment.
    client_waits
        How many of its tasks wait for a client.
    cancelled
        Whether the client wants it no more.
    started, begun, finished
        How far it is: its task runs, its method runs, its answer is known.
    """

    method: HubMethod
    target: str
    arguments: Sequence[Payload]
    invocation_id: str | None
    slots: Slots
    upload_ids: Sequence[str] = ()
    uploads: tuple[Upload, ...] = ()
    counted: bool = True
    has_slot: bool = False
    client_waits: int = 0
    task: asyncio.Task[None] | None = None
    cancelled: bool = False
    started: bool = False
    begun: bool = False
    finished: bool = False

    def lend_slot(self) -> None:
        """See `SlotHolder`."""
        self.client_waits += 1
        if self.has_slot:
            self.has_slot = False
            self.slots.release()

    async def reclaim_slot(self) -> None:
        """See `SlotHolder`."""
        self.client_waits -= 1
        # Not while other tasks of the call still wait, nor for a task that outlives its call.
        if self.counted and not (self.client_waits or self.has_slot or self.finished):
            await self.slots.reclaim()
            if self.finished:
                self.slots.release()
            else:
                self.has_slot = True


class CallError(Exception):
    """A call that failed; the text is for the client."""


def begin_stream(call: Call) -> None:
    """Note that a streaming method begins, and deliver the cancellation that came before.

    It reaches the method at the first point where it waits, as its cancellation token does in ASP.NET Core: what the
    method has to clean up is cleaned up.
    """
    if not call.begun:
        call.begun = True
        if call.cancelled and call.task is not None:
            call.task.cancel()


def unexpected(target: str) -> str:
    """Return the error text of a call that failed for reasons that the client must not know."""
    return f"An unexpected error occurred invoking '{target}' on the server."


def wrong_kind(method: HubMethod, target: str, *, streaming: bool) -> str | None:
    """Return the error text when a stream is called as a plain method, or the other way round."""
    if method.streaming and not streaming:
        return f"The client attempted to invoke the streaming '{target}' method with a non-streaming invocation."
    if streaming and not method.streaming:
        return f"The client attempted to invoke the non-streaming '{target}' method with a streaming invocation."
    return None
