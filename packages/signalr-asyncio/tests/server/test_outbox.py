"""Rules of the outgoing queue, whatever is put in and taken out."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from signalr_asyncio.protocol.buffer import MessageBuffer
from signalr_asyncio.server._outbox import LatestSlot, Outbox

MAXIMUM, HIGH_WATER, FRAME = 400, 200, 100

actions = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 150)),
        st.tuples(st.just("latest"), st.integers(0, 2), st.integers(1, 150)),
        st.tuples(st.just("control"), st.integers(1, 20)),
        st.tuples(st.just("take")),
        st.tuples(st.just("ack")),
    ),
    max_size=80,
)


class Model:
    """Feeds an outbox with records that tell what they are, and notes what comes out."""

    def __init__(self, buffer: MessageBuffer | None = None) -> None:
        self.outbox = Outbox(MAXIMUM, HIGH_WATER, FRAME)
        self.outbox.buffer = buffer
        self.slots = [LatestSlot(3) for _ in range(3)]
        self.accepted: list[bytes] = []
        self.taken: list[bytes] = []
        self.number = 0

    def record(self, kind: str, size: int) -> bytes:
        self.number += 1
        return f"{kind}{self.number}".encode().ljust(size, b".") + b"\x1e"

    def run(self, steps: list[tuple[Any, ...]]) -> None:
        for step in steps:
            match step:
                case ("put", size):
                    before = self.outbox.bytes
                    record = self.record("w", size)
                    if self.outbox.put(record):
                        self.accepted.append(record)
                    else:
                        assert before >= MAXIMUM
                case ("latest", slot, size):
                    self.outbox.put_latest(self.slots[int(slot)], self.record(f"s{slot}-", size))
                case ("control", size):
                    self.outbox.put_control(self.record("c", size))
                case ("take",):
                    self.take()
                case _:
                    pass
            largest = 170
            assert self.outbox.bytes <= MAXIMUM + 4 * largest + 80 * 30
            assert all(len(slot.records) <= slot.capacity for slot in self.slots)

    def take(self) -> bool:
        frame = self.outbox.take()
        if frame is None:
            return False
        records = [part + b"\x1e" for part in frame.split(b"\x1e")[:-1]]
        work = [record for record in records if not record.startswith(b"c")]
        assert len(frame) <= FRAME or len(records) == 1 or len(work) <= 1 or len(work) == 0
        self.taken += records
        return True

    def drain(self) -> None:
        while self.take():
            pass


@given(actions)
@settings(max_examples=200, deadline=None)
def test_what_is_accepted_comes_out_once_and_in_order(steps: list[tuple[Any, ...]]) -> None:
    model = Model()
    model.run(steps)
    model.drain()
    assert [record for record in model.taken if record.startswith(b"w")] == model.accepted
    assert model.outbox.bytes == 0
    assert not model.outbox
    for slot in range(3):
        mine = [record for record in model.taken if record.startswith(f"s{slot}-".encode())]
        numbers = [int(record.split(b"-")[1].rstrip(b".\x1e")) for record in mine]
        assert numbers == sorted(numbers)


@given(actions)
@settings(max_examples=100, deadline=None)
def test_with_a_buffer_all_messages_are_kept_until_they_are_acknowledged(steps: list[tuple[Any, ...]]) -> None:
    model = Model(MessageBuffer(10_000_000))
    model.run(steps)
    model.drain()
    assert model.outbox.buffer is not None
    _, stored = model.outbox.buffer.resume()
    assert list(stored) == [record for record in model.taken if not record.startswith(b"c")]


def test_the_newest_item_of_a_latest_value_stream_is_never_dropped() -> None:
    outbox = Outbox(MAXIMUM, HIGH_WATER, FRAME)
    slot = LatestSlot(2)
    for number in range(10):
        outbox.put_latest(slot, b"%d" % number)
    assert outbox.take() == b"89"
    assert slot.dropped == 8


def test_waiting_latest_values_make_room_for_other_work() -> None:
    outbox = Outbox(MAXIMUM, HIGH_WATER, FRAME)
    slot = LatestSlot(5)
    for number in range(4):
        outbox.put_latest(slot, b"%d" % number * 90)
    assert outbox.put(b"a" * 100)
    assert outbox.put(b"b" * 100)
    assert [record[:1] for record in slot.records] == [b"1", b"2", b"3"]
    taken = [outbox.take() for _ in range(5)]
    assert taken == [b"1" * 90, b"2" * 90, b"3" * 90, b"a" * 100, b"b" * 100]


def test_a_close_record_comes_last_even_when_the_buffer_is_full() -> None:
    outbox = Outbox(MAXIMUM, HIGH_WATER, FRAME)
    outbox.buffer = MessageBuffer(10)
    outbox.put(b"a" * 20)
    outbox.put(b"b" * 20)
    outbox.append_close(b"close")
    assert [outbox.take() for _ in range(3)] == [b"a" * 20, b"close", None]


async def test_room_waits_until_enough_has_been_taken() -> None:
    outbox = Outbox(MAXIMUM, HIGH_WATER, FRAME)
    await outbox.drain()
    for _ in range(3):
        outbox.put(b"a" * 90)
    waiting = [asyncio.create_task(outbox.drain()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    assert not waiting[1].done()
    outbox.take()
    await asyncio.wait_for(waiting[1], 60)
    for _ in range(3):
        outbox.put(b"a" * 90)
    last = asyncio.create_task(outbox.drain())
    await asyncio.sleep(0)
    outbox.clear()
    await asyncio.wait_for(last, 60)
