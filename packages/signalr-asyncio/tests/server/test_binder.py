"""What a hub class may look like; mistakes are found when the server is made, not when a client calls."""
# ruff: noqa: N802 - hub methods carry their wire names

import functools
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from typing import Annotated, Any, cast

import msgspec
import pytest

from signalr_asyncio import Hub, HubRoute, Payload, SignalRServer, hub_method
from signalr_server_kit import ManualClock, Peer


def serve(*methods: Callable[..., Any], **named: Callable[..., Any]) -> SignalRServer:
    """Make a server of a hub with these methods."""
    attributes = {method.__name__: method for method in methods} | named
    return SignalRServer({"/hub": type("MadeHub", (Hub,), attributes)}, clock=ManualClock())


def refuses(text: str, *methods: Callable[..., Any], **named: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=text):
        serve(*methods, **named)


def test_names_that_differ_in_case_only_are_refused() -> None:
    async def Run(self: Hub) -> None: ...

    async def run(self: Hub) -> None: ...

    refuses("two methods called", Run, run)


def test_names_given_by_the_decorator_count_as_well() -> None:
    @hub_method(name="RUN")
    async def other(self: Hub) -> None: ...

    async def run(self: Hub) -> None: ...

    refuses("two methods called", other, run)


def test_parameters_that_clients_cannot_name_are_refused() -> None:
    async def star(self: Hub, *args: int) -> None: ...

    async def stars(self: Hub, **args: int) -> None: ...

    async def keyword(self: Hub, *, value: int) -> None: ...

    for method in (star, stars, keyword):
        refuses(f"MadeHub.{method.__name__}: parameter .* must be positional", method)


def test_an_annotation_that_means_nothing_is_refused() -> None:
    async def method(self: Hub, value: "Missing") -> None: ...  # type: ignore[name-defined]  # noqa: F821 - the mistake

    refuses("an annotation cannot be resolved", cast("Callable[..., Any]", method))


def test_a_decorated_method_must_be_async() -> None:
    @hub_method
    def method(self: Hub) -> int:
        return 1

    refuses("must be async", method)


def test_latest_only_is_for_streams() -> None:
    @hub_method(latest_only=True)
    async def method(self: Hub) -> int:
        return 1

    refuses("latest_only is for streams", method)


def test_a_buffer_has_room() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        hub_method(buffer=0)


class BaseHub(Hub):
    async def Inherited(self) -> str:
        return "base"

    async def Overridden(self) -> str:
        return "base"


class Mixin:
    async def Mixed(self) -> str:
        return "mixin"


class DerivedHub(Mixin, BaseHub):
    def __init__(self, greeting: str = "hello") -> None:
        self.greeting = greeting

    async def Overridden(self) -> str:
        return "derived " + await super().Overridden()

    async def Greet(self) -> str:
        return self.greeting

    @staticmethod
    async def Static() -> str:
        return "no hub method"

    @classmethod
    async def Class(cls) -> str:
        return "no hub method"

    @property
    def Property(self) -> str:
        raise AssertionError("never looked at")

    Nested = dict

    Value = 5


async def test_methods_are_inherited_mixed_in_and_overridden() -> None:
    client = await Peer(SignalRServer({"/hub": DerivedHub}, clock=ManualClock())).start()
    assert (await client.invoke("Inherited"))["result"] == "base"
    assert (await client.invoke("Mixed"))["result"] == "mixin"
    assert (await client.invoke("Overridden"))["result"] == "derived base"
    for target in ("Static", "Class", "Property", "Nested", "Value", "greeting"):
        assert (await client.invoke(target))["error"] == f"Unknown hub method '{target}'"


def make_hub() -> DerivedHub:
    return DerivedHub("from a function")


@pytest.mark.parametrize(
    ("made", "greeting"),
    [
        (DerivedHub, "hello"),
        (functools.partial(DerivedHub, "from a partial"), "from a partial"),
        (make_hub, "from a function"),
    ],
)
async def test_each_connection_gets_a_hub_of_its_own_from_a_class_or_a_factory(made: Any, greeting: str) -> None:
    app = SignalRServer({"/hub": HubRoute(made)}, clock=ManualClock())
    client = await Peer(app).start()
    assert (await client.invoke("Greet"))["result"] == greeting


