"""Value codec shared by the JSON and MessagePack protocols: payloads to bytes and back.

A `ValueCodec` is one encoding with its hooks and options. It knows the two wrappers a message may hold in place of a
plain value: `Shared`, whose bytes it makes once, and an `EncodedPayload` that came in and goes out again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import msgspec

from signalr_asyncio.protocol._forms import EnumForm, Naming, Reader, Rewrite, Writer, naming_policy
from signalr_asyncio.protocol.codec import EncodeError
from signalr_asyncio.protocol.messages import Completion, HubMessage, Invocation, Shared, StreamInvocation, StreamItem

T = TypeVar("T")

EncodeHook: TypeAlias = Callable[[Any], Any]
DecodeHook: TypeAlias = Callable[[type, Any], Any]

CACHED_DECODERS = 1024

# What msgspec raises on bytes that are malformed in ways it does not name itself: broken UTF-8, nesting too deep.
_MALFORMED = (UnicodeDecodeError, RecursionError)
UNDECODABLE = (msgspec.DecodeError, *_MALFORMED)

# What a value without a form in the encoding raises: an unknown type, a lone surrogate, an integer too large, a cycle,
# and what hooks raise to say "not mine".
UNENCODABLE = (TypeError, ValueError, OverflowError, RecursionError, NotImplementedError, msgspec.MsgspecError)


def unencodable(encoding: str, error: Exception) -> EncodeError:
    """Return the error that says so, for one of `UNENCODABLE`."""
    return EncodeError(f"A value cannot be sent as {encoding}: {error}")


Decode: TypeAlias = Callable[[bytes | msgspec.Raw], Any]
Exact: TypeAlias = tuple[Callable[[Any], bytes], Decode]


class ValueCodec:
    """One encoding with its hooks and options.

    Parameters
    ----------
    identity
        The encoding's name first, then everything that changes what it writes. Two codecs of equal identity write
        equal bytes for equal values.
    encoder_of
        Makes an encode function from a hook that is called for every type that msgspec does not know.
    decoder_of
        Makes a decode function of a type.
    enc_hook
        The application's hook for types of its own.
    exact
        Encodes and decodes plain values without loss, floats of JSON included.
    naming, enums
        The forms of the application's values; see `signalr_asyncio.protocol._forms`.

    Attributes
    ----------
    encode
        Returns a value's bytes; raises one of `UNENCODABLE` when it, or a value inside it, has no form in this
        encoding. This and the two below are msgspec's own methods: a call more would be felt in every message.
    decoder_of
        Returns the function that decodes bytes as a type, and remembers it; it raises one of `UNDECODABLE`.
    decode_plain
        Decodes bytes as plain values; raises one of `UNDECODABLE`.
    prepare
        Brings a value into the configured forms; `None` where none is configured.
    """

    __slots__ = (
        "_enc_hook",
        "_exact",
        "_native_decoder_of",
        "_reader",
        "decode_plain",
        "decoder_of",
        "encode",
        "encoding",
        "identity",
        "prepare",
    )

    def __init__(
        self,
        identity: tuple[str, *tuple[Hashable, ...]],
        encoder_of: Callable[[EncodeHook], Callable[[Any], bytes]],
        decoder_of: Callable[[Any], Decode],
        enc_hook: EncodeHook | None,
        exact: Exact,
        naming: Naming | None = None,
        enums: EnumForm = "value",
    ) -> None:
        policy = naming_policy(naming)
        self.encoding = identity[0]
        self.identity = (*identity, policy, enums)
        self._exact = exact
        self._reader = Reader(policy)
        self.prepare = Writer(policy, enums).prepare if policy is not None or enums == "name" else None
        self._enc_hook = enc_hook
        self.encode = encoder_of(self._unknown)
        # Types come from annotations of the application's code, never from the peer; the bound is for types made at run
        # time.
        self._native_decoder_of = decoder_of
        self.decoder_of = lru_cache(CACHED_DECODERS)(decoder_of if policy is None else self._renaming_decoder_of)
        self.decode_plain = decoder_of(object)

    def decode_form(self, type_: Any, raw: msgspec.Raw, error: msgspec.ValidationError) -> Any:  # noqa: ANN401 - of `type_`
        """Decode a value that does not fit its type as it is, looking for other forms in it.

        Raises
        ------
        msgspec.ValidationError
            `error`, when there are none.
        """
        rewrite = self._reader.rewrite_of(type_)
        if rewrite is None or self._reader.renames(type_):
            raise error
        try:
            rewritten = self._rewritten(rewrite, raw)
        except msgspec.DecodeError:
            raise error from None
        return self.decoder_of(type_)(rewritten)

    def _rewritten(self, rewrite: Rewrite, raw: bytes | msgspec.Raw) -> bytes:
        encode, decode = self._exact
        try:
            return encode(rewrite(decode(raw)))
        except msgspec.DecodeError:
            raise
        except (*UNENCODABLE, ArithmeticError) as error:
            # A number that no `Decimal` holds, for one.
            raise msgspec.DecodeError(f"The value is malformed: {error}") from error

    def _renaming_decoder_of(self, type_: Any) -> Decode:  # noqa: ANN401 - an annotation is any object
        decode = self._native_decoder_of(type_)
        rewrite = self._reader.rewrite_of(type_) if self._reader.renames(type_) else None
        if rewrite is None:
            return decode
        return lambda raw: decode(self._rewritten(rewrite, raw))

    def _unknown(self, value: object) -> object:
        if isinstance(value, Shared):
            encoded = value.encoded.get(self.identity)
            if encoded is None:
                encoded = value.written(self.encoding)
                if encoded is None:
                    encoded = self.encode(self._prepared(value.value))
                value.encoded[self.identity] = encoded
            return msgspec.Raw(encoded)
        if isinstance(value, EncodedPayload):
            return value.raw if value.encoding == self.encoding else value.builtins()
        if self._enc_hook is None:
            raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")
        return self._prepared(self._enc_hook(value))

    def _prepared(self, value: object) -> object:
        return value if self.prepare is None else self.prepare(value)


def prepare_message(message: HubMessage, prepare: Callable[[Any], Any]) -> HubMessage:
    """Return a message whose values are in the configured forms."""
    match message:
        case Invocation() | StreamInvocation():
            return msgspec.structs.replace(message, arguments=[prepare(argument) for argument in message.arguments])
        case StreamItem():
            return msgspec.structs.replace(message, item=prepare(message.item))
        case Completion(has_result=True):
            return msgspec.structs.replace(message, result=prepare(message.result))
        case _:
            return message


class EncodedPayload:
    """A `Payload`: the bytes of one value, and the codec that reads them."""

    # No msgspec.Struct: that would be written as an object where it goes out again.
    __slots__ = ("codec", "raw")

    def __init__(self, raw: msgspec.Raw, codec: ValueCodec) -> None:
        self.raw = raw
        self.codec = codec

    @property
    def encoding(self) -> str:
        """The name of the encoding of `raw`."""
        return self.codec.encoding

    def decode(self, type_: type[T]) -> T:
        """Decode the value as `type_`; see `Payload.decode`."""
        try:
            return self.codec.decoder_of(type_)(self.raw)
        except msgspec.ValidationError as error:
            return self.codec.decode_form(type_, self.raw, error)
        except _MALFORMED as error:
            raise _undecodable(error) from error

    def builtins(self) -> Any:  # noqa: ANN401 - any JSON value
        """Decode the value as plain dicts, lists, strings, numbers, booleans and None."""
        try:
            return self.codec.decode_plain(self.raw)
        except _MALFORMED as error:
            raise _undecodable(error) from error

    def __repr__(self) -> str:
        # The content may be a secret of the application and repr ends up in logs.
        return f"<{self.encoding} payload of {size_of(self)} bytes>"


def size_of(value: object) -> int:
    """Return how many bytes of a message a payload holds; none for anything else."""
    return len(memoryview(value.raw)) if isinstance(value, EncodedPayload) else 0


def _undecodable(error: Exception) -> msgspec.DecodeError:
    return msgspec.DecodeError(f"The value is malformed: {error}")
