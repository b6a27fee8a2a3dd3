"""Items of server streams: from an async iterator or a pushing source into the connection's outbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from signalr_asyncio.protocol.codec import EncodeError
from signalr_asyncio.server._call import Call, CallHost, begin_stream
from signalr_asyncio.server._outbox import LatestSlot
from signalr_asyncio.server._pushed import PushedItems


async def push_items(session: CallHost, call: Call, invocation_id: str, items: PushedItems[Any]) -> None:
    """Send what the source of a stream pushes, until it ends the stream."""
    writer, outbox = session.writer, session.writer.outbox
    encode = session.protocol.item_encoder(invocation_id)
    capacity = call.method.options.buffer or session.options.stream_buffer_capacity
    slot = LatestSlot(capacity) if call.method.options.latest_only else None
    failure: EncodeError | None = None

    def put(item: object) -> None:
        nonlocal failure
        if call.finished or session.ended or failure is not None:
            return
        try:
            record = encode(item)
        except EncodeError as error:
            # Of this connection's encoding: the source goes on for the others.
            failure = error
            if call.task is not None:
                call.task.cancel()
            return
        if slot is None:
            session.post(record)
        else:
            outbox.put_latest(slot, record)
            writer.flush_soon()

    begin_stream(call)
    try:
        await items.push(put)
    except asyncio.CancelledError:
        if failure is None or call.cancelled or session.ended:
            raise
        if call.task is not None:
            call.task.uncancel()
        raise failure from None


async def pump_items(session: CallHost, call: Call, invocation_id: str, items: AsyncIterator[Any]) -> None:
    """Send the items of an iterator, until it ends or the connection does."""
    try:
        begin_stream(call)
        if call.method.options.latest_only:
            await _pump_latest(session, call, invocation_id, items)
        else:
            await session.writer.carry(items, session.protocol.item_encoder(invocation_id), session.post)
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


async def _pump_latest(session: CallHost, call: Call, invocation_id: str, items: AsyncIterator[Any]) -> None:
    writer, outbox = session.writer, session.writer.outbox
    encode = session.protocol.item_encoder(invocation_id)
    slot = LatestSlot(call.method.options.buffer or session.options.stream_buffer_capacity)
    async for item in items:
        outbox.put_latest(slot, encode(item))
        writer.flush_soon()
        if session.ended:
            return
        if len(slot.records) >= slot.capacity:
            # A generator that never waits must not keep the writer from running.
            await asyncio.sleep(0)