@pytest.mark.parametrize("made", [lambda: DerivedHub(), dict, functools.partial(str)])  # noqa: PLW0108 - no annotation
def test_a_factory_must_declare_its_class(made: Any) -> None:
    with pytest.raises(TypeError, match="not a hub class"):
        SignalRServer({"/hub": HubRoute(made)})


@pytest.mark.parametrize("paths", [["hub"], ["/hub", "/HUB"], ["/hub", "/hub/"]])
def test_paths_begin_with_a_slash_and_are_unique(paths: list[str]) -> None:
    with pytest.raises(ValueError, match="begins with '/', and there is one hub per path"):
        SignalRServer(dict.fromkeys(paths, DerivedHub))


class Range(msgspec.Struct):
    low: int
    high: int


class TypesHub(Hub):
    async def Optional(self, value: int | None) -> Any:
        return ["got", value]

    async def Limited(self, value: Annotated[int, msgspec.Meta(ge=1, le=3)]) -> int:
        return value

    async def Struct(self, value: Range) -> int:
        return value.high - value.low

    async def Containers(self, value: dict[str, list[tuple[int, str]]]) -> Any:
        return value

    async def Generator(self, items: AsyncGenerator[int, None]) -> int:
        return sum([item async for item in items])

    async def Iterable(self, items: AsyncIterable[Range]) -> int:
        return sum([item.high async for item in items])

    async def Bare(self, items: AsyncIterator) -> Any:  # type: ignore[type-arg]  # the bare form is tested
        return [item async for item in cast("AsyncIterator[Any]", items)]

    async def Payloads(self, first: Payload, second: Payload) -> Any:
        return [first.decode(int), second.builtins()]


@pytest.mark.parametrize(
    ("target", "argument", "result"),
    [
        ("Optional", None, ["got", None]),
        ("Optional", 5, ["got", 5]),
        ("Limited", 3, 3),
        ("Struct", {"low": 1, "high": 5, "unknown": 1}, 4),
        ("Containers", {"a": [[1, "x"]]}, {"a": [[1, "x"]]}),
    ],
)
async def test_arguments_of_many_types(target: str, argument: Any, result: Any) -> None:
    client = await Peer(SignalRServer({"/hub": TypesHub}, clock=ManualClock())).start()
    assert (await client.invoke(target, argument))["result"] == result


@pytest.mark.parametrize(
    ("target", "argument"),
    [("Optional", "5"), ("Limited", 4), ("Struct", {"low": 1}), ("Containers", {"a": [["x", 1]]}), ("Limited", 1.5)],
)
async def test_arguments_that_break_their_type(target: str, argument: Any) -> None:
    client = await Peer(SignalRServer({"/hub": TypesHub}, clock=ManualClock())).start()
    assert (await client.invoke(target, argument))["error"].startswith(f"Failed to invoke '{target}' due to an error")


@pytest.mark.parametrize(
    ("target", "item", "result"),
    [("Generator", 4, 4), ("Iterable", {"low": 1, "high": 5}, 5), ("Bare", {"any": 1}, [{"any": 1}])],
)
async def test_uploads_of_many_types(target: str, item: Any, result: Any) -> None:
    client = await Peer(SignalRServer({"/hub": TypesHub}, clock=ManualClock())).start()
    client.call(target, streams=["u"])
    client.send({"type": 2, "invocationId": "u", "item": item}, {"type": 3, "invocationId": "u"})
    assert (await client.receive())["result"] == result


async def test_payloads_can_be_decoded_later() -> None:
    client = await Peer(SignalRServer({"/hub": TypesHub}, clock=ManualClock())).start()
    assert (await client.invoke("Payloads", 1, {"a": None}))["result"] == [1, {"a": None}]
