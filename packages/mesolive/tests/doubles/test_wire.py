"""The wire of the double of TWS: frames, handshake and requests, checked with the real client library."""

from __future__ import annotations

import asyncio
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.doubles.tws.wire import FieldReader, FrameSplitter, WireError, fields_of, frame
from mesolive_testkit.tws import running_double

FIELDS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8), min_size=1, max_size=6
)


@given(st.lists(FIELDS, max_size=6), st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(messages: list[list[str]], cuts: list[int]) -> None:
    stream = b"".join(frame(message) for message in messages)
    splitter = FrameSplitter()
    bodies: list[bytes] = []
    at = number = 0
    while at < len(stream):
        size = cuts[number % len(cuts)]
        bodies += splitter.feed(stream[at : at + size])
        at, number = at + size, number + 1
    assert [fields_of(body) for body in bodies] == messages


def test_a_frame_that_is_too_long_is_refused() -> None:
    with pytest.raises(WireError, match="longer than"):
        FrameSplitter().feed(struct.pack(">I", 1 << 30))


@pytest.mark.parametrize("text", ["x", "1.5.2", "nan", "inf"])
def test_a_field_that_is_no_number_is_named(text: str) -> None:
    with pytest.raises(WireError, match="field 0 must be a"):
        FieldReader([text]).number()


async def test_the_library_connects_and_receives_accounts_order_id_and_farms() -> None:
    async with running_double(DoubleSettings(accounts=("DU111", "DU222"), first_order_id=7)) as kit:
        client = await kit.client(3)
        assert client.api.serverVersion() == 178
        assert client.api.getAccounts() == ["DU111", "DU222"]
        assert client.named("nextValidId") == [(7,)]
        codes = [code for _, code, *_ in client.named("error")]
        assert codes == [2104, 2104, 2104, 2106, 2158]


async def test_a_client_below_the_oldest_version_is_refused_by_the_library() -> None:
    async with running_double(DoubleSettings(server_version=156)) as kit:
        client = await kit.client(ready=False, patience=0)
        errors: list[str] = []
        client.api.apiError += errors.append
        await kit.until(lambda: bool(errors))
        assert errors == ["TWS/gateway version must be >= 972"]


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n\r\n", b"API\0\0\0\0\x03abc", b"API\0\xff\xff\xff\xff"])
async def test_a_stranger_on_the_port_is_disconnected(first: bytes) -> None:
    async with running_double() as kit:
        reader, writer = await asyncio.open_connection("127.0.0.1", kit.double.port)
        writer.write(first)
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()


async def test_an_unknown_request_is_answered_with_505_and_one_that_is_not_served_with_its_name() -> None:
    async with running_double() as kit:
        client = await kit.client()
        client.api.send(250, 1)
        assert (await client.error(505))[0] == -1
        client.api.reqHeadTimeStamp(44, _contract(), "TRADES", 0, 1)
        req_id, _, text, _ = await client.error(321)
        assert req_id == 44
        assert "reqHeadTimeStamp" in text


async def test_a_request_with_fields_missing_is_answered_with_320_and_the_socket_stays() -> None:
    async with running_double() as kit:
        client = await kit.client()
        client.api.send(1, 11, 5)
        await client.error(320)
        await client.settle()


async def test_a_second_socket_with_the_same_client_id_is_refused_with_326() -> None:
    async with running_double() as kit:
        first = await kit.client(10)
        second = await kit.client(10, ready=False)
        await second.error(326)
        await first.settle()


def _contract() -> object:
    from mesolive_testkit.tws import ib

    return ib.Contract(symbol="SPX", secType="IND", exchange="CBOE")
