"""Outbox: the send queue of one client, bounded in bytes and joined into frames."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from signalr_asyncio.protocol.buffer import MessageBuffer
from signalr_asyncio.protocol.messages import CancelInvocation

# The buffer keeps records by what their message is; all that is queued as work counts alike.
_WORK = CancelInvocation("")


class LatestSlot:
    """The waiting items of one latest-value stream: at most `capacity`, the oldest goes first.

    Parameters
    ----------
    capacity
        How many items may wait.
    """

    __slots__ = ("capacity", "dropped", "queued", "records")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.records: deque[bytes] = deque()
        self.queued = False
        self.dropped = 0

    def drop_oldest(self) -> int:
        """Drop the oldest item and return its size."""
        self.dropped += 1
        return len(self.records.popleft())


class Outbox:
    """The records that wait for one client.

    Records that carry work keep their order. Control records (pings, acks) overtake them and are not counted by
    stateful reconnect.

    Parameters
    ----------
    maximum_bytes
        From so many waiting bytes on a further record is refused; it holds at most this and one record.
    high_water
        From so many waiting bytes on `drain` waits.
    frame_limit
        Up to which size records are joined into one frame; a larger one is always alone.
    """

    __slots__ = (
        "_control",
        "_high_water",
        "_last",
        "_latest",
        "_maximum",
        "_queue",
        "_room",
        "buffer",
        "bytes",
        "frame_limit",
    )

    def __init__(self, maximum_bytes: int, high_water: int, frame_limit: int) -> None:
        self._maximum = maximum_bytes
        self._high_water = high_water
        self.frame_limit = frame_limit
        self._queue: deque[bytes | LatestSlot] = deque()
        self._control: list[bytes] = []
        self._last: bytes | None = None
        # Most connections have no such stream: they need no set of their own.
        self._latest: set[LatestSlot] | None = None
        self.bytes = 0
        """How many wait; none when nothing waits."""
        self._room: asyncio.Future[None] | None = None
        self.buffer: MessageBuffer | None = None
        """Keeps the work records as they are taken, and holds them up while it is full: stateful reconnect."""

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return bool(self._queue or self._control or self._last)

    @property
    def crowded(self) -> bool:
        """Whether those who can wait should."""
        return self.bytes >= self._high_water

    def put(self, record: bytes) -> bool:
        """Add a work record at the end.

        Returns
        -------
        bool
            False when too much waits already, even without the waiting latest-value items; nothing was added.
        """
        if self.bytes >= self._maximum and not self._shed():
            return False
        self._queue.append(record)
        self.bytes += len(record)
        return True

    def put_latest(self, slot: LatestSlot, record: bytes) -> None:
        """Add an item of a latest-value stream; the stream's oldest waiting items make room."""
        slot.records.append(record)
        self.bytes += len(record)
        if not slot.queued:
            slot.queued = True
            self._queue.append(slot)
            if self._latest is None:
                self._latest = set()
            self._latest.add(slot)
        while len(slot.records) > slot.capacity or (self.bytes > self._maximum and len(slot.records) > 1):
            self.bytes -= slot.drop_oldest()

    def put_control(self, record: bytes) -> None:
        """Add a record that is not work; it goes before all that wait."""
        self._control.append(record)
        self.bytes += len(record)

    def append_close(self, record: bytes) -> None:
        """Add the last record; it goes after all that wait, and is not counted by stateful reconnect."""
        self._last = record
        self.bytes += len(record)

    def restart(self, records: Iterable[bytes]) -> None:
        """Begin a new transport with these records, in place of the control records that waited for the old one."""
        self.bytes -= sum(map(len, self._control))
        self._control.clear()
        for record in records:
            self.put_control(record)

    def clear(self) -> None:
        """Forget everything that waits."""
        self._queue.clear()
        self._control.clear()
        for slot in self._latest or ():
            slot.records.clear()
            slot.queued = False
        self._latest = None
        self._last = None
        self.bytes = 0
        self._release()

    def take(self) -> bytes | None:
        """Take what goes into the next frame; `None` when nothing waits, or the buffer holds everything up."""
        queue = self._queue
        if not queue:
            if not self._control and self._last is None:
                return None  # every sender asks once more than there are frames
        elif not self._control and self.buffer is None:
            head = queue[0]
            if isinstance(head, bytes) and (len(queue) == 1 or len(head) >= self.frame_limit):
                # By far the most common case, a single answer or item.
                queue.popleft()
                return self._took(head)
        frame = self._control
        self._control = []
        if self.buffer is None and not self._latest:
            self._take_records(frame)
        else:
            self._take_each(frame)
        if self._last is not None and not frame:
            # Alone in its frame: what waits for a full buffer has been given up by then.
            frame.append(self._last)
            self._last = None
        if not frame:
            return None
        return self._took(frame[0] if len(frame) == 1 else b"".join(frame))

    def _take_records(self, frame: list[bytes]) -> None:
        """Add records to a frame; the quick way, for a queue without latest-value streams."""
        queue, limit = self._queue, self.frame_limit
        size = sum(map(len, frame))
        while queue:
            record = queue[0]
            size += len(record)  # type: ignore[arg-type]  # without slots all are bytes
            if size > limit and frame:
                break
            frame.append(queue.popleft())  # type: ignore[arg-type]  # without slots all are bytes

    def _take_each(self, frame: list[bytes]) -> None:
        """Add records and latest-value items to a frame, and keep each for stateful reconnect."""
        queue, buffer = self._queue, self.buffer
        size = sum(map(len, frame))
        while queue:
            head = queue[0]
            record = head if isinstance(head, bytes) else head.records[0]
            size += len(record)
            if frame and size > self.frame_limit:
                break
            if buffer is not None:
                if buffer.is_full:
                    break
                buffer.keep(_WORK, record)
            self._drop_first(head)
            frame.append(record)

    def _drop_first(self, head: bytes | LatestSlot) -> None:
        if isinstance(head, bytes):
            self._queue.popleft()
            return
        head.records.popleft()
        if not head.records:
            head.queued = False
            if self._latest is not None:
                self._latest.discard(head)
            self._queue.popleft()

    def _took(self, frame: bytes) -> bytes:
        self.bytes -= len(frame)
        if self._room is not None and self.bytes < self._high_water:
            self._release()
        return frame

    async def drain(self) -> None:
        """Wait until less than the high-water mark waits."""
        while self.bytes >= self._high_water:
            if self._room is None or self._room.done():
                self._room = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._room)

    def _shed(self) -> bool:
        for slot in self._latest or ():
            while len(slot.records) > 1 and self.bytes >= self._maximum:
                self.bytes -= slot.drop_oldest()
        return self.bytes < self._maximum

    def _release(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None
