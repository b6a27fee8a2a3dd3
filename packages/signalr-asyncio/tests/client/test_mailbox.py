"""The queue between the reader of a connection and a consumer."""

from __future__ import annotations

import asyncio
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalr_asyncio.client._mailbox import Mailbox


@given(st.integers(1, 5), st.lists(st.sampled_from(["put", "take"]), max_size=60))
def test_latest_only_keeps_the_newest_and_counts_the_others(capacity: int, steps: list[str]) -> None:
    mailbox: Mailbox[int] = Mailbox(capacity, lambda: None, latest_only=True)
    model: deque[int] = deque(maxlen=capacity)
    put = taken = 0
    for step in steps:
        if step == "put":
            assert mailbox.put(put) is False, "the filler never pauses"
            model.append(put)
            put += 1
        elif model:
            assert mailbox.take() == model.popleft()
            taken += 1
    assert list(mailbox.items) == list(model)
    assert mailbox.dropped == put - taken - len(model)


@given(st.integers(1, 9))
def test_the_filler_pauses_when_full_and_resumes_at_half(capacity: int) -> None:
    reported: list[int] = []
    mailbox: Mailbox[int] = Mailbox(capacity, lambda: reported.append(len(mailbox.items)))
    for number in range(capacity - 1):
        assert not mailbox.put(number)
    assert mailbox.put(capacity - 1)
    mailbox.paused = True
    for number in range(capacity):
        assert mailbox.take() == number
    assert reported == [capacity // 2]


async def test_the_end_comes_after_what_is_there_and_the_first_end_counts() -> None:
    mailbox: Mailbox[int] = Mailbox(5, lambda: None)
    mailbox.put(1)
    mailbox.end(LookupError("first"))
    mailbox.end(ValueError("second"))
    assert await mailbox.get() == 1
    with pytest.raises(LookupError, match="first"):
        await mailbox.get()
    with pytest.raises(StopAsyncIteration):
        await mailbox.get()


async def test_a_consumer_that_waits_is_woken_by_an_item_and_by_the_end() -> None:
    mailbox: Mailbox[int] = Mailbox(5, lambda: None)
    waiting = asyncio.ensure_future(mailbox.get())
    await asyncio.sleep(0)
    mailbox.put(1)
    assert await waiting == 1
    waiting = asyncio.ensure_future(mailbox.get())
    await asyncio.sleep(0)
    mailbox.discard()
    with pytest.raises(StopAsyncIteration):
        await waiting
