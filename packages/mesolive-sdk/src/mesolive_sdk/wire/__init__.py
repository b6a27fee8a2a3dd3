"""Wire encoding of values: JSON and MessagePack by the rules of the API contract.

Names are PascalCase, as the models have them. A `Decimal` is a JSON number with its exact digits (MessagePack: a
string) and is read from a string too; an instant is ISO 8601 in UTC with `Z` and is read with any offset, never
without one; an enum is its member's name and is read ignoring case and from its integer value; flags are names joined
with `, `, or `All`, or `None`. Unknown fields are passed over, missing nullable fields read as null.

What a server sends is read leniently: a member that this SDK does not know becomes its enum's `Unknown`. What a client
sends is read strictly, and `WireValidationError` lists every problem at once.
"""

from mesolive_sdk.wire._codec import (
    Encoding,
    dec_hook,
    decode_args,
    decode_event,
    decode_json,
    decode_reply,
    enc_hook,
    encode_json,
    hub_protocol,
)
from mesolive_sdk.wire._problems import WireValidationError
from mesolive_sdk.wire._reader import read

__all__ = [
    "Encoding",
    "WireValidationError",
    "dec_hook",
    "decode_args",
    "decode_event",
    "decode_json",
    "decode_reply",
    "enc_hook",
    "encode_json",
    "hub_protocol",
    "read",
]
