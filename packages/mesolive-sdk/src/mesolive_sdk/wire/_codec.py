"""Encoder and decoder of wire values: msgspec first, the tolerant reader for what msgspec refuses."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal, TypeAlias, TypeVar, cast

import msgspec
from msgspec import inspect as shape

from mesolive_sdk.models import EVENT_MODELS, MesoLiveEvent, MesoLiveEventEnvelope
from mesolive_sdk.models._base import UNKNOWN, PageArgs, WireEnum, WireFlags
from mesolive_sdk.wire._problems import WireValidationError, shorten
from mesolive_sdk.wire._reader import COMPILED_TYPES, as_float, is_fit, read
from signalr_asyncio import HubProtocol, JsonHubProtocol, MessagePackHubProtocol, Payload
from signalr_asyncio.protocol import EncodedPayload

T = TypeVar("T")

Encoding: TypeAlias = Literal["json", "messagepack"]


def enc_hook(value: object) -> object:
    """Return the plain form of a value that msgspec does not know: a flag set's text.

    Raises
    ------
    NotImplementedError
        When the value is not a flag set; the encoder then says that it cannot be sent.
    """
    if isinstance(value, WireFlags):
        return str(value)
    msg = f"Encoding objects of type {type(value).__name__} is unsupported"
    raise NotImplementedError(msg)


def dec_hook(type_: type, value: object) -> object:
    """Return the flag set of a plain value.

    Raises
    ------
    ValueError
        When it stands for none.
    NotImplementedError
        When `type_` is not a flag set.
    """
    if issubclass(type_, WireFlags):
        return type_.parse(value)
    if type_ is object:  # what has no declared type: msgspec asks for it too
        return value
    msg = f"Decoding objects of type {type_.__name__} is unsupported"
    raise NotImplementedError(msg)


def _exact(text: str) -> float | Decimal:
    """Read a JSON number with its digits."""
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond what a Decimal can hold
        return math.inf


def _number(text: str) -> float | Decimal:
    """Read a JSON number of no declared type: as a float where that loses nothing, else with its exact digits."""
    number = _exact(text)
    return as_float(number) if isinstance(number, Decimal) else number


_ODD_NUMBER = re.compile(rb'"[0-9+\-.eE]*[\s_\\\x80-\xff]')
"""Where a JSON text begins like a number and goes on otherwise: with a space, a `_`, an escape, a foreign letter."""

_encoder = msgspec.json.Encoder(enc_hook=enc_hook, decimal_format="number")
_plain_json = msgspec.json.Decoder(float_hook=_exact)


@lru_cache(COMPILED_TYPES)
def _decoder(type_: Any, encoding: Encoding) -> msgspec.json.Decoder[Any] | msgspec.msgpack.Decoder[Any]:  # noqa: ANN401 - any type form
    if encoding == "messagepack":
        return msgspec.msgpack.Decoder(type_, dec_hook=dec_hook)
    return msgspec.json.Decoder(type_, dec_hook=dec_hook, float_hook=_number)


def _plain(data: bytes | msgspec.Raw, encoding: Encoding) -> object:
    return msgspec.msgpack.decode(data) if encoding == "messagepack" else _plain_json.decode(data)


def encode_json(value: object) -> bytes:
    """Return a value's JSON.

    Raises
    ------
    ValueError
        When a `Decimal` in it is not a finite number, which JSON cannot say.
    TypeError
        When a value in it has no form on the wire.
    """
    try:
        data = _encoder.encode(value)
    except NotImplementedError as error:
        raise TypeError(str(error)) from error
    if b"NaN" in data or b"Infinity" in data:
        # The words may as well be text inside a string, so only a reader can tell.
        try:
            msgspec.json.decode(data, type=msgspec.Raw)
        except msgspec.DecodeError as error:
            msg = "a Decimal that is not a finite number has no form in JSON"
            raise ValueError(msg) from error
    return data


def decode_json(data: bytes | str | msgspec.Raw, type_: type[T]) -> T:
    """Read JSON as `type_`, leniently: an unknown enum member becomes `Unknown`.

    Raises
    ------
    WireValidationError
        When the value does not fit; with every problem and its path.
    """
    return decode_reply(data.encode() if isinstance(data, str) else data, type_, "json")


def decode_reply(data: bytes | msgspec.Raw, type_: type[T], encoding: Encoding) -> T:
    """Read what a server sent as `type_`, leniently: an unknown enum member becomes `Unknown`.

    Parameters
    ----------
    data
        The value's bytes.
    type_
        A model, or any type made of what models are made of.
    encoding
        The encoding of `data`.

    Raises
    ------
    WireValidationError
        When the value does not fit; with every problem and its path.
    """
    try:
        try:
            return cast("T", _decoder(type_, encoding).decode(data))
        except msgspec.ValidationError:
            return read(_plain(data, encoding), type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireValidationError({"$": [f"is malformed: {error}"]}) from error


def decode_args(payload: Payload | None, type_: type[T]) -> T:
    """Read a method's argument, strictly: this is the server's side.

    Parameters
    ----------
    payload
        The argument as it came; None when there was none, which is as good as an empty object where every field has a
        default.
    type_
        The method's args model.

    Raises
    ------
    WireValidationError
        With every problem of the argument and its path, such as `Combo[0].Contract.Strike`.
    """
    if payload is None:
        return _without_argument(type_)
    if issubclass(type_, PageArgs):
        _must_know_filters(payload, type_)
    try:
        args = payload.decode(type_)
    except msgspec.ValidationError:
        pass
    except msgspec.DecodeError as error:
        raise WireValidationError({"$": [f"is malformed: {error}"]}) from error
    else:
        check = _check(type_)
        if (check is None or check(args)) and (not _has_decimals(type_) or _writes_decimals_plainly(payload)):
            return args
    value = _builtins(payload)
    if value is None:
        return _without_argument(type_)
    return read(value, type_, strict=True)


def _must_know_filters(payload: Payload, type_: type[PageArgs]) -> None:
    """Refuse fields that a list does not know: a filter that is misspelt would list more than was asked for.

    Other models pass over unknown fields, in both directions, so that newer and older programs get on.
    """
    value = _builtins(payload)
    if not isinstance(value, dict):
        return
    known = {field.encode_name for field in msgspec.structs.fields(type_)}
    problems: dict[str, list[str]] = {}
    for name in cast("dict[object, object]", value):
        if name not in known:
            shown = shorten(str(name))
            near = get_close_matches(shown, known, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"
            problems[shown] = [f"is not a filter of {type_.__name__}{hint}"]
    if problems:
        raise WireValidationError(problems)


def decode_event(envelope: MesoLiveEventEnvelope) -> MesoLiveEvent | None:
    """Return the typed event of an envelope.

    Returns
    -------
    MesoLiveEvent | None
        None for an event type that this SDK does not know, which a newer server may send.

    Raises
    ------
    WireValidationError
        When the event does not fit its type.
    """
    if isinstance(envelope.Event, MesoLiveEvent):
        return envelope.Event
    model = EVENT_MODELS.get(envelope.EventType)
    if model is None:
        return None
    try:
        return msgspec.convert(envelope.Event, model, dec_hook=dec_hook, str_keys=True)
    except msgspec.ValidationError:
        return read(envelope.Event, model)


def hub_protocol(encoding: Encoding = "json") -> HubProtocol:
    """Return the SignalR hub protocol that writes and reads values by these rules.

    Parameters
    ----------
    encoding
        `json` or `messagepack`; both give the same values.
    """
    if encoding == "messagepack":
        return MessagePackHubProtocol(enc_hook, dec_hook)
    return JsonHubProtocol(enc_hook, dec_hook, "number")


def _builtins(payload: Payload) -> object:
    try:
        if isinstance(payload, EncodedPayload) and payload.encoding == "json":
            return _plain_json.decode(payload.raw)
        return payload.builtins()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireValidationError({"$": [f"is malformed: {error}"]}) from error


def _without_argument(type_: type[T]) -> T:
    info = shape.type_info(type_)
    if isinstance(info, shape.StructType) and not any(field.required for field in info.fields):
        return type_()
    raise WireValidationError({"$": [f"expected a {type_.__name__}, got no argument"]})


Check: TypeAlias = Callable[[Any], bool]


@lru_cache(COMPILED_TYPES)
def _check(type_: Any) -> Check | None:  # noqa: ANN401 - any type form
    return _check_of(shape.type_info(type_))


def _check_of(node: shape.Type) -> Check | None:
    """Return a function that says whether a value that msgspec has read also keeps the strict rules."""
    match node:
        case shape.EnumType() if issubclass(node.cls, WireEnum):
            return _is_known
        case shape.DecimalType():
            return is_fit
        case shape.StructType():
            checks = [(field.name, check) for field in node.fields if (check := _check_of(field.type)) is not None]
            return _all_fields(checks) if checks else None
        case shape.ListType():
            return _all_items(_check_of(node.item_type), list)
        case shape.DictType():
            return _all_items(_check_of(node.value_type), dict[Any, Any].values)
        case shape.UnionType():
            result = [check for choice in node.types if (check := _check_of(choice)) is not None]
            return (lambda value: value is None or all(check(value) for check in result)) if result else None
        case _:
            return None


def _all_fields(checks: list[tuple[str, Check]]) -> Check:
    return lambda value: all(check(getattr(value, name)) for name, check in checks)


def _all_items(check: Check | None, items: Callable[[Any], Iterable[object]]) -> Check | None:
    return None if check is None else lambda value: all(map(check, items(value)))


@lru_cache(COMPILED_TYPES)
def _has_decimals(type_: Any) -> bool:  # noqa: ANN401 - any type form
    return _decimals_in(shape.type_info(type_))


def _decimals_in(node: shape.Type) -> bool:
    match node:
        case shape.DecimalType():
            return True
        case shape.StructType():
            return any(_decimals_in(field.type) for field in node.fields)
        case shape.ListType():
            return _decimals_in(node.item_type)
        case shape.DictType():
            return _decimals_in(node.value_type)
        case shape.UnionType():
            return any(map(_decimals_in, node.types))
        case _:
            return False


def _writes_decimals_plainly(payload: Payload) -> bool:
    """Whether no decimal can be written as a text that only Python reads, such as `"1_0"`; if in doubt, not.

    Once msgspec has read it, the text is gone.
    """
    if isinstance(payload, EncodedPayload) and payload.encoding == "json":
        return _ODD_NUMBER.search(payload.raw) is None
    return False


def _is_known(member: WireEnum) -> bool:
    return member.value != UNKNOWN
