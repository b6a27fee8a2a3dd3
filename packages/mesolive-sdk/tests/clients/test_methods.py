"""Every method, stream and callback of the contract works through the clients, on a real socket, in both encodings."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, cast

import pytest
import pytest_asyncio

from mesolive_sdk import MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient, models, wire
from mesolive_sdk_testkit.contract import HANDLERS, METHODS, STREAMS, Method
from mesolive_sdk_testkit.server import TOKEN, ScriptedServer, success
from mesolive_sdk_testkit.values import Maker

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENTS = {"control": MesoLiveControlHubClient, "data": MesoLiveDataHubClient, "event": MesoLiveEventHubClient}
LIFE = {"start", "stop", "on_reconnecting", "on_reconnected", "on_close", "state"}
OURS = {"on_any_event", "remove_handler"}


class Clients:
    def __init__(self, server: ScriptedServer, encoding: wire.Encoding) -> None:
        self.server = server
        self.control = MesoLiveControlHubClient(server.url, TOKEN, encoding=encoding)
        self.data = MesoLiveDataHubClient(server.url, TOKEN, encoding=encoding)
        self.event = MesoLiveEventHubClient(server.url, TOKEN, encoding=encoding)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["json", "messagepack"])
async def clients(request: pytest.FixtureRequest) -> AsyncIterator[Clients]:
    async with ScriptedServer() as server:
        result = Clients(server, request.param)
        async with result.control, result.data, result.event:
            yield result


async def test_the_clients_offer_the_methods_of_the_contract_and_nothing_else() -> None:
    for hub, client in CLIENTS.items():
        public = {name for name, _ in inspect.getmembers(client) if not name.startswith("_")} - {"path"}
        wanted = {method.snake_name for method in METHODS if method.hub == hub}
        wanted |= {stream.snake_name for stream in STREAMS} if hub == "data" else set()
        wanted |= set(HANDLERS.values()) | OURS if hub == "event" else set()
        assert public - LIFE == wanted


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_a_method_sends_its_arguments_and_returns_the_payload(clients: Clients, method: Method) -> None:
    args, form = Maker(seed=20).make(method.args)
    result, _ = Maker(seed=21).make(method.result)
    clients.server.answers[method.name] = success(result)
    returned = await getattr(getattr(clients, method.hub), method.snake_name)(args)
    if method.name == "GetEventsSince":
        for envelope in returned.Events:  # of a type that the SDK does not know, so they stay as they came
            assert envelope.Event == {"Name": "x", "Legs": [1, None, True]}
    assert returned == result
    name, argument = clients.server.calls[-1]
    assert name == method.name
    assert plain(argument) == plain(form)


def plain(value: Any) -> Any:
    """Return what was received without the difference between the encodings: numbers, keys and times."""
    match value:
        case dict():
            return {str(key): plain(item) for key, item in cast("dict[object, object]", value).items()}
        case list():
            return [plain(item) for item in cast("list[object]", value)]
        case bool() | None:
            return value
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case _:
            with contextlib.suppress(ValueError):
                return float(value)
            return value


@pytest.mark.parametrize(
    "method", [m for m in METHODS if m.args.startswith(("List", "GetLatest"))], ids=lambda m: m.name
)
async def test_a_method_whose_arguments_all_have_defaults_is_called_without(clients: Clients, method: Method) -> None:
    clients.server.answers[method.name] = success(Maker(seed=22).make(method.result)[0])
    await getattr(getattr(clients, method.hub), method.snake_name)()
    assert clients.server.calls[-1][0] == method.name


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
async def test_a_stream_yields_its_items_and_ends(clients: Clients, stream: Method) -> None:
    args, form = Maker(seed=23).make(stream.args)
    items = [Maker(seed=seed).make(stream.result)[0] for seed in (24, 25, 26)]
    clients.server.items[stream.name] = items
    assert [item async for item in getattr(clients.data, stream.snake_name)(args)] == items
    assert plain(clients.server.calls[-1][1]) == plain(form)
    assert await clients.server.ended.get() == stream.name


@pytest.mark.parametrize("callback", HANDLERS)
async def test_a_callback_brings_its_event_to_the_handler(clients: Clients, callback: str) -> None:
    event, _ = Maker(seed=27).make(models.EVENT_MODELS[callback].__name__)
    arrived: asyncio.Queue[Any] = asyncio.Queue()
    handler = getattr(clients.event, HANDLERS[callback])(arrived.put_nowait)
    try:
        await clients.server.send(event)
        assert await arrived.get() == event
    finally:
        clients.event.remove_handler(handler)
