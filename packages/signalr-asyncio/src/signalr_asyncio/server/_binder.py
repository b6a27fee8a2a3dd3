"""Hub method binding: inspects a hub class once and decodes call arguments by annotation."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from functools import lru_cache
from typing import Any, get_args, get_origin, get_type_hints

from msgspec import Struct

from signalr_asyncio.protocol._payload_recovery import LostPayload
from signalr_asyncio.protocol.messages import Payload
from signalr_asyncio.server._hub import MARK, Hub, MethodOptions
from signalr_asyncio.server._pushed import PushedItems

_ASYNC_STREAMS = (AsyncIterator, AsyncIterable, AsyncGenerator)
_RETURNED_STREAMS = (*_ASYNC_STREAMS, PushedItems)
_LIFECYCLE = frozenset({"on_connected", "on_disconnected"})
_PLAIN = MethodOptions()


class BindingError(Exception):
    """The arguments of a call do not fit the method."""


class Parameter(Struct, frozen=True):
    """One parameter of a hub method. `type_` is what its value, or each item of an upload, is decoded as."""

    name: str
    type_: Any
    upload: bool
    raw: bool
    optional: bool


class HubMethod(Struct, frozen=True):
    """One method that clients can call."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    streaming: bool
    awaited: bool
    options: MethodOptions
    uploads: tuple[Parameter, ...]
    values: tuple[Parameter, ...]
    required: int
    plain: bool
    """Neither a stream nor with uploads."""

    def bind(self, arguments: Sequence[Payload], uploads: Sequence[AsyncIterator[Any]]) -> list[Any]:
        """Decode the arguments of a call.

        Parameters
        ----------
        arguments
            The undecoded values, in order, uploads left out. Trailing ones may be missing where the method has
            defaults.
        uploads
            One iterator per upload, in order.

        Raises
        ------
        BindingError
            When there are too many or too few.
        msgspec.DecodeError
            When a value does not fit its annotation.
        """
        given = len(arguments)
        if not self.required <= given <= len(self.values):
            raise BindingError(f"Invocation provides {given} argument(s) but target expects {len(self.values)}.")
        if not self.uploads:
            return [
                _undecoded(argument) if parameter.raw else argument.decode(parameter.type_)
                for parameter, argument in zip(self.parameters, arguments, strict=False)
            ]
        bound: list[Any] = []
        values, streams = iter(arguments), iter(uploads)
        for parameter in self.parameters:
            if parameter.upload:
                bound.append(next(streams))
                continue
            argument = next(values, None)
            if argument is None:
                # A default before an upload: positions must stay filled.
                bound.append(inspect.signature(self.function).parameters[parameter.name].default)
            else:
                bound.append(_undecoded(argument) if parameter.raw else argument.decode(parameter.type_))
        return bound


def _undecoded(argument: Payload) -> Payload:
    if type(argument) is LostPayload:
        # Raises, as for a parameter of any other type.
        argument.builtins()
    return argument


class HubDescription:
    """The methods of a hub class, by name, ignoring case.

    Raises
    ------
    TypeError
        When two methods differ in case only, or a public method cannot be served: its signature, or that it is not
        async.
    """

    def __init__(self, hub_class: type[Hub]) -> None:
        self.hub_class = hub_class
        self._methods: dict[str, HubMethod] = {}
        for attribute in dir(hub_class):
            if attribute.startswith("_") or attribute in _LIFECYCLE:
                continue
            function = inspect.getattr_static(hub_class, attribute)
            if not inspect.isfunction(function) or getattr(Hub, attribute, None) is function:
                continue
            method = _describe(hub_class, attribute, function)
            key = method.name.lower()
            if key in self._methods:
                raise TypeError(f"{hub_class.__name__} has two methods called {method.name!r}, ignoring case")
            self._methods[key] = method
            self._methods.setdefault(method.name, method)

    def find(self, target: str) -> HubMethod | None:
        """Return the method that clients call `target`."""
        method = self._methods.get(target)
        return method if method is not None else self._methods.get(target.lower())


@lru_cache(maxsize=512)
def _describe(hub_class: type[Hub], attribute: str, function: Callable[..., Any]) -> HubMethod:
    # Kept: resolving the annotations of a hub takes tens of milliseconds, and one process may serve it many times.
    where = f"{hub_class.__name__}.{attribute}"
    options: MethodOptions = getattr(function, MARK, _PLAIN)
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(f"{where}: an annotation cannot be resolved: {error}") from error
    generator = inspect.isasyncgenfunction(function)
    coroutine = inspect.iscoroutinefunction(function)
    streaming = generator or _is_stream(hints.get("return"), _RETURNED_STREAMS)
    if not (generator or coroutine or streaming):
        raise TypeError(f"{where}: a hub method must be async; a helper's name begins with an underscore")
    if options.latest_only and not streaming:
        raise TypeError(f"{where}: latest_only is for streams")
    parameters = tuple(
        _parameter(where, parameter, hints) for parameter in list(inspect.signature(function).parameters.values())[1:]
    )
    values = tuple(parameter for parameter in parameters if not parameter.upload)
    return HubMethod(
        name=options.name or attribute,
        function=function,
        parameters=parameters,
        streaming=streaming,
        awaited=coroutine,
        options=options,
        uploads=tuple(parameter for parameter in parameters if parameter.upload),
        values=values,
        plain=not streaming and not any(parameter.upload for parameter in parameters),
        required=sum(not parameter.optional for parameter in values),
    )


def _parameter(where: str, parameter: inspect.Parameter, hints: dict[str, Any]) -> Parameter:
    if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
        raise TypeError(f"{where}: parameter {parameter.name!r} must be positional")
    optional = parameter.default is not parameter.empty
    hint = hints.get(parameter.name, object)
    if _is_stream(hint):
        arguments = get_args(hint)
        return Parameter(parameter.name, _value_type(arguments[0] if arguments else object), True, False, optional)
    raw = hint is Payload or Payload in get_args(hint)
    return Parameter(parameter.name, _value_type(hint), False, raw, optional)


def _is_stream(hint: Any, kinds: tuple[Any, ...] = _ASYNC_STREAMS) -> bool:  # noqa: ANN401 - an annotation is any object
    return (get_origin(hint) or hint) in kinds


def _value_type(hint: Any) -> Any:  # noqa: ANN401 - an annotation is any object
    return object if hint is Any else hint
