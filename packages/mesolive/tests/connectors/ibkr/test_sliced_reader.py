"""Slices of what a socket brings: everything arrives once, in order, a slice per turn, and all of it before the end."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from mesolive.connectors.ibkr.sliced_reader import SLICE_BYTES, SlicedReader


@given(st.lists(st.integers(1, 3 * SLICE_BYTES), max_size=6))
def test_everything_arrives_once_and_in_order(sizes: list[int]) -> None:
    async def run() -> None:
        taken: list[bytes] = []
        reader = SlicedReader(taken.append)
        sent = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
        for data in sent:
            reader.received(data)
            await asyncio.sleep(0)
        reader.flush()
        assert b"".join(taken) == b"".join(sent)
        assert all(len(piece) <= SLICE_BYTES for piece in taken)

    asyncio.run(run())


async def test_others_have_their_turn_between_two_slices() -> None:
    order: list[str] = []
    reader = SlicedReader(lambda _: order.append("slice"))
    asyncio.get_running_loop().call_soon(order.append, "order")
    reader.received(b"x" * (3 * SLICE_BYTES))
    for _ in range(5):
        await asyncio.sleep(0)
    assert order == ["slice", "order", "slice", "slice"]


async def test_after_its_stop_nothing_is_passed_on() -> None:
    taken: list[bytes] = []
    reader = SlicedReader(taken.append)
    reader.received(b"x" * (2 * SLICE_BYTES))
    reader.stop()
    for _ in range(3):
        await asyncio.sleep(0)
    reader.flush()
    assert len(taken) == 1
